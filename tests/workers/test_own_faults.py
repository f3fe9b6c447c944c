"""What is our own fault is called so, and what was held back before a call counts as none."""

import logging
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from pytest_django import Settings

from companies.models import Company
from matters.models import CallOutcome, Matter, Step
from matters.representation import matter_as_json
from matters.states import MatterStatus, StepState, WaitingFor
from tests import rows
from tests.fakes.llm import FakeLLM
from tests.workers.conftest import Pipeline
from workers.claims import MAX_CALLS, claim_step
from workers.lifecycle import warn_of_free_models
from workers.outage import note_failure
from workers.tasks import STEPS, run_step

KIND = "plan_search"


def let_leases_run_out() -> None:
    Step.objects.filter(state=StepState.RUNNING).update(due_at=timezone.now() - timedelta(seconds=1))


def seconds_parked(step: Step) -> float:
    return (step.due_at - timezone.now()).total_seconds()


def fault_of(matter: Matter) -> dict[str, object]:
    matter.refresh_from_db()
    assert matter.status == MatterStatus.FAILED
    assert matter.error is not None
    return dict(matter.error)


def test_an_error_of_ours_is_tried_again_then_given_up_in_words_of_its_own_with_a_reference_that_our_log_has(
    pipeline: Pipeline, matter: Matter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_work: object) -> None:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setitem(STEPS, KIND, fail)
    for _ in range(MAX_CALLS):
        with pytest.raises(ZeroDivisionError):
            run_step(KIND)
        assert matter.steps.get().state == StepState.RUNNING
        let_leases_run_out()
    run_step(KIND)
    assert matter.steps.get().state == StepState.DEAD
    error = fault_of(matter)
    assert (error["code"], error["retryable"]) == ("fault", True)
    assert "error on our side" in str(error["message"])
    assert "model" not in str(error["message"])
    reference = f"{str(matter.pk)[:8]}-{matter.steps.get().pk}"
    assert reference in str(error["message"])
    assert f"reference {reference}: ZeroDivisionError" in caplog.text


def test_a_step_whose_workers_all_died_is_an_error_of_ours(pipeline: Pipeline, matter: Matter) -> None:
    for _ in range(MAX_CALLS):
        assert claim_step(KIND) is not None
        let_leases_run_out()
    run_step(KIND)
    assert fault_of(matter)["code"] == "fault"


def test_claims_that_the_database_failed_are_no_calls(pipeline: Pipeline, matter: Matter) -> None:
    for _ in range(MAX_CALLS + 2):
        assert claim_step(KIND) is not None
        note_failure()  # so long that not even the step could be given back
        let_leases_run_out()
    run_step(KIND)
    step = matter.steps.get(kind=KIND)
    assert (step.state, step.calls_seen) == (StepState.DONE, 1)


def test_calls_that_are_on_record_count_after_an_outage_too(pipeline: Pipeline, matter: Matter, llm: FakeLLM) -> None:
    llm.set(always={"kind": "server_error"})
    for _ in range(MAX_CALLS):
        note_failure()
        assert claim_step(KIND) is not None
        let_leases_run_out()
        assert matter.steps.get().state == StepState.RUNNING
        pipeline.make_due(matter)
        run_step(KIND)
        pipeline.make_due(matter)
    assert llm.counts()["calls"] == MAX_CALLS
    assert fault_of(matter)["code"] == "unavailable"


def test_a_step_that_was_put_off_many_times_is_tried_again_soon_after_its_first_failed_call(
    pipeline: Pipeline, matter: Matter, company: Company, llm: FakeLLM, settings: Settings
) -> None:
    settings.LLM_PRICES = {settings.LLM_MODEL: (Decimal(10**6), Decimal(10**6))}
    Company.objects.update(daily_budget=0)
    for _ in range(8):
        pipeline.make_due(matter)
        pipeline.run(KIND)
    Company.objects.update(daily_budget=None)
    llm.fail_next("unavailable")
    pipeline.make_due(matter)
    assert seconds_parked(pipeline.run(KIND)) <= 1
    llm.fail_next("cut")
    pipeline.make_due(matter)
    assert seconds_parked(pipeline.run(KIND)) <= 1, "the pause grew while the step was put off"


def test_a_call_that_the_open_breaker_held_back_is_no_call(pipeline: Pipeline, company: Company, llm: FakeLLM) -> None:
    first, second = rows.submitted(company), rows.submitted(company)
    llm.set(always={"kind": "unauthorised"})
    for _ in range(2):
        pipeline.run(KIND)
    assert llm.counts()["calls"] == 1
    assert [c.outcome for c in first.calls.all()] == [CallOutcome.ERROR]
    second.refresh_from_db()
    assert second.waiting_for == WaitingFor.PROVIDER
    assert not second.calls.exists()
    assert matter_as_json(second)["usage"]["calls"] == 0


@pytest.mark.parametrize(
    ("prices", "budget", "warned"),
    [({}, None, False), ({}, 5, True), ({"another": (1, 1)}, None, True), ({"fake-model": (1, 1)}, 5, False)],
)
@pytest.mark.django_db(transaction=True)
def test_a_worker_says_at_its_start_that_a_model_has_no_price(
    company: Company,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    prices: dict[str, tuple[int, int]],
    budget: int | None,
    warned: bool,
) -> None:
    settings.LLM_PRICES = prices
    Company.objects.update(daily_budget=budget)
    with caplog.at_level(logging.WARNING):
        warn_of_free_models()
    assert ("no price for fake-model" in caplog.text) is warned
