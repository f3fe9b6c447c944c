"""The record of calls: each call once, whatever became of the transaction that was to store it."""

import pytest
from django.db import connection, transaction

from companies.models import Company
from matters.models import CallOutcome, LLMCall, Matter
from tests import rows
from tests.workers.conftest import Pipeline
from workers.calls import CallLog
from workers.claims import claim_step

pytestmark = pytest.mark.usefixtures("pipeline")


def log_of(matter: Matter) -> CallLog:
    claim = claim_step("plan_search")
    assert claim is not None
    assert claim.matter_id == matter.pk
    return CallLog(claim)


def recorded(matter: Matter) -> list[str]:
    return list(LLMCall.objects.filter(matter=matter).order_by("pk").values_list("request_id", flat=True))


def test_a_commit_that_nobody_confirmed_leaves_no_call_twice(matter: Matter, monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_of(matter)
    log.add("m", "p", CallOutcome.INVALID, request_id="first")
    with monkeypatch.context() as broken:
        broken.setattr(transaction, "on_commit", lambda _do: None)  # as when the session ends in the commit
        log.store()
        log.add("m", "p", CallOutcome.OK, request_id="second")
        log.store()
    log.store()
    assert recorded(matter) == ["first", "second"]
    log.store()
    assert recorded(matter) == ["first", "second"]


def test_calls_of_a_transaction_that_failed_are_stored_by_the_next_one(matter: Matter) -> None:
    log = log_of(matter)
    log.add("m", "p", CallOutcome.OK, request_id="only")
    with transaction.atomic():
        log.store()
        transaction.set_rollback(True)
    assert recorded(matter) == []
    log.store()
    assert recorded(matter) == ["only"]


def test_a_call_is_stored_though_a_crash_gave_its_id_to_another(matter: Matter, company: Company) -> None:
    """PostgreSQL makes sure of a sequence only with a commit: an id that a crash took away is given again."""
    log, other = log_of(matter), log_of(rows.submitted(company))
    log.add("m", "p", CallOutcome.OK, request_id="lost in the crash")
    other.add("m", "p", CallOutcome.OK, request_id="given the same id")
    with transaction.atomic():
        log.store()
        transaction.set_rollback(True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('matters_llmcall', 'id'), %s, false)", [log.rows[0].pk])
    lost = log.rows[0].pk
    other.store()
    log.store()
    assert LLMCall.objects.get(request_id="given the same id").pk == lost
    assert recorded(matter) == ["lost in the crash"]


def test_everything_that_is_known_of_a_call_is_kept(matter: Matter) -> None:
    log = log_of(matter)
    log.add("the model", "ab" * 32, CallOutcome.ERROR, latency_ms=12.7, request_id=None, error_code="timeout")
    log.store()
    call = LLMCall.objects.get(matter=matter)
    assert (call.step_id, call.kind, call.attempt) == (log.claim.step_id, "plan_search", 1)
    assert (call.model, call.prompt_sha256, call.outcome) == ("the model", "ab" * 32, CallOutcome.ERROR)
    assert (call.error_code, call.latency_ms, call.request_id) == ("timeout", 12, "")
    assert call.cost == 0


def test_the_pipeline_records_each_of_its_calls_once(pipeline: Pipeline, matter: Matter) -> None:
    step = pipeline.run("plan_search")
    assert step.calls.count() == 1
