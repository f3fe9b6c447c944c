"""What a lost message, a dead worker or an emptied broker left behind is found in the rows."""

from datetime import timedelta

import pytest
import redis
from django.db.models.functions import Now
from pytest_django import Settings

from companies.models import Company
from matters.models import Step
from matters.states import StepState
from tests import rows
from workers import sweeper
from workers.sweeper import sweep_ledger

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The hints that the sweeper sends, all to the queue that every worker takes."""
    hints: list[tuple[str, int]] = []

    def publish(more: list[tuple[str, int]], queue: str) -> None:
        assert queue == "steps", "an advice whose worker is gone waits for it, though others are there"
        hints.extend(more)

    monkeypatch.setattr(sweeper, "publish_hints", publish)
    return hints


@pytest.fixture
def messages_wait(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether the broker has messages that nobody took, as the sweeper is told; empty: it has none."""
    waiting: list[bool] = []
    monkeypatch.setattr(sweeper, "_messages_wait", lambda: bool(waiting))
    return waiting


def overdue() -> None:
    Step.objects.update(due_at=Now() - timedelta(hours=1))


def test_the_sweeper_finds_what_nobody_claimed_and_what_was_abandoned(
    company: Company, sent: list[tuple[str, int]], messages_wait: list[bool]
) -> None:
    for _ in range(4):
        rows.submitted(company)
    overdue()
    abandoned, leased, parked = Step.objects.order_by("pk")[1:]
    Step.objects.filter(pk__in=[abandoned.pk, leased.pk]).update(state=StepState.RUNNING)
    Step.objects.filter(pk__in=[leased.pk, parked.pk]).update(due_at=Now() + timedelta(hours=1))
    assert sweep_ledger() == 2
    assert sent == [("plan_search", 0)] * 2


def test_the_sweeper_leaves_a_step_to_its_own_hint_at_first(company: Company, messages_wait: list[bool]) -> None:
    rows.submitted(company)
    assert sweep_ledger() == 0


@pytest.mark.parametrize(("busy", "hints"), [(False, 4), (True, sweeper.FEW_HINTS)])
def test_the_sweeper_does_not_flood_a_broker_whose_messages_wait(
    company: Company,
    sent: list[tuple[str, int]],
    messages_wait: list[bool],
    monkeypatch: pytest.MonkeyPatch,
    busy: bool,
    hints: int,
) -> None:
    monkeypatch.setattr(sweeper, "MOST_HINTS", 4)
    messages_wait.extend([True] * busy)
    for _ in range(5):
        rows.submitted(company)
    overdue()
    assert sweep_ledger() == hints


def test_while_messages_wait_every_advice_is_still_offered(
    company: Company, sent: list[tuple[str, int]], messages_wait: list[bool]
) -> None:
    messages_wait.append(True)
    for _ in range(sweeper.FEW_HINTS + 1):
        rows.submitted(company)
    Step.objects.update(kind="draft_advice")
    overdue()
    assert sweep_ledger() == len(sent) == sweeper.FEW_HINTS + 1, (
        "in a burst hardly any advice begins beside a frozen worker"
    )


@pytest.mark.parametrize(("queue", "busy"), [("steps of a test", True), ("advice", False)])
def test_the_workers_are_busy_while_messages_wait_that_each_of_them_takes(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, queue: str, busy: bool
) -> None:
    """Those for advice may be waiting for a worker that is gone."""
    with redis.Redis.from_url(settings.CELERY_BROKER_URL) as broker:
        settings.CELERY_TASK_DEFAULT_QUEUE = "steps of a test"
        try:
            broker.rpush(queue, "of a test")
            assert sweeper._messages_wait() is busy
        finally:
            broker.lrem(queue, 0, "of a test")
