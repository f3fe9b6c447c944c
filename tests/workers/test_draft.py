"""The advice, from the model's first word to its last, and when there is no last one."""

import hashlib
import threading
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from django.utils.module_loading import import_string

from advice.models import Attempt, AttemptStatus
from advice.services import cancel_matter, end_attempt, folded_text
from companies.async_pool import database_dsn
from companies.models import Company
from matters.facts.settling import Choice, settle_fact
from matters.going_on import regenerate_matter, retry_matter
from matters.ledger import NewStep, insert_steps
from matters.models import CallOutcome, Matter, Step
from matters.services import lock_matter, set_waiting
from matters.states import MatterStatus, StepState, WaitingFor
from tests import rows
from tests.disputes import asked, disputed, say
from tests.fakes.llm import FakeLLM
from tests.processes import wait_until
from tests.threads import in_background
from tests.workers.conftest import Pipeline
from tests.workers.test_failures import end_session
from workers.claims import MAX_CALLS
from workers.review_desk.calls import calls_shown
from workers.steps.base import prompt_text
from workers.steps.check_sources import Check, check_sources
from workers.steps.draft_advice import AdviceSource
from workers.tasks import run_step

KIND = "draft_advice"


@pytest.fixture
def matter(company: Company, pipeline: Pipeline) -> Matter:
    """A matter that is ready for its advice, which rests on no playbook."""
    matter = rows.advising(company)
    with transaction.atomic():
        insert_steps(lock_matter(matter.pk), [NewStep(KIND, KIND)])
    return matter


def drafted(pipeline: Pipeline, matter: Matter) -> Attempt:
    """The newest attempt after the step was done once more."""
    pipeline.make_due(matter)
    pipeline.run(KIND)
    matter.refresh_from_db()
    return matter.attempts.latest("started_event")


def last_data(matter: Matter, type_: str) -> dict[str, Any]:
    return dict(matter.events.filter(type=type_).latest("number").data)


def test_the_text_is_kept_as_it_came_and_the_matter_advised(pipeline: Pipeline, matter: Matter, llm: FakeLLM) -> None:
    text = "Clef 𝄞, NUL \x00, and a scale ⚖️ [F1].\n\n" * 40
    llm.set(text=text, chunk=7, escape=True)
    attempt = drafted(pipeline, matter)
    assert (attempt.status, attempt.text) == (AttemptStatus.COMPLETE, text.replace("\x00", "\ufffd"))
    assert (matter.status, matter.steps_done) == (MatterStatus.ADVISED, matter.steps_done)
    assert matter.completed_at is not None
    types = [t for t in rows.event_types(matter) if t != "advice.checked"]
    assert types[-3:] == ["advice.started", "advice.completed", "matter.updated"]
    call = matter.calls.get()
    assert (call.outcome, call.kind, call.attempt) == (CallOutcome.OK, KIND, 1)
    assert call.completion_tokens > 0
    assert llm.calls()[0]["request"]["stream_options"] == {"include_usage": True}


