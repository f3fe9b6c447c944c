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
from matters.models import Delivery, Event, LLMCall, Matter, Step
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
    step = rows.step_of(rows.submitted(company))
    for model, outcome in (("priced", "ok"), ("unpriced", "ok"), ("unpriced", "error"), ("unpriced", "cached")):
        LLMCall.objects.create(step=step, matter=step.matter, kind=step.kind, attempt=1, model=model, outcome=outcome)
    numbers = shown()
    assert numbers["matterstream_llm_calls_without_price", "unpriced"] == 2
    assert ("matterstream_llm_calls_without_price", "priced") not in numbers
