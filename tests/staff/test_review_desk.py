"""The review desk in the admin: from the queue to an approval, a refusal, or a new version."""

import asyncio
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from advice.cursor import Cursor
from advice.models import Attempt, AttemptStatus
from advice.review.badge import standing_of
from advice.review.models import Review, ReviewComment, ReviewState
from advice.review.proving import prove_approvals
from advice.stream import read_page
from companies.models import Company, ContentReading, User
from matters.going_on import regenerate_matter
from matters.models import LLMCall, LLMCallText, Matter
from matters.services import NotAllowed
from matters.waits import clock_of
from playbooks.loading import LIBRARY, load_file
from playbooks.models import PlaybookVersion
from tests import rows
from tests.pools import close_async_pool
from tests.staff.conftest import Staff
from workers.review_desk.calls import calls_shown
from workers.review_desk.editing import edit_as_new_version
from workers.steps.check_sources import Check, check_sources

QUEUE = "/admin/advice/deskitem/"


def page_of(attempt: Attempt) -> str:
    return reverse("admin:advice_deskitem_change", args=[attempt.pk])


def act(browser: Client, attempt: Attempt, what: str, **words: str) -> str:
    """What the reviewer reads after an act."""
    here = reverse("admin:advice_deskitem_act", args=[attempt.pk])
    return browser.post(here, {"act": what} | words, follow=True).content.decode()


def test_the_queue_shows_what_waits_and_why_to_look_closer(staff: Staff, attempt: Attempt, company: Company) -> None:
    rows.begun(rows.advising(company))  # one that is being written is not there
    attempt.checks.create(start=0, end=5, verdict="unsupported")
    Attempt.objects.filter(pk=attempt.pk).update(facts=[{"status": "unknown"}, {"status": "unverified"}])
    queue = staff("reviewer").get(QUEUE).content.decode()
    assert "1 advice to review" in queue
    assert "no playbook, 1 unsupported, 1 unverified fact, 1 assumption" in queue
    assert "Acme, Inc." in queue
    assert "Pro" in queue


