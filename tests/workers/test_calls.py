"""The record of calls: each call once, whatever became of the transaction that was to store it."""

import pytest
from django.db import transaction

from matters.models import CallOutcome, LLMCall, Matter
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
