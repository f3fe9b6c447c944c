"""Retry and Regenerate: what was done stays done, what was left undone is done."""

from typing import Any

import pytest
from django.db import transaction

from advice.models import AttemptStatus
from advice.services import cancel_matter
from companies.models import Company
from matters.going_on import regenerate_matter, retry_matter
from matters.ledger import NewStep, insert_steps
from matters.models import Matter, Step
from matters.services import NotAllowed, fail_matter, lock_matter, set_waiting
from matters.states import MatterStatus, QuestionStatus, StepState, WaitingFor
from tests import rows
from tests.threads import at_once
from workers.claims import claim_step

pytestmark = pytest.mark.django_db(transaction=True)
PROBLEM = {"code": "cut", "message": "The answer broke off.", "retryable": True}


def with_steps(matter: Matter, *steps: NewStep) -> list[Step]:
    with transaction.atomic():
        return insert_steps(lock_matter(matter.pk), steps)


def give_up(matter: Matter, step: Step) -> None:
    """As a worker does whose step has no call left."""
    with transaction.atomic():
        locked = lock_matter(matter.pk)
        Step.objects.filter(pk=step.pk).update(state=StepState.DEAD, calls_seen=3, attempt=3, error=PROBLEM)
        for question in locked.questions.filter(pk=step.subject) if step.subject else ():
            question.status = QuestionStatus.FAILED
            question.save()
        fail_matter(locked, PROBLEM, "it gave up")
    matter.refresh_from_db()


@pytest.fixture
def failed(company: Company) -> Matter:
    """One of two questions could not be routed; the other one's step is held."""
    matter = rows.gathering(company, 2, QuestionStatus.ROUTING)
    steps = with_steps(
        matter, *[NewStep("route_question", f"route_question:{q.position}", str(q.pk)) for q in matter.questions.all()]
    )
    give_up(matter, steps[0])
    return matter


def states_of(matter: Matter, version: int = 1) -> list[str]:
    steps = matter.steps.filter(version=version).exclude(kind="plan_search").order_by("pk")
    return list(steps.values_list("state", flat=True))


def statuses_of(matter: Matter) -> list[str]:
    return list(matter.questions.values_list("status", flat=True))


def test_a_matter_that_fails_holds_its_other_steps(failed: Matter) -> None:
    assert states_of(failed) == [StepState.DEAD, StepState.HELD]
    assert (failed.status, failed.failed_from, failed.error) == ("failed", "gathering", PROBLEM)
    assert rows.event_types(failed)[-2:] == ["matter.failed", "matter.updated"]
    assert claim_step("route_question") is None


def test_retry_goes_on_where_it_failed_with_all_tries_before_it(failed: Matter) -> None:
    matter, done = retry_matter(failed.pk)
    assert done
    assert (matter.status, matter.failed_from, matter.error, matter.retries) == ("gathering", None, None, 1)
    assert states_of(failed) == [StepState.READY] * 2
    assert statuses_of(failed) == [QuestionStatus.ROUTING] * 2
    claim = claim_step("route_question")
    assert claim is not None
    assert (claim.calls_seen, claim.attempt) == (1, 1)


def test_retry_again_finds_nothing_to_do(failed: Matter) -> None:
    retry_matter(failed.pk)
    events = failed.events.count()
    assert retry_matter(failed.pk)[1] is False
    assert failed.events.count() == events


def test_retry_makes_a_matter_that_waits_for_the_model_try_at_once(company: Company) -> None:
    matter = rows.advising(company)
    (step,) = with_steps(matter, NewStep("draft_advice", "draft_advice"))
    with transaction.atomic():
        set_waiting(lock_matter(matter.pk), WaitingFor.PROVIDER, "no model", PROBLEM)
        step.due_at = step.created_at.replace(year=step.created_at.year + 1)
        step.save()
    assert claim_step("draft_advice") is None
    assert retry_matter(matter.pk)[1] is True
    assert claim_step("draft_advice") is not None