def test_the_queue_reads_what_it_shows_of_one_page_however_many_wait(
    staff: Staff, attempt: Attempt, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.review_desk.admin.DeskAdmin.list_per_page", 2)
    reviewer, asked = staff("reviewer"), []
    for more in (0, 1, 2):
        for _ in range(more):
            rows.advised(matter := rows.advising(company), rows.begun(matter))
        with CaptureQueriesContext(connection) as queries:
            queue = reviewer.get(QUEUE).content.decode()
        assert queue.count('class="field-stands"') == min(more + 1, 2)
        asked.append([query["sql"] for query in queries])
    assert len({len(each) for each in asked}) == 1, "each row asks for more"
    assert sum("COUNT(*)" in sql for sql in asked[2]) == 1
    (page,) = [sql for sql in asked[2] if "advice_check" in sql]
    assert re.search(r'"advice_attempt"."id" IN \(\d+, \d+\)', page), "the checks of all are counted"
    for large in ('"advice_attempt"."text"', ', "matters_matter"."question"'):
        assert not [sql for sql in asked[2] if large in sql], f"{large} is read"


def test_the_queue_can_be_sorted_by_its_doubts_over_all_pages(
    staff: Staff, attempt: Attempt, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.review_desk.admin.DeskAdmin.list_per_page", 1)
    rows.advised(matter := rows.advising(company), doubted := rows.begun(matter))
    for start in (0, 5):
        doubted.checks.create(start=start, end=start + 5, verdict="unsupported")
    attempt.checks.create(start=0, end=5, verdict="exact")
    reviewer = staff("reviewer")
    first, second = (reviewer.get(QUEUE, {"o": "-4", "p": page}).content.decode() for page in (1, 2))
    assert page_of(doubted) in first
    assert "2 unsupported" in first
    assert page_of(attempt) in second
    assert "unsupported" not in second.partition('class="field-doubts"')[2]


def test_a_reviewer_takes_comments_and_approves(staff: Staff, attempt: Attempt) -> None:
    reviewer = staff("reviewer")
    assert "It is yours to review." in act(reviewer, attempt, "take")
    assert "The comment is saved." in act(reviewer, attempt, "comment", passage="Say nothing", words="Why?")
    refused = act(reviewer, attempt, "comment", passage="Say something", words="Lost words?")
    assert "are not in the text" in refused
    assert "Lost words?" in refused, "what was typed is lost"
    assert "Approved" in act(reviewer, attempt, "approve", seen=attempt.sha256)
    assert standing_of(attempt).state == "reviewed"
    assert "0 review desk" in reviewer.get(QUEUE).content.decode()
    file = reviewer.get(reverse("admin:advice_deskitem_badge", args=[attempt.pk]))
    assert json.loads(file.content)["badge"]["statement"]["reviewed_by"] == "Reviewer"


@pytest.mark.parametrize(("keys", "words"), [([], "is not set"), (["garbage"], "has something that is no key")])
def test_where_no_key_can_sign_a_reviewer_reads_why_and_approves_nothing(
    staff: Staff, attempt: Attempt, settings: Settings, keys: list[str], words: str
) -> None:
    reviewer = staff("reviewer")
    act(reviewer, attempt, "take")
    settings.REVIEW_SIGNING_KEY = keys
    assert f"REVIEW_SIGNING_KEY {words}" in act(reviewer, attempt, "approve", seen=attempt.sha256)
    assert Review.objects.get().state == ReviewState.IN_REVIEW


def test_what_was_approved_and_is_stale_comes_back_to_the_queue_marked(staff: Staff, attempt: Attempt) -> None:
    reviewer = staff("reviewer")
    act(reviewer, attempt, "take")
    act(reviewer, attempt, "approve", seen=attempt.sha256)
    prove_approvals()
    assert "0 review desk" in reviewer.get(QUEUE).content.decode()
    rows.reword(attempt.matter, "May we end the contract of our CFO?")
    prove_approvals()
    for chosen in ("", "?review=stale"):
        assert "stale, was approved by Reviewer" in reviewer.get(f"{QUEUE}{chosen}").content.decode()
    act(reviewer, attempt, "withdraw", words="The question is another one.")
    assert "0 review desk" in reviewer.get(QUEUE).content.decode()


def test_what_somebody_else_has_is_theirs_until_it_is_reassigned(staff: Staff, attempt: Attempt) -> None:
    reviewer, other = staff("reviewer"), staff("superuser")
    assert '<td class="field-stands">free</td>' in reviewer.get(QUEUE).content.decode()
    act(other, attempt, "take")
    assert ", Superuser</td>" in reviewer.get(QUEUE).content.decode(), "the queue says who has it"
    assert "in review, by Superuser" in act(reviewer, attempt, "take")
    reviewer.post(QUEUE, {"action": "reassign", "to": "", "_selected_action": [attempt.pk]})
    assert Review.objects.get().reviewer == User.objects.get(email="reviewer@staff.example")
    assert "reasons" in act(reviewer, attempt, "send_back", words="Name the deadline.")
    assert standing_of(attempt).words == "Name the deadline."


def test_the_whole_matter_is_on_one_page(staff: Staff, attempt: Attempt) -> None:
    matter, step = attempt.matter, rows.step_of(attempt.matter)
    question = matter.questions.create(position=1, key="k", text="Where do they work?", why="It counts.")
    matter.facts.create(question=question, key="k", value="Oakland", source="rippling", record_id="w-1")
    step.result = {"queries": ["severance of an executive"]}
    step.save()
    matter.calls.create(
        step=step, kind=step.kind, attempt=1, model="m-1", outcome="ok", prompt_tokens=321, prompt_sha256="a" * 64
    )
    Attempt.objects.filter(pk=attempt.pk).update(
        sources=[{"marker": "P9", "heading": "Final pay", "text": "<b>Now</b>", "playbook": "p"}],
        facts=[{"marker": "F7", "label": "Which notice?", "value": "30", "unit": "days", "status": "known"}],
    )
    shown = staff("reviewer").get(page_of(attempt)).content.decode()
    for words in (matter.question, "Pay at once", "Final pay", "Where do they work?", "Oakland", "w-1", "321",
                  "severance of an executive", "version 1, attempt 1", 'id="source-P9"', 'id="fact-F7"',
                  "<strong>30 days</strong>"):  # fmt: skip
        assert words in shown, words
    assert "<b>Now</b>" not in shown


def test_each_call_is_shown_with_its_prompt_and_reply_by_as_many_queries_as_one(
    staff: Staff, attempt: Attempt, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made = [call_of(attempt, f"asked {n} <b>", f"said {n} <i>") for n in range(2)]
    Attempt.objects.filter(pk=attempt.pk).update(text="The whole advice.")
    call_of(attempt, "draft it", "", wrote=attempt.pk)
    failed = call_of(attempt, "draft on", "no such model", outcome="error")
    attempt.matter.calls.create(step=failed.step, kind="k", attempt=1, model="m", outcome="ok")  # of an older release
    with django_assert_num_queries(2):
        shown = calls_shown(attempt.matter)
    assert [(each.call.pk, each.prompt, each.reply) for each in shown[:2]] == [
        (call.pk, [("system", "Be brief."), ("user", f"asked {n} <b>")], f"said {n} <i>") for n, call in enumerate(made)
    ]
    assert [(each.reply, each.failure) for each in shown[2:]] == [
        ("The whole advice.", ""),
        ("", "no such model"),
        ("", ""),
    ]
    page = staff("reviewer").get(page_of(attempt)).content.decode()
    for words in ("Be brief.", "asked 1 &lt;b&gt;", "said 1 &lt;i&gt;", "no such model", "are not kept"):
        assert words in page, words
    assert "said 1 <i>" not in page


def call_of(attempt: Attempt, asked: str, said: str, *, outcome: str = "ok", wrote: int | None = None) -> LLMCall:
    step = rows.step_of(attempt.matter)
    call = attempt.matter.calls.create(step=step, kind=step.kind, attempt=1, model="m", outcome=outcome)
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": asked}]
    LLMCallText.objects.create(call=call, prompt=json.dumps(messages), reply=said, wrote=wrote)
    return call


def test_opening_content_leaves_a_line_that_nobody_can_change(staff: Staff, attempt: Attempt) -> None:
    reviewer = staff("reviewer")
    reviewer.get(page_of(attempt))
    reviewer.get(reverse("admin:matters_matter_change", args=[attempt.matter_id]))
    lines = list(ContentReading.objects.values_list("by", "what", "object_id"))
    assert lines == [
        ("reviewer@staff.example", "matters.Matter", str(attempt.matter_id)),
        ("reviewer@staff.example", "advice.DeskItem", str(attempt.pk)),
    ]
    with pytest.raises(Exception, match="Cannot update or delete"):
        ContentReading.objects.all().delete()


def test_an_edit_is_a_new_version_under_the_reviewers_name(staff: Staff, attempt: Attempt) -> None:
    reviewer = staff("reviewer")
    editor = reverse("admin:advice_deskitem_edit", args=[attempt.pk])
    assert "You do not have this advice" in reviewer.post(editor, {"text": "Mine."}).content.decode()
    act(reviewer, attempt, "take")
    assert "Nothing was changed." in reviewer.post(editor, {"text": attempt.text}).content.decode()
    reviewer.post(editor, {"text": "Pay at once [P9].\r\nAnd say so."})
    edited = Attempt.objects.order_by("pk").last()
    assert edited is not None
    assert (edited.version, edited.number, edited.status) == (2, 1, AttemptStatus.COMPLETE)
    assert (edited.text, edited.model) == ("Pay at once [P9].\nAnd say so.", "m, edited by Reviewer")
    assert edited.notice.endswith("Reviewer of our staff edited this text."), "it reads as a machine's alone"
    assert [check.verdict for check in edited.checks.all()] == ["unsupported"], "the edited text is checked, too"
    assert dict(Review.objects.values_list("attempt", "state")) == {attempt.pk: "edited", edited.pk: "in_review"}
    assert "Approved" in act(reviewer, edited, "approve", seen=edited.sha256)


@pytest.mark.django_db(transaction=True)
def test_an_edit_is_told_by_the_events_of_any_version_and_cursors_stay_good(attempt: Attempt) -> None:
    person = User.objects.create_user("rita@staff.example", is_staff=True)
    Review.objects.create(attempt=attempt, state=ReviewState.IN_REVIEW, reviewer=person, taken_at=attempt.ended_at)
    before = events(attempt, "")[-1]["id"]
    edited = edit_as_new_version(attempt.pk, person, "x" * 20_000)
    told = events(attempt, before)
    kinds = ["matter.updated", "advice.started", "advice.delta", "advice.delta", "advice.completed", "matter.updated"]
    assert [event["type"] for event in told] == kinds
    assert "".join(event["data"]["text"] for event in told[2:4]) == edited.text
    assert told[4]["data"]["sha256"] == edited.sha256
    assert (told[-1]["data"]["status"], told[-1]["data"]["progress"]) == ("advised", 100)
    regenerate_matter(attempt.matter_id)
    with pytest.raises(NotAllowed, match="newer version"):
        edit_as_new_version(edited.pk, person, "y")
    assert not ReviewComment.objects.exists()


def test_what_a_reviewer_rewrote_took_as_long_as_from_the_question_to_their_text(attempt: Attempt) -> None:
    person = User.objects.create_user("rita@staff.example", is_staff=True)
    Review.objects.create(attempt=attempt, state=ReviewState.IN_REVIEW, reviewer=person, taken_at=attempt.ended_at)
    Matter.objects.filter(pk=attempt.matter_id).update(submitted_at=Now() - timedelta(hours=2))
    edit_as_new_version(attempt.pk, person, "Pay at once [P9].")
    assert clock_of(Matter.objects.get(pk=attempt.matter_id)).took.startswith("2 h")


@pytest.mark.django_db(transaction=True)
def test_an_edited_text_is_compared_with_its_sources_before_the_matter_is_locked(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked: list[bool] = []

    def compare(*given: Any) -> list[Check]:
        locked.append(connection.in_atomic_block)
        return check_sources(*given)

    monkeypatch.setattr("workers.review_desk.editing.check_sources", compare)
    person = User.objects.create_user("rita@staff.example", is_staff=True)
    Review.objects.create(attempt=attempt, state=ReviewState.IN_REVIEW, reviewer=person, taken_at=attempt.ended_at)
    edited = edit_as_new_version(attempt.pk, person, "Pay at once [P9].")
    assert edited.checks.get().end == len("Pay at once [P9]")
    assert locked == [False]


def events(attempt: Attempt, after: str) -> list[dict[str, Any]]:
    async def read() -> list[str]:
        try:
            return [item.json for item in (await read_page(attempt.matter_id, Cursor.parse(after))).items]
        finally:
            await close_async_pool()

    return [json.loads(text) for text in asyncio.run(read())]


def test_a_companys_page_shows_what_it_used(staff: Staff, attempt: Attempt, company: Company) -> None:
    step = rows.step_of(attempt.matter)
    attempt.matter.calls.create(
        step=step, kind=step.kind, attempt=1, model="m-1", outcome="ok", prompt_tokens=4321, cost="0.25"
    )
    shown = staff("support").get(reverse("admin:companies_company_change", args=[company.pk])).content.decode()
    for words in ("m-1", "4321", "0.25", "1 advised"):
        assert words in shown, words


def test_a_playbooks_version_shows_what_changed(staff: Staff, tmp_path: Path) -> None:
    file = tmp_path / "founder-departure.md"
    text = (LIBRARY / file.name).read_text()
    for version in (text, text.replace("## Four hats, four endings", "## Five hats, five endings")):
        file.write_text(version)
        load_file(file)
    newest = PlaybookVersion.objects.latest("pk")
    shown = staff("reviewer").get(reverse("admin:playbooks_playbookversion_change", args=[newest.pk])).content.decode()
    assert "-## Four hats, four endings" in shown
    assert "+## Five hats, five endings" in shown
