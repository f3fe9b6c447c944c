"""A step is one worker's at a time, and whoever lost it writes nothing."""

from collections.abc import Callable
from concurrent.futures import TimeoutError as StillWaiting
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from companies.models import Company, Tier
from matters.ledger import NewStep, cancel_steps, hold_steps, insert_steps, revive_steps
from matters.models import Matter, Priority, Step
from matters.services import lock_matter
from matters.states import StepState
from tests import rows
from tests.processes import wait_until
from tests.threads import at_once, in_background
from workers.claims import Claim, Fenced, claim_step, finishing, renew_leases, still_mine, writing

pytestmark = pytest.mark.django_db(transaction=True)
KIND = "plan_search"


def claimed(kind: str = KIND) -> Claim:
    claim = claim_step(kind)
    assert claim is not None, f"no {kind} is due"
    return claim


def run_out(claim: Claim) -> None:
    """Let the claim's lease be over."""
    Step.objects.filter(pk=claim.step_id).update(due_at=Now() - timedelta(seconds=1))


def state_of(claim: Claim) -> str:
    return Step.objects.get(pk=claim.step_id).state


def test_a_claim_takes_the_best_due_step(company: Company) -> None:
    free = Company.objects.create(name="Free, Inc.", slug="free", tier=Tier.FREE)
    large = Company.objects.create(name="Large, Inc.", slug="large", tier=Tier.ENTERPRISE)
    batch = rows.submitted(large, priority=Priority.BATCH)
    first_free, second_free = rows.submitted(free), rows.submitted(free)
    best, parked = rows.submitted(large), rows.submitted(large)
    parked.steps.update(due_at=Now() + timedelta(hours=1))

    taken = [claimed().matter_id for _ in range(4)]
    assert taken == [best.pk, first_free.pk, second_free.pk, batch.pk]
    assert claim_step(KIND) is None, "a parked step is not due"
    assert claim_step("draft_advice") is None, "a step of another kind was claimed"


def test_two_claimers_never_get_the_same(company: Company) -> None:
    matters = [rows.submitted(company) for _ in range(24)]

    def claim_six() -> list[int]:
        return [claimed().step_id for _ in range(6)]

    taken = [step for steps in at_once(*[claim_six] * 4) for step in steps]
    assert len(set(taken)) == len(taken) == len(matters)


def test_a_lease_that_ran_out_lets_another_take_over_and_fences_the_first(company: Company) -> None:
    matter = rows.submitted(company)
    first = claimed()
    assert claim_step(KIND) is None, "a leased step was claimed"
    run_out(first)
    second = claimed()
    assert (second.step_id, second.attempt, second.epoch) == (first.step_id, 2, first.epoch + 1)

    events = matter.events.count()
    for write in (writing(first), finishing(first, {"by": "the first"})):
        with pytest.raises(Fenced), write as locked:
            insert_steps(locked, [NewStep("search_playbooks", "search_playbooks")])
    assert state_of(first) == StepState.RUNNING
    assert matter.steps.count() == 1
    assert matter.events.count() == events

    with finishing(second, {"by": "the second"}):
        pass
    assert matter.steps.get().result == {"by": "the second"}
    with pytest.raises(Fenced), finishing(second):
        pass


def test_finishing_inserts_what_follows_in_the_same_transaction(company: Company) -> None:
    matter = rows.submitted(company)
    claim = claimed()
    following = [NewStep("search_playbooks", "search_playbooks")]
    with pytest.raises(IntegrityError), finishing(claim) as locked:
        insert_steps(locked, [*following, *following])
    assert state_of(claim) == StepState.RUNNING, "the outcome was stored without what follows it"
    assert matter.steps.count() == 1

    with finishing(claim) as locked:
        insert_steps(locked, following)
    assert list(matter.steps.order_by("pk").values_list("state", flat=True)) == [StepState.DONE, StepState.READY]
    matter.refresh_from_db()
    assert matter.steps_done == 1


@pytest.mark.parametrize("stop", [hold_steps, cancel_steps])
def test_held_and_canceled_steps_refuse_late_writes(company: Company, stop: Callable[[Matter], None]) -> None:
    matter = rows.submitted(company)
    claim = claimed()
    with transaction.atomic():
        stop(lock_matter(matter.pk))
    assert still_mine([claim]) == set()
    assert renew_leases([claim]) == set()
    with pytest.raises(Fenced), finishing(claim):
        pass
    assert claim_step(KIND) is None


def test_a_renewed_lease_is_not_taken_over(company: Company) -> None:
    rows.submitted(company)
    claim = claimed()
    run_out(claim)
    assert renew_leases([claim]) == still_mine([claim]) == {(claim.step_id, claim.epoch)}
    assert claim_step(KIND) is None


def test_the_older_of_two_claims_in_one_process_learns_that_it_lost(company: Company) -> None:
    rows.submitted(company)
    older = claimed()
    run_out(older)
    newer = claimed()
    assert still_mine([older, newer]) == {(newer.step_id, newer.epoch)}
    assert renew_leases([older, newer]) == {(newer.step_id, newer.epoch)}


def test_renewing_leases_waits_for_no_lock_and_so_deadlocks_with_nobody(company: Company) -> None:
    """Whoever stops a matter locks its steps in an order of its own."""
    for _ in range(2):
        rows.submitted(company)
    claims = [claimed(), claimed()]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE matters_step SET attempt = attempt WHERE id = %s", [claims[1].step_id])
        renewing = in_background(lambda: renew_leases(claims))
        try:
            assert len(renewing.result(timeout=5)) == 2, "a claim whose row is locked is lost"
        except StillWaiting:
            pytest.fail("renewing leases waits for a row that somebody else has locked")


def test_retry_leaves_a_step_alone_that_was_claimed_meanwhile(company: Company) -> None:
    """A step that was ready when Retry looked is running when it writes: it must not be begun twice."""
    matter = rows.submitted(company)
    with transaction.atomic(), connection.cursor() as cursor:
        # The claim is not committed yet when Retry begins, and is when it has the row.
        cursor.execute(
            "UPDATE matters_step SET state = 'running', epoch = epoch + 1, due_at = now() + interval '1 minute'"
        )
        retrying = in_background(lambda: revive(matter))
        wait_for_a_lock()
    retrying.result(timeout=10)
    assert matter.steps.get().state == StepState.RUNNING


def revive(matter: Matter) -> None:
    with transaction.atomic():
        revive_steps(matter)


def wait_for_a_lock() -> None:
    def somebody_waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND transactionid IS NOT NULL")
            return cursor.fetchone() is not None

    wait_until(somebody_waits, "somebody waits for the row")
