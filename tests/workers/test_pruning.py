"""Retention: what a matter held is nowhere any more, and the line for the record still is."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from tempfile import TemporaryFile
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.test import Client
from psycopg import sql
from pytest_django import Settings

from advice.cursor import Cursor
from advice.feedback import give_feedback
from advice.models import Attempt, AttemptStatus
from advice.review import desk
from advice.services import cancel_matter
from advice.stream import Page, read_page
from companies.models import ApiKey, Company, Membership, User
from documents.models import DocumentContent
from documents.services import attach_document
from matters.going_on import regenerate_matter, retry_matter
from matters.history import UNDO_MINUTES, rename_matter
from matters.models import (
    Batch,
    BatchItem,
    CachedReply,
    Delivery,
    Event,
    Fact,
    IdempotencyRecord,
    LLMCall,
    Matter,
    Notice,
    Presence,
    ProviderCall,
    Question,
    Step,
)
from matters.questions.answering import answer_question, confirm_proposal
from matters.services import NotAllowed, fail_matter, lock_matter
from matters.states import MatterStatus, QuestionStatus, StepState
from tests import rows
from tests.broker_content import broker_texts
from tests.fakes.llm import FakeLLM
from tests.pools import close_async_pool
from tests.threads import at_once, in_background
from tests.workers.conftest import Pipeline
from workers import pruning
from workers.pruning import RUN_SECONDS, prune, prune_next
from workers.steps.derive_questions import FEWEST

CANARY = "Zaunkoenig"
DAYS = 90
WORDS = "text", "character varying", "jsonb", "json", "ARRAY", "character", "bytea", "tsvector"


@pytest.fixture
def api(company: Company) -> Client:
    return Client(headers={"Authorization": f"Bearer {ApiKey.issue(company, ['read', 'write'])[1]}"})


@pytest.fixture(autouse=True)
def _quiet(settings: Settings) -> None:
    settings.STATIC_ROOT = None
    settings.RETENTION_DAYS = DAYS


def post(api: Client, path: str, body: Any = None, **headers: str) -> Any:
    response = api.post(path, json.dumps(body), content_type="application/json", headers=headers)
    return response, json.loads(response.content)


def columns() -> list[tuple[str, str]]:
    """Table and column of all that may hold words, whoever made it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT table_name, column_name FROM information_schema.columns
                WHERE table_schema = 'public' AND data_type = ANY(%s)""",
            [list(WORDS)],
        )
        return list(cursor.fetchall())


def places_with(word: str) -> set[str]:
    """Where `word` is found: every column of words of every table, and every key and value in Redis."""
    found = set()
    with connection.cursor() as cursor:
        for table, column in columns():
            count = sql.SQL("SELECT count(*) FROM {} WHERE {}::text ILIKE %s")
            cursor.execute(count.format(sql.Identifier(table), sql.Identifier(column)), [f"%{word}%"])
            if (cursor.fetchone() or (0,))[0]:
                found.add(f"{table}.{column}")
    held = broker_texts(django_settings.REDIS_URL)
    return found | {f"redis {key}" for key, text in held if word.lower() in text.lower()}


def let_pass(days: float, *matters: Matter) -> None:
    """So long ago is everything that these matters, or all, have done."""
    ago = timedelta(days=days)
    chosen = Matter.objects.filter(pk__in=[m.pk for m in matters]) if matters else Matter.objects.all()
    chosen.update(submitted_at=F("submitted_at") - ago, completed_at=F("completed_at") - ago)
    Event.objects.filter(matter__in=chosen).update(at=F("at") - ago)
    CachedReply.objects.update(expires_at=F("expires_at") - ago)
    IdempotencyRecord.objects.update(created_at=F("created_at") - ago)


@pytest.fixture
def advised(pipeline: Pipeline, api: Client, llm: FakeLLM) -> Matter:
    """A matter through the whole pipeline, with a word of its own wherever people or the model may say one."""
    word = {"text": f"{CANARY} text", "why": f"{CANARY} why"}
    says = f"Notice runs at once [P1]. {CANARY} said so [F1]. “{CANARY} is quoted” [P2]."
    llm.set(
        text=says,
        replies={
            "plan_search": {"queries": [f"{CANARY} executive", "contractor", "founder departure"]},
            "judge_relevance": {"reason": f"{CANARY} judged"},
            "route_question": {"reason": f"{CANARY} routed"},
            "ask_founder": {"wording": f"{CANARY} asked?", "hint": f"{CANARY} hint"},
            "derive_questions": {
                "questions": [
                    word | {"key": f"{CANARY}_{n}".lower(), "kind": "text", "choices": []} for n in range(FEWEST)
                ]
            },
        },
    )
    body = {
        "question": f"May we end {CANARY}'s contract?",
        "metadata": {"of": {CANARY: [CANARY]}},
        "webhook_url": f"https://8.8.8.8/{CANARY}",
        "callback_headers": {"X-Of": CANARY},
        "dedupe": CANARY,
    }
    _, accepted = post(api, "/api/v1/matters", body, **{"Idempotency-Key": f"{CANARY}-1"})
    matter = Matter.objects.get(pk=accepted["id"])
    batch = Batch.objects.create(company=matter.company)
    BatchItem.objects.create(batch=batch, index=0, matter=matter, custom_id=CANARY)
    pipeline.run_all()
    says = f"{CANARY} has been paid in full."
    llm.set(replies={"quote_document": {"passage": 1, "quote": says, "answer": f"{CANARY} was"}})
    with TemporaryFile() as file:
        file.write(says.encode())
        file.flush()
        attach_document(matter.pk, file, f"{CANARY}.txt")
    pipeline.run_all()
    first, *others = matter.questions.all()
    assert first.proposal is not None
    confirm_proposal(matter.pk, first.pk)
    for question in others:
        answer_question(matter.pk, question.pk, f"{CANARY} answered")
    pipeline.run_all()
    _plant_what_providers_said(matter)
    _ask_and_look(matter)
    _plant_what_a_reviewer_said(matter)
    matter.refresh_from_db()
    assert matter.status == MatterStatus.ADVISED
    rename_matter(matter.pk, f"{CANARY} leaves")
    somebody = User.objects.create_user("thumbs@acme.example")
    give_feedback(matter.attempts.get(), helpful=False, reason=f"{CANARY} was forgotten", by=somebody)
    assert Delivery.objects.filter(event__matter=matter).update(last_error=CANARY) == 2
    return matter


def _ask_and_look(matter: Matter) -> None:
    """Somebody was written to about the matter, and had its page open."""
    user, now = User.objects.create_user("reader@acme.example"), Now()
    Notice.objects.create(matter=matter, user=user, kind="ready", occasion=CANARY, due_at=now, created_at=now)
    Presence.objects.create(matter=matter, user=user, seen_until=now)


def _plant_what_a_reviewer_said(matter: Matter) -> None:
    reviewer, attempt = User.objects.create_user("rita@staff.example", is_staff=True), matter.attempts.get()
    desk.take(attempt.pk, reviewer)
    desk.comment(attempt.pk, reviewer, "Notice runs at once", f"{CANARY} commented")
    desk.send_back(attempt.pk, reviewer, f"{CANARY} is the reason")


def _plant_what_providers_said(matter: Matter) -> None:
    person = {"id": CANARY, "name": CANARY, "title": CANARY, "how": CANARY}
    Matter.objects.filter(pk=matter.pk).update(people={"rippling": person})
    matter.questions.update(known=f"{CANARY} is known", reason=f"{CANARY} can't say")
    ProviderCall.objects.create(
        matter=matter, step=matter.steps.all()[0], provider="rippling", operation="worker", record_ids=[CANARY]
    )


def audit_of(matter: Matter) -> dict[str, Any]:
    """What stays."""
    return {
        "matter": Matter.objects.filter(pk=matter.pk).values(
            "company", "created_by", "status", "submitted_at", "completed_at", "version", "model", "event_number"
        )[0],
        "questions": list(Question.objects.order_by("pk").values("id", "position", "kind", "status", "round")),
        "facts": list(Fact.objects.order_by("pk").values("id", "question", "source", "status", "created_at")),
        "steps": list(Step.objects.order_by("pk").values("id", "key", "kind", "state", "attempt", "finished_at")),
        "events": list(Event.objects.order_by("pk").values("number", "type", "from_status", "to_status", "at")),
        "requests": list(ProviderCall.objects.values("provider", "operation", "status", "latency_ms", "at")),
        "calls": list(LLMCall.objects.order_by("pk").values("kind", "model", "prompt_tokens", "cost", "at", "outcome")),
        "attempts": list(Attempt.objects.values("version", "number", "status", "model", "length", "sha256")),
    }  # fmt: skip


def test_no_word_of_a_pruned_matter_is_left_anywhere_and_its_record_stays(advised: Matter, api: Client) -> None:
    assert len(columns()) > 60, "the search does not see the tables"
    planted = places_with(CANARY)
    for place in (
        "matters_matter.question", "matters_matter.metadata", "matters_question.text", "matters_question.answers",
        "matters_question.key", "matters_fact.value", "matters_step.result", "matters_step.payload",
        "matters_event.data",
        "advice_attempt.text", "advice_attempt.facts", "matters_question.wording", "matters_cachedreply.text",
        "matters_idempotencyrecord.key", "documents_document.name", "documents_documentpage.text",
        "documents_documentpage.search_vector", "matters_matter.webhook_url", "matters_batchitem.custom_id",
        "matters_delivery.last_error", "matters_matter.people", "matters_question.known", "matters_question.reason",
        "matters_providercall.record_ids", "matters_notice.occasion", "matters_matter.title",
        "advice_feedback.reason", "advice_review.reasons", "advice_reviewcomment.text",
        "matters_llmcalltext.prompt", "matters_llmcalltext.reply",
    ):  # fmt: skip
        assert place in planted, f"no canary was planted in {place}: {sorted(planted)}"
    let_pass(DAYS + 1)
    before = audit_of(advised)
    assert prune() == 1
    assert places_with(CANARY) == set()
    assert not Presence.objects.exists(), "who looked at it when"
    assert not DocumentContent.objects.exists(), "the bytes of a document are no text to search in, and stay"
    advised.refresh_from_db()
    assert (advised.callback_headers, advised.dedupe) == (None, ""), "neither sealed nor hashed"
    assert audit_of(advised) == before
    assert before["attempts"][0]["length"] > 0
    assert len(before["attempts"][0]["sha256"]) == 64


def events_of(matter: Matter, after: str = "") -> tuple[list[Any], bool]:
    """What every transport reads behind a cursor, and whether it is done."""

    async def read() -> Page:
        try:
            return await read_page(matter.pk, Cursor.parse(after))
        finally:
            await close_async_pool()

    page = asyncio.run(read())
    return [json.loads(item.json) for item in page.items], page.done


def test_what_the_api_and_the_page_say_of_a_pruned_matter(advised: Matter, api: Client, founder: User) -> None:
    path = f"/api/v1/matters/{advised.pk}"
    events, _ = events_of(advised)
    cursors = [event["id"] for event in events[:-1]]
    let_pass(DAYS + 1)
    prune()
    shown = api.get(path).json()
    advised.refresh_from_db()
    assert shown["pruned_at"] is not None
    assert (shown["question"], shown["metadata"], shown["status"]) == ("", {}, "advised")
    assert shown["advice"]["length"] > 0
    assert shown["usage"]["calls"] > 10
    assert api.get("/api/v1/matters").json()["items"] == [shown]
    for call in (api.get(f"{path}/advice"), api.get(f"{path}/advice.md"), *(api.post(f"{path}/{act}") for act in ACTS)):
        assert (call.status_code, call["Content-Type"]) == (410, "application/problem+json")
        assert "was removed on" in call.json()["detail"]
    question = advised.questions.all()[0]
    refused, _ = post(api, f"{path}/questions/{question.pk}/answer", {"answer": "late"})
    assert refused.status_code == 410

    left, done = events_of(advised)
    assert done
    assert [(e["type"], set(e["data"])) for e in left] == [
        (e["type"], set(e["data"])) for e in events if e["type"] != "advice.delta"
    ], "an event lost more than its words"
    for cursor in cursors:
        rest, done = events_of(advised, cursor)
        assert done
        assert rest[-1]["data"]["status"] == "advised", f"the cursor {cursor} is no good any more"

    page = Client()
    page.force_login(founder)
    own = page.get(f"/matters/{advised.pk}/")
    assert own.status_code == 200
    assert "The content of this matter was removed" in own.content.decode()
    assert page.post(f"/matters/{advised.pk}/regenerate/").status_code == 409
    assert "Content removed" in page.get("/").content.decode()


ACTS = ("cancel", "retry", "regenerate")


def test_the_admin_opens_on_pruned_matters(advised: Matter) -> None:
    let_pass(DAYS + 1)
    prune()
    staff = Client()
    staff.force_login(User.objects.create_superuser("staff@example.com"))
    for model, row in (
        ("matters_matter", advised.pk), ("matters_question", advised.questions.all()[0].pk),
        ("matters_fact", advised.facts.all()[0].pk), ("matters_step", advised.steps.all()[0].pk),
        ("advice_attempt", advised.attempts.get().pk),
    ):  # fmt: skip
        app, name = model.split("_")
        assert staff.get(f"/admin/{app}/{name}/").status_code == 200
        assert staff.get(f"/admin/{app}/{name}/{row}/change/").status_code == 200


def test_nothing_is_removed_before_its_time_and_nothing_at_all_with_zero(
    worker: None, company: Company, settings: Settings
) -> None:
    matter = stopped(company)
    let_pass(DAYS - 1)
    assert prune() == 0
    let_pass(2)
    settings.RETENTION_DAYS = 0
    assert prune() == 0
    settings.RETENTION_DAYS = DAYS
    assert prune() == 1
    assert prune() == 0, "what is pruned is pruned again"
    matter.refresh_from_db()
    assert matter.question == ""


def stopped(company: Company) -> Matter:
    matter = rows.submitted(company)
    cancel_matter(matter.pk)
    return matter


MADE: dict[str, Callable[[Company], Matter]] = {
    "queued": rows.submitted,
    "advising": rows.advising,
    "gathering": lambda company: rows.gathering(company, 1, QuestionStatus.ROUTING),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", MADE)
def test_a_matter_that_is_not_ended_is_left_alone_however_old(company: Company, status: str) -> None:
    MADE[status](company)
    let_pass(10 * DAYS)
    assert prune() == 0
    assert Matter.objects.get().status == status


@pytest.fixture
def asked(transactional_db: None, company: Company) -> Matter:
    return asking(company)


def asking(company: Company) -> Matter:
    """A matter that waits for a person."""
    matter = rows.gathering(company, 1, QuestionStatus.AWAITING_FOUNDER)
    rows.move(matter, MatterStatus.AWAITING_FOUNDER)
    return matter


def test_a_matter_that_nobody_answers_is_stopped_with_the_reason_and_pruned_as_long_after(asked: Matter) -> None:
    let_pass(DAYS - 1)
    prune()
    assert Matter.objects.get().status == MatterStatus.AWAITING_FOUNDER
    let_pass(2)
    prune()
    asked.refresh_from_db()
    assert (asked.status, asked.pruned_at) == (MatterStatus.CANCELED, None)
    assert asked.error is not None
    assert asked.error["code"] == "abandoned"
    assert f"not answered for {DAYS} days" in asked.error["message"]
    regenerate_matter(asked.pk)
    asked.refresh_from_db()
    assert asked.status == MatterStatus.AWAITING_FOUNDER, "who comes later goes on"
    cancel_matter(asked.pk)
    let_pass(DAYS + 1)
    assert prune() == 1


def test_an_answer_begins_the_time_anew(asked: Matter) -> None:
    let_pass(DAYS + 1)
    answer_question(asked.pk, asked.questions.get().pk, None)
    prune()
    asked.refresh_from_db()
    assert asked.status == MatterStatus.GATHERING


def failed(company: Company) -> Matter:
    """A matter with a dead letter."""
    matter = rows.submitted(company)
    error = {"code": "x", "message": CANARY, "retryable": True}
    with transaction.atomic():
        Step.objects.update(state=StepState.DEAD, error=error)
        fail_matter(lock_matter(matter.pk), error, CANARY)
    return matter


def test_a_pruned_dead_letter_is_never_revived(worker: None, company: Company) -> None:
    matter = failed(company)
    let_pass(DAYS + 1)
    assert prune() == 1
    assert places_with(CANARY) == set()
    for act in (retry_matter, regenerate_matter, cancel_matter):
        with pytest.raises(NotAllowed, match="was removed"):
            act(matter.pk)
    assert Step.objects.get().state == StepState.DEAD
    matter.refresh_from_db()
    assert matter.error == {"code": "x", "message": "", "retryable": False}


@pytest.mark.django_db(transaction=True)
def test_pruning_waits_for_nobody_and_several_share_the_work(company: Company) -> None:
    matters = [stopped(company) for _ in range(12)]
    let_pass(DAYS + 1)
    with transaction.atomic():
        lock_matter(matters[0].pk)
        assert sum(at_once(*[prune] * 3)) == 11, "a matter was pruned twice, or not at all"
        assert in_background(lambda: prune_next(DAYS, set())).result(timeout=5) is False, "pruning waits for a lock"
    assert prune() == 1


@pytest.mark.django_db(transaction=True)
def test_a_matter_that_cannot_be_pruned_holds_up_no_other(company: Company, caplog: pytest.LogCaptureFixture) -> None:
    stuck, *others = [stopped(company) for _ in range(3)]
    let_pass(DAYS + 1)
    let_pass(1, stuck)  # its turn is first
    with refusing_changes_of(stuck):
        assert prune() == len(others)
        assert str(stuck.pk) in caplog.text
    assert prune() == 1, "it has its turn again in the next run"


@contextmanager
def refusing_changes_of(matter: Matter) -> Iterator[None]:
    """PostgreSQL itself fails whoever changes the row."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END';
                CREATE TRIGGER refuse BEFORE UPDATE ON matters_matter FOR EACH ROW
                  WHEN (NEW.id = '{matter.pk}') EXECUTE FUNCTION refuse()"""
        )
        yield
        cursor.execute("DROP FUNCTION refuse CASCADE")


@pytest.mark.django_db(transaction=True)
def test_a_matter_that_somebody_keeps_locked_holds_up_no_other_that_nobody_answers(company: Company) -> None:
    matters = [asking(company) for _ in range(3)]
    let_pass(DAYS + 1)
    with transaction.atomic():
        lock_matter(matters[0].pk)
        in_background(prune).result(timeout=30)
    for matter in matters:
        matter.refresh_from_db()
    assert [m.status for m in matters] == [MatterStatus.AWAITING_FOUNDER, *[MatterStatus.CANCELED] * 2]


def take_half_a_run_for_each(monkeypatch: pytest.MonkeyPatch, done: QuerySet[Matter]) -> None:
    """The clock goes on by half of a run's time with each matter that is `done`."""
    clock = SimpleNamespace(monotonic=lambda: done.all().count() * RUN_SECONDS / 2)
    monkeypatch.setattr(pruning, "time", clock)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("goes", ["deleted", "ended long ago"])
