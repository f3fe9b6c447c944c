"""What a company may spend on models in a day: set aside before each call, put right behind it, never passed unseen."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import transaction
from pytest_django import Settings

from companies.models import Company, Spending
from config.prices import read_prices
from matters.going_on import retry_matter
from matters.ledger import NewStep, insert_steps
from matters.models import CallOutcome, LLMCall, Matter, Step
from matters.services import lock_matter
from matters.states import StepState, WaitingFor
from tests import rows
from tests.config.waiting import wait_until
from tests.fakes.llm import FakeLLM
from tests.threads import at_once, in_background, is_waited_for
from tests.workers.conftest import Pipeline
from tests.workers.test_failures import seconds_parked
from workers.budget import OverBudget, Reserved, reserve_money
from workers.calls import CallLog, MadeCall
from workers.claims import claim_step
from workers.clients.llm import Usage
from workers.prices import cost_of, estimated_tokens

KIND = "plan_search"
DOLLAR = Decimal(1)


@pytest.fixture(autouse=True)
def _prices(settings: Settings) -> None:
    """A call of a step is estimated at 1.1 to 2 dollars."""
    settings.LLM_PRICES = read_prices('{"fake-model": [100, "1000"]}')


def allow(company: Company, budget: str | None) -> None:
    Company.objects.filter(pk=company.pk).update(daily_budget=budget)


def spent(company: Company) -> Decimal:
    return Spending.objects.get(company=company).spent


def reserve(company: Company, cost: Decimal, *, sure: bool = False) -> Reserved:
    budget = Company.objects.values_list("daily_budget", flat=True).get(pk=company.pk)
    return reserve_money(company.pk, budget, cost, sure=sure)


# Prices


def test_the_cost_is_of_prompt_and_completion_per_million() -> None:
    assert cost_of("fake-model", 1_000, 2_000) == Decimal("2.1")
    assert cost_of("another-model", 10**6, 10**6) == 0


@pytest.mark.parametrize(
    "text",
    [
        "gpt: 1",
        "[]",
        '{"m": "1"}',
        '{"m": ["1"]}',
        '{"m": ["1", "2", "3"]}',
        '{"m": ["1", "-2"]}',
        '{"m": ["1", "NaN"]}',
        '{"m": ["1", true]}',
        '{"m": ["1", null]}',
        '{"m": ["1", "two"]}',
        '{"m": [Infinity, 1]}',
        '{"m": ["1", "1e99"]}',
        "[" * 100_000,
    ],
)
def test_prices_that_cannot_be_meant_stop_the_start_with_words(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="LLM_PRICES must be JSON like"):
        read_prices(text)


def test_prices_may_be_numbers_or_text_and_keep_their_digits() -> None:
    assert read_prices('{"m": [0.1, "2.00"]}') == {"m": (Decimal("0.1"), Decimal("2.00"))}
    assert read_prices(" ") == {}


@pytest.mark.parametrize(("text", "least", "most"), [("words " * 1000, 1_200, 2_000), ("契約" * 1000, 1_400, 3_000)])
def test_tokens_are_estimated_from_the_prompt(text: str, least: int, most: int) -> None:
    assert least < estimated_tokens([{"role": "user", "content": text}]) < most


# Reserving


@pytest.mark.django_db
def test_without_a_budget_nothing_is_kept(company: Company) -> None:
    reserve(company, DOLLAR).settle(2 * DOLLAR)
    assert not Spending.objects.exists()


@pytest.mark.django_db
def test_a_budget_is_spent_to_its_end_and_not_beyond(company: Company) -> None:
    allow(company, "3.00")
    for _ in range(3):
        reserve(company, DOLLAR)
    with pytest.raises(OverBudget):
        reserve(company, Decimal("0.000001"))
    assert spent(company) == 3


@pytest.mark.django_db
def test_what_a_call_cost_replaces_what_was_set_aside(company: Company) -> None:
    allow(company, "3.00")
    reserve(company, 3 * DOLLAR).settle(Decimal("0.25"))
    assert spent(company) == Decimal("0.25")
    reserve(company, DOLLAR).settle(Decimal(0))
    assert spent(company) == Decimal("0.25"), "a call that was not made was paid for"


@pytest.mark.django_db
def test_a_budget_set_in_the_middle_of_a_day_begins_with_what_was_spent(company: Company, matter: Matter) -> None:
    step = matter.steps.get()
    LLMCall.objects.create(step=step, matter=matter, kind=KIND, attempt=1, outcome=CallOutcome.OK, cost=Decimal(2))
    allow(company, "3.00")
    reserve(company, DOLLAR)
    with pytest.raises(OverBudget):
        reserve(company, DOLLAR)


@pytest.mark.django_db
def test_yesterday_is_no_part_of_today(company: Company) -> None:
    allow(company, "1.00")
    reserve(company, DOLLAR)
    Spending.objects.update(day=datetime(2020, 1, 1, tzinfo=UTC))
    reserve(company, DOLLAR)


@pytest.mark.django_db
def test_a_budget_is_of_its_company_alone(company: Company) -> None:
    other = Company.objects.create(name="Other, Inc.", slug="other", daily_budget=1)
    allow(company, "1.00")
    reserve(company, DOLLAR)
    reserve(other, DOLLAR)


@pytest.mark.django_db(transaction=True)
def test_callers_at_once_do_not_pass_the_budget_together(company: Company) -> None:
    allow(company, "5.00")

    def try_it() -> int:
        try:
            reserve(company, DOLLAR)
        except OverBudget:
            return 0
        return 1

    assert sum(at_once(*[try_it] * 12)) == 5
    assert spent(company) == 5


@pytest.mark.django_db
def test_a_budget_below_nothing_is_refused(company: Company) -> None:
    company.daily_budget = Decimal(-1)
    with pytest.raises(ValidationError):
        company.full_clean()


# In the pipeline


def is_waiting(matter: Matter) -> bool:
    matter.refresh_from_db()
    return matter.waiting_for == WaitingFor.BUDGET and (matter.error or {})["code"] == "over_budget"


def test_a_step_over_the_budget_waits_without_a_call_and_says_so(
    pipeline: Pipeline, matter: Matter, company: Company, llm: FakeLLM
) -> None:
    allow(company, "0.50")
    step = pipeline.run(KIND)
    assert (step.state, step.calls_seen) == (StepState.READY, 0)
    assert 25 < seconds_parked(step) <= 60, "a raised budget is to be seen within a minute"
    assert is_waiting(matter)
    assert matter.error is not None
    assert "budget for today is used up" in matter.error["message"]
    assert matter.events.latest("number").data["waiting_for"] == "budget"
    assert (llm.counts()["calls"], matter.calls.count()) == (0, 0)


def test_it_goes_on_once_the_budget_is_raised(pipeline: Pipeline, matter: Matter, company: Company) -> None:
    allow(company, "0.50")
    for _ in range(5):
        pipeline.make_due(matter)
        pipeline.run(KIND)
    assert is_waiting(matter)
    allow(company, "50.00")
    pipeline.make_due(matter)
    assert pipeline.run(KIND).state == StepState.DONE
    matter.refresh_from_db()
    assert (matter.waiting_for, matter.error) == (None, None)
    assert spent(company) == matter.calls.get().cost > 0, "what was spent is not what the record of calls says"


def test_a_budget_that_is_removed_and_set_again_counts_what_was_spent_between(
    pipeline: Pipeline, matter: Matter, company: Company, settings: Settings
) -> None:
    settings.LLM_CACHE_SECONDS = 0
    allow(company, "50.00")
    pipeline.run(KIND)
    allow(company, None)
    rows.submitted(company)
    assert pipeline.run(KIND).state == StepState.DONE
    costs = LLMCall.objects.values_list("cost", flat=True)
    assert spent(company) == sum(costs), "what was spent without a budget is not counted"
    allow(company, f"{sum(costs):.2f}")
    waiting = rows.submitted(company)
    pipeline.run(KIND)
    assert is_waiting(waiting), "it goes on beyond the budget"


def call_begun_without_a_budget(company: Company) -> CallLog:
    """A call that is to be recorded; while it was under way a budget was set, and a dollar set aside by another one."""
    claim = claim_step(KIND)
    assert claim is not None
    allow(company, "50.00")
    reserve(company, DOLLAR)
    log = CallLog(claim)
    log.add(MadeCall("fake-model", [], CallOutcome.OK, usage=Usage(10_000, 1_000)))
    return log


def test_a_call_that_is_under_way_when_a_budget_is_set_is_counted_once_as_it_ends(
    matter: Matter, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = call_begun_without_a_budget(company)
    with monkeypatch.context() as broken:
        broken.setattr(transaction, "on_commit", lambda _do: None)  # as when nobody confirms the commit
        log.store()
    log.store()
    assert spent(company) == 1 + matter.calls.get().cost == 3


@pytest.mark.django_db(transaction=True)
def test_a_call_that_is_recorded_late_waits_for_its_matter_before_it_locks_what_was_spent(
    matter: Matter, company: Company
) -> None:
    """Else it would wait in a circle with who has the matter and records another call."""
    log = call_begun_without_a_budget(company)
    with transaction.atomic():
        lock_matter(matter.pk)
        late = in_background(log.store)
        wait_until(is_waited_for, "it must wait for whoever has its matter")
        assert Spending.objects.select_for_update(skip_locked=True).exists(), "it has the spending already"
    late.result(timeout=10)
    assert spent(company) == 3


def test_retry_tries_at_once(pipeline: Pipeline, matter: Matter, company: Company) -> None:
    allow(company, "0.50")
    pipeline.run(KIND)
    allow(company, None)
    assert retry_matter(matter.pk)[1]
    assert seconds_parked(matter.steps.get()) <= 0
    assert pipeline.run(KIND).state == StepState.DONE


@pytest.mark.parametrize("kind", ["unavailable", "rate_limit"])
def test_a_call_that_the_model_did_not_see_is_not_paid(
    pipeline: Pipeline, matter: Matter, company: Company, llm: FakeLLM, kind: str
) -> None:
    allow(company, "50.00")
    llm.fail_next(kind)
    pipeline.run(KIND)
    assert spent(company) == 0


def test_a_call_that_broke_off_stays_paid_for(
    pipeline: Pipeline, matter: Matter, company: Company, llm: FakeLLM
) -> None:
    allow(company, "50.00")
    llm.fail_next("cut")
    pipeline.run(KIND)
    assert spent(company) > 1, "the model may have written all of it"


def test_a_refusal_is_recorded_and_paid_by_what_the_server_tells(
    pipeline: Pipeline, matter: Matter, company: Company, llm: FakeLLM
) -> None:
    allow(company, "50.00")
    llm.fail_next("refusal")
    assert pipeline.run(KIND).state == StepState.DEAD
    refused = matter.calls.get()
    assert refused.error_code == "content_filter"
    assert spent(company) == refused.cost > 0, "what was set aside is not put right"
    assert retry_matter(matter.pk)[1]
    assert pipeline.run(KIND).state == StepState.DONE
    assert refused.prompt_tokens == matter.calls.get(outcome=CallOutcome.OK).prompt_tokens, "it is estimated"
    assert refused.completion_tokens == 0


def test_what_a_worker_that_died_had_set_aside_stays_spent(company: Company, matter: Matter) -> None:
    allow(company, "1.00")
    assert claim_step(KIND) is not None
    reserve(company, DOLLAR)
    with pytest.raises(OverBudget):
        reserve(company, DOLLAR)


def test_the_limit_of_a_minute_takes_nothing_of_the_budget(
    pipeline: Pipeline, matter: Matter, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workers import admission
    from workers.limits import LimitReached

    def refuse(*_arguments: Any, **_more: Any) -> None:
        raise LimitReached(1.0)

    monkeypatch.setattr(admission, "take_share", refuse)
    allow(company, "50.00")
    pipeline.run(KIND)
    assert spent(company) == 0


def test_the_advice_is_paid_by_what_the_stream_reports(pipeline: Pipeline, company: Company, llm: FakeLLM) -> None:
    allow(company, "50.00")
    matter = rows.advising(company)
    with transaction.atomic():
        insert_steps(lock_matter(matter.pk), [NewStep("draft_advice", "draft_advice")])
    assert pipeline.run("draft_advice").state == StepState.DONE
    assert spent(company) == matter.calls.get().cost > 0


def test_the_rest_of_a_text_is_asked_for_beyond_the_budget(pipeline: Pipeline, company: Company, llm: FakeLLM) -> None:
    """Half a text would be of no use, and all of it would be paid for again tomorrow."""
    allow(company, "6.00")  # one call of the advice is estimated at 4 dollars and more
    matter = rows.advising(company)
    with transaction.atomic():
        insert_steps(lock_matter(matter.pk), [NewStep("draft_advice", "draft_advice")])
    llm.set(text="Words. " * 3_000)
    llm.fail_next("length")
    assert pipeline.run("draft_advice").state == StepState.DONE
    assert matter.attempts.get().status == "complete"
    assert Step.objects.filter(state=StepState.READY).count() == 0


def test_a_server_that_claims_any_number_of_tokens_breaks_nothing(matter: Matter, settings: Settings) -> None:
    settings.LLM_PRICES = read_prices('{"m": [4000, 4000]}')
    claim = claim_step(KIND)
    assert claim is not None
    log = CallLog(claim)
    log.add(MadeCall("m", [], CallOutcome.OK, usage=Usage(10**30, -5)))
    log.store()
    call = matter.calls.get()
    assert call.completion_tokens == 0
    assert call.cost > 0