@pytest.mark.parametrize("status", [MatterStatus.RESEARCHING, MatterStatus.CANCELED])
def test_a_matter_that_neither_failed_nor_waits_is_not_retried(company: Company, status: MatterStatus) -> None:
    matter = rows.submitted(company)
    rows.move(matter, status)
    with pytest.raises(NotAllowed, match="can be retried"):
        retry_matter(matter.pk)


def test_an_advised_matter_gets_a_new_version_of_its_advice_alone(company: Company) -> None:
    matter = rows.advising(company)
    attempt = rows.begun(matter)
    rows.append(attempt, "The first advice.")
    rows.advised(matter, attempt)

    matter, done = regenerate_matter(matter.pk)
    assert done
    assert (matter.status, matter.version, matter.steps_done, matter.steps_total) == ("advising", 2, 0, 1)
    assert list(matter.steps.filter(version=2).values_list("kind", "state")) == [("draft_advice", StepState.READY)]
    attempt.refresh_from_db()
    assert (attempt.status, attempt.text) == (AttemptStatus.COMPLETE, "The first advice.")
    again = rows.begun(matter)
    assert (again.version, again.number) == (2, 1)


def test_a_canceled_matter_goes_on_with_what_was_left_undone(company: Company) -> None:
    matter = rows.gathering(company, 2, QuestionStatus.NORMALISING)
    one, two = matter.questions.all()
    steps = with_steps(
        matter,
        NewStep("normalise_answer", "normalise_answer:1:1", str(one.pk)),
        NewStep("normalise_answer", "normalise_answer:2:1", str(two.pk), {"kept": True}),
    )
    Step.objects.filter(pk=steps[0].pk).update(state=StepState.DONE)
    cancel_matter(matter.pk)

    matter, done = regenerate_matter(matter.pk)
    assert done
    assert (matter.status, matter.version) == ("gathering", 2)
    undone = matter.steps.filter(version=2).values("kind", "key", "subject", "payload", "state")
    assert list(undone) == [
        {
            "kind": "normalise_answer",
            "key": "normalise_answer:2:1",
            "subject": str(two.pk),
            "payload": {"kept": True},
            "state": "ready",
        }
    ]
    assert states_of(matter) == [StepState.DONE, StepState.CANCELED]


@pytest.mark.parametrize(
    ("begin", "expected"),
    [
        (lambda company: rows.submitted(company), "queued"),
        (lambda company: rows.gathering(company, 2, QuestionStatus.AWAITING_FOUNDER), "awaiting_founder"),
    ],
)
def test_a_canceled_matter_stands_again_where_it_stood(company: Company, begin: Any, expected: str) -> None:
    matter = begin(company)
    cancel_matter(matter.pk)
    assert regenerate_matter(matter.pk)[0].status == expected


def test_a_failed_matter_can_be_regenerated_too(failed: Matter) -> None:
    matter, done = regenerate_matter(failed.pk)
    assert done
    assert (matter.status, matter.version, matter.error, matter.failed_from) == ("gathering", 2, None, None)
    assert states_of(matter) == [StepState.CANCELED] * 2
    assert states_of(matter, version=2) == [StepState.READY] * 2
    assert statuses_of(matter) == [QuestionStatus.ROUTING] * 2


def test_a_first_version_that_is_being_written_is_not_regenerated(company: Company) -> None:
    matter = rows.advising(company)
    with pytest.raises(NotAllowed, match="not written yet"):
        regenerate_matter(matter.pk)


def test_of_many_wishes_for_a_new_version_one_counts(company: Company) -> None:
    matter = rows.advising(company)
    rows.advised(matter, rows.begun(matter))
    done = at_once(*[lambda: regenerate_matter(matter.pk)[1]] * 4)
    matter.refresh_from_db()
    assert sorted(done) == [False, False, False, True]
    assert matter.version == 2
