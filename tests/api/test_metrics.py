"""The numbers of `/metrics` are those of the rows."""

import re
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models.functions import Now
from pytest_django import Settings

from companies.encryption import Sealed
from companies.models import Company, WebhookEndpoint
from config.metrics import numbers
from matters.models import Breaker, Delivery, Event, LLMCall, Matter, ProcessReport, Step
from matters.states import MatterStatus, QuestionStatus, StepState, WaitingFor
from tests import rows

pytestmark = pytest.mark.django_db
LINE = re.compile(r'^(\w+)\{(\w+)="(\w+)"\} (\S+)$', re.MULTILINE)


def shown() -> dict[tuple[str, str], float]:
    """By name and label."""
    return {(name, value): float(number) for name, _label, value, number in LINE.findall(numbers().decode())}


@pytest.fixture
def crowd(company: Company) -> None:
    """Matters and steps in many states."""
    for _ in range(7):
        rows.submitted(company)
    due, parked, leased, run_out, *_rest = Step.objects.order_by("pk")
    Step.objects.filter(pk=due.pk).update(due_at=Now() - timedelta(minutes=10))
    Step.objects.filter(pk=parked.pk).update(due_at=Now() + timedelta(minutes=10))
    Step.objects.filter(pk__in=[leased.pk, run_out.pk]).update(state=StepState.RUNNING)
    Step.objects.filter(pk=leased.pk).update(due_at=Now() + timedelta(minutes=1))
    Step.objects.filter(pk=run_out.pk).update(due_at=Now() - timedelta(minutes=1))
    Matter.objects.filter(pk=parked.matter_id).update(waiting_for=WaitingFor.BUDGET)
    asked = rows.gathering(company, 1, QuestionStatus.AWAITING_FOUNDER)
    rows.move(asked, MatterStatus.AWAITING_FOUNDER)
    rows.move(rows.advising(company), MatterStatus.CANCELED)


def test_depth_and_age_agree_with_the_rows(crowd: None) -> None:
    numbers = shown()
    assert numbers["matterstream_steps_due", "plan_search"] == 5
    assert 600 <= numbers["matterstream_oldest_due_step_seconds", "plan_search"] < 660
    assert numbers["matterstream_leases_run_out", "plan_search"] == 1
    assert numbers["matterstream_steps_due", "draft_advice"] == 0, "a kind without steps is shown too"


def test_states_and_what_is_waited_for_agree_with_the_rows(crowd: None) -> None:
    numbers = shown()
    statuses = Counter(Matter.objects.values_list("status", flat=True))
    for status in MatterStatus:
        assert numbers["matterstream_matters", status] == statuses[status]
    assert numbers["matterstream_matters_waiting", "founder"] == 1
    assert numbers["matterstream_matters_waiting", "budget"] == 1
    assert numbers["matterstream_matters_waiting", "provider"] == 0


def test_stuck_matters_are_counted_by_their_cause(crowd: None) -> None:
    assert shown()["matterstream_stuck_matters", "unclaimed"] == 0
    Event.objects.update(at=Now() - timedelta(minutes=16))
    numbers = shown()
    assert numbers["matterstream_stuck_matters", "unclaimed"] == 5
    assert numbers["matterstream_stuck_matters", "no_step"] == 0


def test_webhooks_that_wait_are_counted(company: Company) -> None:
    WebhookEndpoint.objects.create(
        company=company, url="https://8.8.8.8/", events=["matter.updated"], secret=Sealed.of("whsec_a")
    )
    for _ in range(3):
        rows.submitted(company)
    later = Delivery.objects.all()[0]
    Delivery.objects.filter(pk=later.pk).update(due_at=Now() + timedelta(minutes=10))
    numbers = shown()
    assert numbers["matterstream_deliveries_pending", "now"] == 2
    assert numbers["matterstream_deliveries_pending", "later"] == 1


def test_calls_to_a_model_without_a_price_are_seen(company: Company, settings: Settings) -> None:
    settings.LLM_PRICES = {"priced": (Decimal(1), Decimal(1))}
    settings.LLM_MODEL = "unpriced"
    step = rows.step_of(rows.submitted(company))
    for model, outcome in (("priced", "ok"), ("unpriced", "ok"), ("unpriced", "error"), ("unpriced", "cached")):
        LLMCall.objects.create(step=step, matter=step.matter, kind=step.kind, attempt=1, model=model, outcome=outcome)
    numbers = shown()
    assert numbers["matterstream_llm_calls_without_price", "unpriced"] == 2
    assert ("matterstream_llm_calls_without_price", "priced") not in numbers


def test_models_that_only_companies_named_are_one_series(company: Company, settings: Settings) -> None:
    settings.LLM_PRICES = {"priced": (Decimal(1), Decimal(1))}
    step = rows.step_of(rows.submitted(company))
    for model in ("priced", "fake-model", "whatever", "Our CTO resigned"):
        LLMCall.objects.create(step=step, matter=step.matter, kind=step.kind, attempt=1, model=model, prompt_tokens=3)
    rows.begun(rows.advising(company))
    assert {found for found in line("matterstream_llm_tokens") if "prompt" in found} == {
        'matterstream_llm_tokens{model="priced",side="prompt"} 3.0',
        'matterstream_llm_tokens{model="fake-model",side="prompt"} 3.0',
        'matterstream_llm_tokens{model="other",side="prompt"} 6.0',
    }
    assert len(line("matterstream_llm_cost_dollars")) == 3
    assert line("matterstream_advice_streaming") == ['matterstream_advice_streaming{model="other"} 1.0']
    assert set(line("matterstream_llm_calls_without_price")) == {
        'matterstream_llm_calls_without_price{model="fake-model"} 1.0',
        'matterstream_llm_calls_without_price{model="other"} 2.0',
    }