def test_the_sources_in_a_prompt_are_kept_once_and_shown_where_they_stood(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = AdviceSource("P1", "terminating", "Ending it", "2026-11-20", "Final pay", "Pay <at once>. " * 40)
    monkeypatch.setattr("workers.draft.sources_of", lambda _matter: (source,))
    drafted(pipeline, matter)
    call = matter.calls.get()
    assert "Pay" not in call.text.prompt, "the attempt has the source's text already"
    (shown,) = calls_shown(matter)
    messages = [{"role": role, "content": words} for role, words in shown.prompt]
    assert "Pay &lt;at once>. Pay" in messages[1]["content"]
    assert hashlib.sha256(prompt_text(messages).encode()).hexdigest() == call.prompt_sha256


def test_the_matters_own_model_is_asked(pipeline: Pipeline, matter: Matter, llm: FakeLLM) -> None:
    Matter.objects.filter(pk=matter.pk).update(model="their-model")
    assert drafted(pipeline, matter).model == llm.calls()[0]["model"] == "their-model"


def test_a_call_is_on_record_whose_step_was_stopped_before_its_attempt_began(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM
) -> None:
    with transaction.atomic():
        lock_matter(matter.pk)
        running = in_background(lambda: run_step(KIND))
        wait_until(lambda: llm.counts()["calls"], "the model is asked")
        Step.objects.filter(matter=matter).update(state=StepState.CANCELED)
    running.result(timeout=10)
    assert not matter.attempts.exists()
    call = matter.calls.get()
    assert call.outcome == CallOutcome.CANCELED
    assert call.prompt_tokens > 100, "the model was asked, and its prompt is counted as nothing"


def test_what_a_server_does_not_tell_of_its_use_is_estimated(pipeline: Pipeline, matter: Matter, llm: FakeLLM) -> None:
    llm.set(usage=False)
    attempt = drafted(pipeline, matter)
    call = matter.calls.get()
    assert call.outcome == CallOutcome.OK
    assert call.prompt_tokens > 100
    assert call.completion_tokens == len(attempt.text.encode()) // 4


def test_passages_are_compared_with_their_sources(pipeline: Pipeline, matter: Matter, llm: FakeLLM) -> None:
    text = "Notice is 400 days [P9]. You know that."
    llm.set(text=text)
    attempt = drafted(pipeline, matter)
    (check,) = attempt.checks.all()
    assert text[check.start : check.end] == "Notice is 400 days [P9]"
    assert last_data(matter, "advice.checked")["verdict"] == check.verdict


def test_a_text_is_compared_once_and_before_its_matter_is_locked(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[bool] = []
    outcomes = iter([OperationalError("the database is away")])

    def compare(*given: Any) -> list[Check]:
        compared.append(connection.in_atomic_block)
        return check_sources(*given)

    def end(*given: Any) -> Attempt:
        for problem in outcomes:
            raise problem
        return end_attempt(*given)

    monkeypatch.setattr("workers.draft.check_sources", compare)
    monkeypatch.setattr("workers.draft.end_attempt", end)
    assert drafted(pipeline, matter).status == AttemptStatus.COMPLETE
    assert compared == [False], "an outcome that is offered again has its text compared again"
    assert llm.counts()["calls"] == 1


def test_a_text_is_stored_by_a_worker_that_stood_still_inside_its_transaction(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*given: Any) -> Attempt:
        monkeypatch.setattr("workers.draft.end_attempt", end_attempt)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '1ms'")
            cursor.execute("SELECT pg_backend_pid()")
            (session,) = cursor.fetchone()
        with psycopg.connect(database_dsn(), autocommit=True) as beside:
            query = "SELECT FROM pg_stat_activity WHERE pid = %s"
            wait_until(lambda: not beside.execute(query, [session]).fetchone(), "the server ends the session")
        return end_attempt(*given)

    monkeypatch.setattr("workers.draft.end_attempt", end)
    attempt = drafted(pipeline, matter)
    assert attempt.status == AttemptStatus.COMPLETE
    assert llm.counts()["calls"] == 1, "what was paid for is lost, and paid for again"


def test_a_text_cut_by_its_length_limit_is_continued_once(pipeline: Pipeline, matter: Matter, llm: FakeLLM) -> None:
    llm.set(text="First half. Second half.")
    llm.fail_next("length")
    attempt = drafted(pipeline, matter)
    assert (attempt.status, attempt.text) == (AttemptStatus.COMPLETE, "First half. First half. Second half.")
    assert "Continue exactly where your text stops" in llm.calls()[1]["prompt"]
    assert matter.steps.get(kind=KIND).calls_seen == 2
    assert [shown.reply for shown in calls_shown(matter)] == ["First half. ", "First half. Second half."]
    words = matter.calls.values_list("text__wrote", "text__start", "text__reply").order_by("pk")
    assert list(words) == [(attempt.pk, 0, ""), (attempt.pk, 12, "")], "a text is stored twice"


@pytest.mark.parametrize(
    "look",
    [
        "workers.draft.count_call",  # whether it may be continued
        "workers.draft.folded_text",  # what is to be continued
        "workers.admission.reserve_money",  # for the call that continues it
    ],
)
def test_a_text_is_continued_though_the_database_fails_for_a_moment_behind_its_first_part(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM, monkeypatch: pytest.MonkeyPatch, look: str
) -> None:
    Company.objects.update(daily_budget=100)
    llm.set(text="First half. Second half.")
    llm.fail_next("length")
    fail_once_the_model_has_written(matter, look, monkeypatch)
    attempt = drafted(pipeline, matter)
    assert (attempt.number, attempt.status) == (1, AttemptStatus.COMPLETE), "the whole advice is written again"
    assert llm.counts()["calls"] == 2


def fail_once_the_model_has_written(matter: Matter, look: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the database end the session in which `look` is done, once the advice has begun."""
    do, has_failed = import_string(look), threading.Event()

    def fail_first(*args: Any, **options: Any) -> Any:
        if matter.attempts.exists() and not has_failed.is_set():
            has_failed.set()
            end_session(connection.connection.info.backend_pid)
        return do(*args, **options)

    monkeypatch.setattr(look, fail_first)


def test_a_text_cut_twice_stands_as_incomplete_and_says_so(pipeline: Pipeline, matter: Matter, llm: FakeLLM) -> None:
    llm.set(always={"kind": "length"})
    attempt = drafted(pipeline, matter)
    assert attempt.status == AttemptStatus.INCOMPLETE
    assert "length limit" in attempt.reason
    assert matter.status == MatterStatus.ADVISED
    assert last_data(matter, "advice.completed")["status"] == "incomplete"
    assert llm.counts()["calls"] == 2


@pytest.mark.parametrize("cut", [False, True], ids=["in one answer", "in the rest of one that was cut"])
def test_a_model_that_does_not_come_to_an_end_is_stopped_and_the_advice_says_so(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM, monkeypatch: pytest.MonkeyPatch, cut: bool
) -> None:
    monkeypatch.setattr("workers.draft.LONGEST_TEXT", 1_000)
    said = "The notice is two weeks [F1]. " * 1_000
    llm.set(text=said, interval=0.001)
    if cut:
        llm.set(text=said[:1_200], interval=0)
        llm.fail_next("length")
    attempt = drafted(pipeline, matter)
    wait_until(lambda: not llm.counts()["in_flight"], "the call is ended")
    assert (attempt.status, attempt.length) == (AttemptStatus.INCOMPLETE, 1_000)
    assert "The model was stopped at" in attempt.reason
    assert matter.status == MatterStatus.ADVISED
    call = matter.calls.latest("pk")
    assert call.outcome == CallOutcome.CANCELED
    assert call.prompt_tokens > 100
    assert call.completion_tokens >= (1_000 - call.text.start) // 4, "what was written is not counted"
    assert llm.counts()["calls"] == 1 + cut, "a text that is too long is continued"


def test_a_text_of_just_the_longest_length_is_complete(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.draft.LONGEST_TEXT", 1_000)
    llm.set(text="x" * 1_000)
    attempt = drafted(pipeline, matter)
    assert (attempt.status, attempt.text) == (AttemptStatus.COMPLETE, "x" * 1_000)


@pytest.mark.parametrize("kind", ["context_overflow", "bad_request", "filtered_prompt"])
def test_a_text_that_cannot_be_continued_stands_as_incomplete(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM, kind: str
) -> None:
    """A model with a small context has no room left for its own text: what it wrote is not thrown away."""
    llm.set(text="First half. Second half.", fail_next=[{"kind": "length"}, {"kind": kind}])
    attempt = drafted(pipeline, matter)
    assert (attempt.status, attempt.text) == (AttemptStatus.INCOMPLETE, "First half. ")
    assert matter.status == MatterStatus.ADVISED


def test_a_continuation_is_one_of_the_steps_calls(pipeline: Pipeline, matter: Matter, llm: FakeLLM) -> None:
    llm.set(fail_next=[{"kind": "cut"}, {"kind": "cut"}, {"kind": "length"}])
    for status in (AttemptStatus.FAILED, AttemptStatus.FAILED, AttemptStatus.INCOMPLETE):
        assert drafted(pipeline, matter).status == status
    assert llm.counts()["calls"] == MAX_CALLS, "it was continued though its calls were used up"


@pytest.mark.parametrize(("kind", "words"), [("content_filter", "provider stopped"), ("no_finish", "did not say")])
def test_a_model_that_stopped_short_leaves_an_incomplete_advice(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM, kind: str, words: str
) -> None:
    llm.fail_next(kind)
    attempt = drafted(pipeline, matter)
    assert attempt.status == AttemptStatus.INCOMPLETE
    assert words in attempt.reason
    assert matter.status == MatterStatus.ADVISED
    assert "incomplete" in last_data(matter, "matter.updated")["step"], "the event says that the advice is written"
    assert llm.counts()["calls"] == 1


def test_a_model_that_declines_to_write_is_asked_once_and_its_refusal_told(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM
) -> None:
    llm.fail_next("refusal")
    assert drafted(pipeline, matter).status == AttemptStatus.FAILED
    assert matter.status == MatterStatus.FAILED
    assert matter.error is not None
    assert (matter.error["code"], llm.counts()["calls"]) == ("content_filter", 1)


@pytest.mark.parametrize("kind", ["cut", "malformed", "error_event", "no_end"])
def test_a_stream_that_breaks_off_is_a_failed_attempt_and_a_new_one_begins(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM, kind: str
) -> None:
    llm.set(text="The whole advice, in several pieces.", chunk=5)
    llm.fail_next(kind)
    first = drafted(pipeline, matter)
    assert first.status == AttemptStatus.FAILED
    assert "The whole advice, in several pieces.".startswith(first.text)
    assert first.text
    assert matter.status == MatterStatus.ADVISING

    second = drafted(pipeline, matter)
    assert (second.number, second.status) == (2, AttemptStatus.COMPLETE)
    assert second.text == "The whole advice, in several pieces."
    first.refresh_from_db()
    assert first.status == AttemptStatus.FAILED
    ours = [t for t in rows.event_types(matter) if t.startswith("advice.")]
    assert ours == ["advice.started", "advice.superseded", "advice.started", "advice.completed"]


def test_a_model_that_writes_nothing_is_asked_again(pipeline: Pipeline, matter: Matter, llm: FakeLLM) -> None:
    llm.set(text=" \n")
    assert drafted(pipeline, matter).status == AttemptStatus.FAILED
    llm.set(text="Something.")
    assert drafted(pipeline, matter).status == AttemptStatus.COMPLETE


def waiting_for_the_model(company: Company, pipeline: Pipeline, llm: FakeLLM) -> Matter:
    """A matter that knows 12, and whose advice was put off."""
    question = asked(company)
    say(question, "12")
    llm.fail_next("rate_limit", retry_after=3600)
    pipeline.run(KIND)
    matter = Matter.objects.get(pk=question.matter_id)
    assert (matter.status, matter.waiting_for) == (MatterStatus.ADVISING, WaitingFor.RATE_LIMIT)
    return matter


def test_an_advice_that_was_put_off_does_not_begin_beside_a_dispute_and_goes_on_once_it_is_settled(
    company: Company, pipeline: Pipeline, llm: FakeLLM
) -> None:
    matter = waiting_for_the_model(company, pipeline, llm)
    line, _ = disputed(company)
    asked_before = len(llm.calls())
    pipeline.make_due(matter)
    step = pipeline.run(KIND)
    matter.refresh_from_db()
    assert (matter.status, matter.waiting_for) == (MatterStatus.ADVISING, WaitingFor.CONFLICT)
    assert (step.state, len(llm.calls())) == (StepState.HELD, asked_before), "the model is asked for it all the same"
    assert last_data(matter, "matter.updated")["waiting_for"] == "conflict"

    settle_fact(line.pk, Choice(None, "14"), None)
    matter.refresh_from_db()
    assert (matter.status, matter.waiting_for) == (MatterStatus.ADVISING, None)
    drafted(pipeline, matter)
    assert matter.status == MatterStatus.ADVISED
    assert [fact["value"] for fact in matter.attempts.get().facts] == ["14"]


def test_an_advice_that_waits_for_a_decision_can_be_stopped_and_waits_again_as_a_new_version(
    company: Company, pipeline: Pipeline, llm: FakeLLM
) -> None:
    matter = waiting_for_the_model(company, pipeline, llm)
    line, _ = disputed(company)
    pipeline.make_due(matter)
    pipeline.run(KIND)
    cancel_matter(matter.pk)
    regenerate_matter(matter.pk)
    matter.refresh_from_db()
    assert (matter.status, matter.waiting_for) == (MatterStatus.GATHERING, WaitingFor.CONFLICT)
    settle_fact(line.pk, Choice(None, "14"), None)
    assert drafted(pipeline, matter).version == 2


def test_an_advice_that_failed_and_is_retried_has_what_was_settled_meanwhile(
    company: Company, pipeline: Pipeline, llm: FakeLLM
) -> None:
    matter = waiting_for_the_model(company, pipeline, llm)
    llm.fail_next("context_overflow")
    pipeline.make_due(matter)
    pipeline.run(KIND)
    matter.refresh_from_db()
    assert matter.status == MatterStatus.FAILED
    line, _ = disputed(company)
    settle_fact(line.pk, Choice(None, "14"), None)
    retry_matter(matter.pk)
    assert [fact["value"] for fact in drafted(pipeline, matter).facts] == ["14"]


def test_a_text_that_has_begun_is_finished_though_its_facts_are_disputed_since(
    company: Company, pipeline: Pipeline, llm: FakeLLM
) -> None:
    matter = waiting_for_the_model(company, pipeline, llm)
    rows.begun(matter)
    disputed(company)
    assert drafted(pipeline, matter).status == AttemptStatus.COMPLETE


def test_a_model_that_is_busy_or_gone_begins_no_attempt(pipeline: Pipeline, matter: Matter, llm: FakeLLM) -> None:
    llm.fail_next("rate_limit", retry_after=5)
    pipeline.run(KIND)
    assert not matter.attempts.exists()
    assert matter.steps.get(kind=KIND).calls_seen == 0


def test_a_matter_that_waited_for_the_model_does_not_say_so_while_the_model_writes(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM
) -> None:
    with transaction.atomic():
        set_waiting(lock_matter(matter.pk), WaitingFor.PROVIDER, "no model", {"code": "unavailable"})
    llm.set(interval=0.2)
    writing = in_background(lambda: run_step(KIND))
    wait_until(lambda: matter.attempts.exists(), "the attempt has begun")
    matter.refresh_from_db()
    assert (matter.waiting_for, matter.error) == (None, None)
    assert last_data(matter, "matter.updated")["waiting_for"] is None
    cancel_matter(matter.pk)
    writing.result(timeout=10)


def test_stopping_keeps_what_was_written_and_ends_the_call(pipeline: Pipeline, matter: Matter, llm: FakeLLM) -> None:
    llm.set(interval=0.05, text_size=10_000)
    writing = in_background(lambda: run_step(KIND))
    wait_until(lambda: matter.attempts.exists() and folded_text(matter.attempts.get().pk), "text is stored")
    cancel_matter(matter.pk)
    writing.result(timeout=10)
    attempt = matter.attempts.get()
    assert attempt.status == AttemptStatus.CANCELED
    assert 0 < len(attempt.text) < 10_000
    wait_until(lambda: not llm.counts()["in_flight"], "the call is ended")
    call = matter.calls.get()
    assert call.outcome == CallOutcome.CANCELED
    assert call.prompt_tokens > 100, (
        "the prompt of a call that was cut off is to be paid for, and is counted as nothing"
    )
    assert call.completion_tokens >= len(attempt.text) // 4, "what came of its answer is counted as nothing"
    assert matter.steps.get(kind=KIND).state == StepState.CANCELED


def test_a_worker_that_was_taken_over_writes_nothing_more(pipeline: Pipeline, matter: Matter, llm: FakeLLM) -> None:
    llm.set(interval=0.05, text_size=10_000)
    slow = in_background(lambda: run_step(KIND))
    wait_until(lambda: matter.attempts.exists() and folded_text(matter.attempts.get().pk), "text is stored")
    Step.objects.filter(kind=KIND).update(due_at="2026-01-01T00:00:00Z")  # its lease runs out
    llm.set(interval=0, text="The second one's.")
    run_step(KIND)
    slow.result(timeout=10)
    first, second = matter.attempts.order_by("number")
    assert (first.status, second.status) == (AttemptStatus.SUPERSEDED, AttemptStatus.COMPLETE)
    assert second.text == "The second one's."
    assert first.text
    assert matter.events.filter(type="advice.completed").count() == 1
    matter.refresh_from_db()
    assert matter.status == MatterStatus.ADVISED
