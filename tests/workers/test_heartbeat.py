"""The heartbeat keeps what its process works on, and ends what nobody wants."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import InterfaceError
from django.db.models.functions import Now
from pytest_django import Settings

from companies.models import Company
from matters.models import Step
from matters.states import StepState
from tests import rows
from tests.processes import wait_until
from workers import heartbeat as module
from workers.claims import Claim, claim_step
from workers.heartbeat import Heartbeat

pytestmark = pytest.mark.django_db(transaction=True)
KIND = "plan_search"


@pytest.fixture
def heartbeat(monkeypatch: pytest.MonkeyPatch) -> Iterator[Heartbeat]:
    monkeypatch.setattr(module, "TICK_SECONDS", 0.02)
    beating = Heartbeat()
    yield beating
    beating.close()


@pytest.fixture
def claim(company: Company) -> Claim:
    rows.submitted(company)
    claimed = claim_step(KIND)
    assert claimed is not None
    return claimed


def leases_end_within(seconds: float) -> bool:
    return Step.objects.filter(due_at__lt=Now() + timedelta(seconds=seconds)).exists()


def test_it_renews_the_lease_of_a_step_in_work(heartbeat: Heartbeat, claim: Claim, settings: Settings) -> None:
    settings.STEP_LEASE_SECONDS = 3
    with heartbeat.holding(claim):
        settings.STEP_LEASE_SECONDS = 0.3
        wait_until(lambda: leases_end_within(1), "the lease is renewed, for 0.3 s this time")
        settings.STEP_LEASE_SECONDS = 90

        def is_renewed() -> bool:
            heartbeat._renewed_at -= 90  # a beat that is under way, for 0.3 s, sets it again
            return not leases_end_within(60)

        wait_until(is_renewed, "the lease is renewed for 90 s")


def test_it_ends_the_call_of_a_step_that_is_not_wanted_any_more(heartbeat: Heartbeat, claim: Claim) -> None:
    with heartbeat.holding(claim) as call:
        assert not call.canceled
        Step.objects.update(state=StepState.CANCELED)
        wait_until(lambda: call.canceled, "the call is ended")


def test_it_ends_the_older_call_when_its_own_process_took_the_step_over(heartbeat: Heartbeat, claim: Claim) -> None:
    Step.objects.update(due_at=Now() - timedelta(seconds=1))
    with heartbeat.holding(claim) as older:
        again = claim_step(KIND)
        assert again is not None
        with heartbeat.holding(again) as newer:
            wait_until(lambda: older.canceled, "the call of the claim that lost is ended")
            assert not newer.canceled


def test_it_ends_every_call_when_the_process_stops(heartbeat: Heartbeat, claim: Claim) -> None:
    with heartbeat.holding(claim) as call:
        heartbeat.cancel_all("the worker is stopping")
        assert call.reason == "the worker is stopping"


@pytest.mark.parametrize("error", [InterfaceError("the connection is closed"), RuntimeError("a fault of ours")])
def test_it_outlives_whatever_goes_wrong_in_a_beat(
    heartbeat: Heartbeat, claim: Claim, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Without it every step of the process would be taken over, again and again."""
    failed = threading.Event()

    def fail(_claims: list[Claim]) -> set[tuple[int, int]]:
        failed.set()
        raise error

    with heartbeat.holding(claim) as call:
        with monkeypatch.context() as patch:
            patch.setattr(module, "still_mine", fail)
            assert failed.wait(timeout=10)
        Step.objects.update(state=StepState.CANCELED)
        wait_until(lambda: call.canceled, "it beats again")


def test_it_wakes_a_worker_when_a_parked_step_is_due(heartbeat: Heartbeat, monkeypatch: pytest.MonkeyPatch) -> None:
    hints: list[tuple[str, int]] = []
    monkeypatch.setattr(module, "publish_hints", hints.extend)
    heartbeat.wake_in(60, KIND, 3)
    heartbeat.wake_in(0.1, KIND, 2)
    heartbeat.wake_in(0, KIND, 1)
    wait_until(lambda: len(hints) == 2, "two hints are sent")
    assert hints == [(KIND, 1), (KIND, 2)]
