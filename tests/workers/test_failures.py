"""When a call fails: it is tried again, waited for, or given up, and the matter says so in plain words."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from psycopg.conninfo import make_conninfo
from pytest_django import Settings

from companies.async_pool import database_dsn
from companies.models import Company
from matters.going_on import retry_matter
from matters.models import Breaker, Matter, Step
from matters.states import MatterStatus, QuestionStatus, StepState, WaitingFor
from tests import rows
from tests.fakes.llm import FakeLLM
from tests.processes import free_port, wait_until
from tests.threads import in_background
from tests.workers.conftest import Pipeline
from workers import outage, research, runtime
from workers.claims import MAX_CALLS, claim_step, finishing
from workers.tasks import STEPS, run_step
from workers.work import Work

KIND = "plan_search"


def seconds_parked(step: Step) -> float:
    return (step.due_at - timezone.now()).total_seconds()


def outcomes(matter: Matter) -> list[str]:
    return list(matter.calls.order_by("pk").values_list("outcome", flat=True))


def waiting(matter: Matter) -> tuple[str | None, str | None]:
    """What a matter waits for, and the code of its error."""
    matter.refresh_from_db()
    return matter.waiting_for, (matter.error or {}).get("code")


def goes_on(pipeline: Pipeline, matter: Matter) -> None:
    """Once the time has passed the step is done, and nothing speaks of waiting any more."""
    pipeline.make_due(matter)
    Breaker.objects.update(probe_at=timezone.now())
    assert pipeline.run(KIND).state == StepState.DONE
    assert waiting(matter) == (None, None)
    assert matter.events.latest("number").data["waiting_for"] is None


def test_a_rate_limit_parks_the_step_as_long_as_asked_and_does_not_count(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM
) -> None:
    llm.fail_next("rate_limit", retry_after=20)
    step = pipeline.run(KIND)
    assert (step.state, step.calls_seen) == (StepState.READY, 0)
    assert 19 < seconds_parked(step) < 23
    assert waiting(matter) == (WaitingFor.RATE_LIMIT, "rate_limited")
    assert claim_step(KIND) is None
    goes_on(pipeline, matter)


def test_a_rate_limit_never_exhausts_a_step(pipeline: Pipeline, matter: Matter, llm: FakeLLM) -> None:
    llm.fail_next("rate_limit", times=MAX_CALLS + 2, retry_after=0)
    for _ in range(MAX_CALLS + 2):
        pipeline.make_due(matter)
        assert pipeline.run(KIND).state == StepState.READY
    goes_on(pipeline, matter)


def test_a_model_that_is_not_there_is_waited_for_and_the_matter_goes_on_when_it_is(
    pipeline: Pipeline, matter: Matter, settings: Settings
) -> None:
    port = free_port()
    settings.OPENAI_BASE_URL = f"http://127.0.0.1:{port}/v1"
    runtime.llm_client().close()
    runtime.llm_client.cache_clear()
    for _ in range(MAX_CALLS + 1):
        pipeline.make_due(matter)
        step = pipeline.run(KIND)
        assert (step.state, step.calls_seen) == (StepState.READY, 0)
        assert 0 < seconds_parked(step) <= 15
        assert waiting(matter) == (WaitingFor.PROVIDER, "unavailable")
    assert matter.error is not None
    assert "Nothing of yours is lost" in matter.error["message"]
    with FakeLLM(port):
        goes_on(pipeline, matter)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("unauthorised", "unauthorised"),
        ("unknown_model", "unknown_model"),
        ("insufficient_quota", "insufficient_quota"),
        ("unavailable", "unavailable"),
    ],
)
def test_what_a_person_must_set_right_is_waited_for_and_said(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM, kind: str, code: str
) -> None:
    llm.fail_next(kind)
    step = pipeline.run(KIND)
    assert (step.state, step.calls_seen) == (StepState.READY, 0)
    assert waiting(matter) == (WaitingFor.PROVIDER, code)
    updated = matter.events.latest("number")
    assert (updated.type, updated.data["waiting_for"]) == ("matter.updated", "provider")
    goes_on(pipeline, matter)


def test_many_steps_that_wait_for_the_same_say_it_once(pipeline: Pipeline, company: Company, llm: FakeLLM) -> None:
    matter = rows.gathering(company, 3, QuestionStatus.PENDING)
    rows.ask_for(matter, "route_question")
    llm.set(always={"kind": "unauthorised"})
    for _ in range(3):
        pipeline.run("route_question")
    assert matter.events.filter(data__waiting_for="provider").count() == 1


@pytest.mark.parametrize("kind", ["server_error", "cut", "malformed", "refuse"])
def test_a_failure_that_the_model_may_have_seen_counts_and_is_tried_again_at_most_three_times(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM, kind: str
) -> None:
    llm.set(always={"kind": kind})
    for calls in (1, 2, 3):
        pipeline.make_due(matter)
        step = pipeline.run(KIND)
        assert step.calls_seen == calls
    assert step.state == StepState.DEAD
    assert llm.counts()["calls"] == MAX_CALLS
    matter.refresh_from_db()
    assert matter.status == MatterStatus.FAILED
    assert matter.error == step.error == matter.events.get(type="matter.failed").data
    assert set(matter.error or {}) == {"code", "message", "retryable"}
    assert outcomes(matter) == ["error"] * 3


def test_the_calls_of_a_step_outlast_ten_seconds_of_a_server_s_own_errors(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM
) -> None:
    llm.set(always={"kind": "server_error"})
    pauses = 0.0
    for _ in range(MAX_CALLS - 1):
        pipeline.make_due(matter)
        begun = timezone.now()
        pauses += (pipeline.run(KIND).due_at - begun).total_seconds()
    assert pauses >= 10, "an outage of ten seconds ends the matter"
    llm.set(always=None)
    goes_on(pipeline, matter)


def test_a_dead_letter_goes_on_with_retry_and_three_calls_anew(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM
) -> None:
    llm.set(always={"kind": "server_error"})
    for _ in range(MAX_CALLS):
        pipeline.make_due(matter)
        pipeline.run(KIND)
    retry_matter(matter.pk)
    assert pipeline.run(KIND).state == StepState.READY, "Retry left it only one call"
    llm.set(always=None)
    goes_on(pipeline, matter)


@pytest.mark.parametrize("kind", ["context_overflow", "bad_request", "refusal", "content_filter"])
def test_a_failure_that_no_further_call_can_help_is_given_up_at_once(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM, kind: str
) -> None:
    llm.fail_next(kind)
    assert pipeline.run(KIND).state == StepState.DEAD
    matter.refresh_from_db()
    assert matter.status == MatterStatus.FAILED
    assert llm.counts()["calls"] == 1


def test_a_reply_that_breaks_the_schema_is_repaired_once(pipeline: Pipeline, matter: Matter, llm: FakeLLM) -> None:
    llm.fail_next("schema_violation")
    step = pipeline.run(KIND)
    assert (step.state, step.calls_seen) == (StepState.DONE, 2)
    assert outcomes(matter) == ["invalid", "ok"]
    assert "does not satisfy the schema" in llm.calls()[-1]["prompt"]


@pytest.mark.parametrize("kind", ["schema_violation", "invalid_json", "length"])
def test_calls_are_bounded_repairs_included(pipeline: Pipeline, matter: Matter, llm: FakeLLM, kind: str) -> None:
    llm.set(always={"kind": kind})
    assert pipeline.run(KIND).state == StepState.READY
    pipeline.make_due(matter)
    step = pipeline.run(KIND)
    assert step.state == StepState.DEAD
    assert llm.counts()["calls"] == MAX_CALLS
    assert step.error is not None
    assert step.error["code"] == "invalid_reply"


def test_a_step_whose_workers_all_died_is_given_up(pipeline: Pipeline, matter: Matter, llm: FakeLLM) -> None:
    for _ in range(MAX_CALLS):
        assert claim_step(KIND) is not None
        Step.objects.update(due_at=timezone.now() - timedelta(seconds=1))  # nobody renews its lease
    run_step(KIND)
    assert matter.steps.get().state == StepState.DEAD
    assert llm.counts()["calls"] == 0


def test_a_call_is_on_record_whatever_becomes_of_its_step(pipeline: Pipeline, matter: Matter, llm: FakeLLM) -> None:
    """It was made and is to be paid for, also when a person has stopped the matter meanwhile."""
    llm.set(reply_delay=30)
    running = in_background(lambda: run_step(KIND))
    wait_until(lambda: llm.counts()["in_flight"], "the model is asked")
    Step.objects.update(state=StepState.CANCELED)
    running.result(timeout=10)
    assert outcomes(matter) == ["canceled"]


def test_a_call_is_on_record_when_storing_its_outcome_failed(
    pipeline: Pipeline, matter: Matter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_payload: object) -> None:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(research, "follow", fail)
    with pytest.raises(ZeroDivisionError):
        run_step(KIND)
    assert matter.steps.get().state == StepState.RUNNING, "half an outcome was stored"
    assert outcomes(matter) == ["ok"]


def test_an_answer_is_offered_again_when_the_session_ended_while_it_was_stored(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM
) -> None:
    llm.set(reply_delay=0.5)
    running = in_background(lambda: run_step(KIND))
    wait_until(lambda: llm.counts()["in_flight"], "the model is asked")
    end_the_session_that_waits_for(matter)
    running.result(timeout=10)
    assert outcomes(matter) == ["ok"]
    assert (matter.steps.get(kind=KIND).state, llm.counts()["calls"]) == (StepState.DONE, 1)


def test_an_answer_is_offered_with_another_connection_when_the_session_ended_between_two_transactions(
    pipeline: Pipeline, matter: Matter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_and_finish(work: Work) -> None:
        if not work.replies:
            work.replies["a prompt"] = "an answer"
            end_session(connection.connection.info.backend_pid)
        Matter.objects.get(pk=matter.pk)
        with work.finish():
            pass

    monkeypatch.setitem(STEPS, KIND, look_and_finish)
    monkeypatch.setattr(outage, "OUTAGE_SECONDS", 3.0)
    run_step(KIND)
    assert matter.steps.get(kind=KIND).state == StepState.DONE


def end_session(pid: int) -> None:
    with psycopg.connect(database_dsn(), autocommit=True) as ending:
        ending.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def test_a_database_that_fails_a_step_before_the_model_is_asked_never_uses_its_calls_up(
    pipeline: Pipeline, matter: Matter
) -> None:
    for _ in range(MAX_CALLS + 2):
        pipeline.make_due(matter)
        with psycopg.connect(database_dsn()) as locking:
            lock(locking, matter)
            running = in_background(lambda: run_step(KIND))
            end_who_waits_for(locking)
        with pytest.raises(OperationalError):
            running.result(timeout=10)
    assert matter.steps.get().calls_seen == 0
    goes_on(pipeline, matter)


def end_the_session_that_waits_for(matter: Matter) -> None:
    with psycopg.connect(database_dsn()) as locking:
        lock(locking, matter)
        end_who_waits_for(locking)


def lock(locking: psycopg.Connection, matter: Matter) -> None:
    locking.execute("SELECT FROM matters_matter WHERE id = %s FOR UPDATE", [matter.pk])


def end_who_waits_for(locking: psycopg.Connection) -> None:
    query = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"
    who = [locking.info.backend_pid]
    with psycopg.connect(database_dsn(), autocommit=True) as ending:
        wait_until(lambda: ending.execute(query, who).fetchone(), "somebody waits for the matter's lock")


@contextmanager
def no_database() -> Iterator[None]:
    """Nobody gets a new connection to this database."""
    name = connection.settings_dict["NAME"]
    with psycopg.connect(make_conninfo(database_dsn(), dbname="postgres"), autocommit=True) as conn:
        conn.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            yield
        finally:
            conn.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


def test_an_answer_that_comes_while_the_database_is_away_waits_for_it(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM, caplog: pytest.LogCaptureFixture
) -> None:
    llm.set(reply_delay=0.5)
    running = in_background(lambda: run_step(KIND))
    wait_until(lambda: llm.counts()["in_flight"], "the model is asked")
    with no_database():
        wait_until(lambda: "waits for the database" in caplog.text, "the answer has come")
    running.result(timeout=10)
    step = matter.steps.get(kind=KIND)
    assert (step.state, step.attempt, llm.counts()["calls"]) == (StepState.DONE, 1, 1)


def test_a_connection_that_broke_in_the_pool_costs_no_answer(claims_connection: int, matter: Matter) -> None:
    claim = claim_step(KIND)
    assert claim is not None
    with psycopg.connect(database_dsn(), autocommit=True) as conn:
        conn.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid = %s", [claims_connection])
    with finishing(claim):
        pass
    assert matter.steps.get().state == StepState.DONE


@pytest.fixture
def claims_connection(transactional_db: None) -> int:
    """The session of the connection that this thread has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int((cursor.fetchone() or (0,))[0])


