"""A hint that can't be sent costs nothing: the step is stored."""

from typing import Any

import pytest
from celery import current_app

from companies.models import Company
from matters import wakeup
from matters.models import Step
from matters.states import StepState
from tests import rows

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The hints that reach the broker."""
    hints: list[tuple[str, int]] = []
    monkeypatch.setattr(wakeup, "_quiet_until", 0.0)
    monkeypatch.setattr(current_app, "send_task", lambda kind, args, **_options: hints.append((kind, *args)))
    return hints


def test_a_hint_goes_out_when_the_step_is_committed(company: Company, sent: list[tuple[str, int]]) -> None:
    matter = rows.submitted(company)
    assert sent == [("plan_search", matter.steps.get().pk)]


def test_a_broker_that_is_down_fails_nothing_and_is_left_in_peace_for_a_moment(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    def fail(kind: str, **_options: Any) -> None:
        tries.append(kind)
        raise ConnectionError("no broker")

    monkeypatch.setattr(wakeup, "_quiet_until", 0.0)
    monkeypatch.setattr(current_app, "send_task", fail)
    for _ in range(3):
        rows.submitted(company)
    assert tries == ["plan_search"], "each request waits for the dead broker"
    assert Step.objects.filter(state=StepState.READY).count() == 3