def test_one_run_ends_in_time_and_the_next_goes_on(
    company: Company, monkeypatch: pytest.MonkeyPatch, goes: str
) -> None:
    for _ in range(5):
        stopped(company)
    if goes == "deleted":
        Matter.objects.update(deleted_at=Now() - timedelta(minutes=UNDO_MINUTES, seconds=1))
    else:
        let_pass(DAYS + 1)
    take_half_a_run_for_each(monkeypatch, Matter.objects.exclude(pruned_at=None))
    assert [prune() for _ in range(3)] == [2, 2, 1]


@pytest.mark.django_db(transaction=True)
def test_one_run_stops_in_time_what_nobody_answers_and_the_next_goes_on(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        asking(company)
    let_pass(DAYS + 1)
    canceled = Matter.objects.filter(status=MatterStatus.CANCELED)
    take_half_a_run_for_each(monkeypatch, canceled)
    for count in (2, 4, 5):
        prune()
        assert canceled.all().count() == count


def test_a_matter_that_is_retried_meanwhile_keeps_its_content(worker: None, company: Company) -> None:
    """Retry has the row when the prune comes by; when it has gone on, the matter is not ended any more."""
    matter = failed(company)
    let_pass(DAYS + 1)
    with transaction.atomic():
        retry_matter(matter.pk)
        assert in_background(prune).result(timeout=5) == 0
    assert prune() == 0
    matter.refresh_from_db()
    assert matter.question


@pytest.fixture
def unended(company: Company) -> Attempt:
    return rows.begun(rows.advising(company))


def test_answers_to_keys_go_after_a_day_in_any_case(
    transactional_db: None, company: Company, settings: Settings
) -> None:
    settings.RETENTION_DAYS = 0
    for key in ("old", "new"):
        IdempotencyRecord.objects.create(company=company, key=key, body_sha256="0" * 64, status=202, body={})
    IdempotencyRecord.objects.filter(key="old").update(created_at=Now() - timedelta(hours=25))
    prune()
    assert list(IdempotencyRecord.objects.values_list("key", flat=True)) == ["new"]


def test_kept_replies_do_not_outlive_the_retention(
    transactional_db: None, company: Company, settings: Settings
) -> None:
    settings.LLM_CACHE_SECONDS = 1000 * 86_400
    for days in (DAYS - 1, DAYS + 1):
        CachedReply.objects.create(
            company=company, sha256=f"{days:064}", text=CANARY, expires_at=Now() + timedelta(days=1000 - days)
        )
    prune()
    assert [row.sha256[-2:] for row in CachedReply.objects.all()] == [str(DAYS - 1)]


def test_a_kept_reply_goes_with_the_matter_that_had_it_last(
    pipeline: Pipeline, company: Company, settings: Settings
) -> None:
    """Another matter of the same words keeps what was asked on its behalf."""
    settings.LLM_CACHE_SECONDS = 86_400
    first, second = rows.submitted(company), rows.submitted(company)
    rows.reword(second, "May we let our designer go?")
    pipeline.run_all()
    kept = set(CachedReply.objects.filter(matter=second).values_list("pk", flat=True))
    assert CachedReply.objects.filter(matter=first).exists()
    assert kept
    Matter.objects.filter(pk=first.pk).update(deleted_at=Now() - timedelta(hours=1))
    prune()
    assert set(CachedReply.objects.values_list("pk", flat=True)) == kept


def test_a_streaming_text_is_not_touched(transactional_db: None, unended: Attempt) -> None:
    rows.append(unended, "a text")
    let_pass(10 * DAYS)
    prune()
    assert unended.chunks.count() == 1
    assert unended.status == AttemptStatus.STREAMING
    assert Membership.objects.count() == 0