def test_a_process_that_stops_gives_its_step_back_uncounted(pipeline: Pipeline, matter: Matter, llm: FakeLLM) -> None:
    llm.set(reply_delay=30)
    running = in_background(lambda: run_step(KIND))
    wait_until(lambda: llm.counts()["in_flight"], "the model is asked")
    runtime.heartbeat().cancel_all("the worker is stopping")
    running.result(timeout=10)
    step = matter.steps.get()
    assert (step.state, step.calls_seen) == (StepState.READY, 0)
    assert seconds_parked(step) <= 0
    llm.set(reply_delay=0)
    goes_on(pipeline, matter)


def test_a_question_whose_step_gave_up_is_asked_again_after_retry(
    pipeline: Pipeline, company: Company, llm: FakeLLM
) -> None:
    matter = rows.gathering(company, 2, QuestionStatus.ROUTING)
    rows.ask_for(matter, "route_question")
    llm.fail_next("bad_request")
    pipeline.run("route_question")
    assert [q.status for q in matter.questions.all()] == [QuestionStatus.FAILED, QuestionStatus.ROUTING]
    retry_matter(matter.pk)
    pipeline.run_all()
    matter.refresh_from_db()
    assert matter.status == MatterStatus.AWAITING_FOUNDER


def test_a_parked_step_is_woken_for_only_when_it_can_be_claimed(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hint before the commit would find nothing, and the step would wait for the sweeper."""
    found: list[str] = []
    monkeypatch.setattr(
        runtime.heartbeat(),
        "wake_in",
        lambda *_: found.append(in_background(lambda: matter.steps.get().state).result()),
    )
    llm.fail_next("rate_limit", retry_after=0)
    pipeline.run(KIND)
    assert found == [StepState.READY]