def report(kind: str, pid: int, seen: timedelta, **numbers: object) -> None:
    ProcessReport.objects.create(
        kind=kind, host="here", pid=pid, started_at=Now(), seen_at=Now() - seen, numbers=numbers
    )


def line(name: str) -> list[str]:
    """Every line of one metric."""
    return [found for found in numbers().decode().splitlines() if re.match(rf"{name}[{{ ]", found)]


def test_what_processes_say_of_themselves_is_shown_and_a_killed_one_has_no_numbers() -> None:
    soon, long_ago = timedelta(seconds=1), timedelta(minutes=5)
    report("web", 10, soon, open={"websocket": 7, "sse": 2}, watched=3, notify_lag=0.004)
    report("worker", 20, soon, steps_running=5, batches=[4, 1, 0, 2, 0, 0, 0, 1], streams=170)
    report("worker", 21, long_ago, steps_running=9, batches=[1] * 8, streams=9)
    assert line("matterstream_processes") == [
        'matterstream_processes{kind="web"} 1.0',
        'matterstream_processes{kind="worker"} 1.0',
        'matterstream_processes{kind="beat"} 0.0',
    ]
    assert line("matterstream_open_streams") == [
        'matterstream_open_streams{process="here:10",transport="sse"} 2.0',
        'matterstream_open_streams{process="here:10",transport="websocket"} 7.0',
    ]
    assert line("matterstream_notify_lag_seconds") == ['matterstream_notify_lag_seconds{process="here:10"} 0.004']
    assert line("matterstream_steps_running") == ['matterstream_steps_running{process="here:20"} 5.0']
    buckets = [found.rpartition(" ")[2] for found in line("matterstream_writer_batch_streams_bucket")]
    assert buckets == ["4.0", "5.0", "5.0", "7.0", "7.0", "7.0", "7.0", "8.0"], "buckets are cumulative"
    assert line("matterstream_writer_batch_streams_sum")[0].endswith(" 170.0")
    gone = next(found for found in line("matterstream_process_seen_seconds") if "here:21" in found)
    assert 300 <= float(gone.rpartition(" ")[2]) < 360


def test_calls_steps_tokens_and_cost_of_the_last_hour_agree_with_the_rows(company: Company, settings: Settings) -> None:
    settings.LLM_ADVICE_MODEL = "m"
    step = rows.step_of(rows.submitted(company))
    Step.objects.filter(pk=step.pk).update(
        state=StepState.DONE, finished_at=Now(), created_at=Now() - timedelta(seconds=8)
    )
    for latency, cost in ((1000, "0.01"), (3000, "0.02")):
        LLMCall.objects.create(
            step=step, matter=step.matter, kind=step.kind, attempt=1, model="m", outcome="ok", latency_ms=latency,
            prompt_tokens=100, completion_tokens=7, cost=Decimal(cost),
        )  # fmt: skip
    old = LLMCall.objects.create(
        step=step, matter=step.matter, kind=step.kind, attempt=1, model="m", outcome="ok", cost=9
    )
    LLMCall.objects.filter(pk=old.pk).update(at=Now() - timedelta(hours=2))
    assert line("matterstream_llm_call_seconds") == [
        'matterstream_llm_call_seconds{kind="plan_search",quantile="0.5"} 2.0',
        'matterstream_llm_call_seconds{kind="plan_search",quantile="0.95"} 2.9',
    ]
    assert [float(found.rpartition(" ")[2]) for found in line("matterstream_step_seconds")] == pytest.approx(
        [8, 8], abs=1
    )
    tokens = line("matterstream_llm_tokens")
    assert set(tokens) == {
        'matterstream_llm_tokens{model="m",side="prompt"} 200.0',
        'matterstream_llm_tokens{model="m",side="completion"} 14.0',
    }
    assert line("matterstream_llm_cost_dollars") == ['matterstream_llm_cost_dollars{model="m"} 0.03']


def test_dead_letters_and_open_breakers_are_counted(company: Company) -> None:
    step = rows.step_of(rows.submitted(company))
    Step.objects.filter(pk=step.pk).update(state=StepState.DEAD, finished_at=Now())
    for key in ("llm", "llm:gpt-x", "llm:gpt-y"):
        Breaker.objects.create(key=key, code="unknown_model", probe_at=Now())
    assert shown()["matterstream_dead_letters", "plan_search"] == 1
    assert line("matterstream_breaker_open") == [
        'matterstream_breaker_open{breaker="llm"} 1.0',
        'matterstream_breaker_open{breaker="llm:fake-model"} 0.0',
        'matterstream_breaker_open{breaker="other"} 2.0',
    ]


def test_an_advice_that_is_written_now_is_counted(company: Company) -> None:
    rows.begun(rows.advising(company))
    assert [found.rpartition(" ")[2] for found in line("matterstream_advice_streaming")] == ["1.0"]
