"""The life of an attempt: what was streamed is what is kept, and stopping a matter stops it for good."""

import hashlib

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from advice import api
from advice.models import Attempt, AttemptStatus, Chunk
from advice.services import cancel_matter, end_attempt, folded_text
from companies.models import Company
from matters.ledger import NewStep, insert_steps
from matters.models import Matter
from matters.services import NotAllowed, lock_matter, set_waiting
from matters.states import MatterStatus, QuestionStatus, StepState, WaitingFor
from tests import rows
from workers.claims import Fenced, claim_step, finishing

pytestmark = pytest.mark.django_db(transaction=True)


def last_event(matter: Matter, type_: str) -> dict[str, object]:
    return dict(matter.events.filter(type=type_).latest("number").data)


@pytest.mark.parametrize("status", [AttemptStatus.COMPLETE, AttemptStatus.INCOMPLETE, AttemptStatus.CANCELED])
def test_an_attempt_that_stands_is_folded_and_announced_with_its_digest(matter: Matter, status: AttemptStatus) -> None:
    attempt = rows.begun(matter)
    for text in ("Clef 𝄞, ", "é ", "😀"):
        rows.append(attempt, text)
    attempt = rows.ended(attempt, status)
    text = "Clef 𝄞, é 😀"
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert (attempt.status, attempt.text, attempt.length, attempt.sha256) == (status, text, len(text), digest)
    assert last_event(matter, "advice.completed") == {
        "version": 1,
        "attempt": 1,
        "length": len(text),
        "sha256": digest,
        "status": str(status),
    }
    assert attempt.ended_event == matter.events.latest("number").number
    assert not Chunk.objects.exists()


@pytest.mark.parametrize("status", [AttemptStatus.SUPERSEDED, AttemptStatus.FAILED])
def test_an_attempt_that_was_given_up_keeps_its_text_and_is_announced_as_superseded(
    matter: Matter, status: AttemptStatus
) -> None:
    attempt = rows.begun(matter)
    rows.append(attempt, "half a")
    attempt = rows.ended(attempt, status)
    assert (attempt.text, attempt.status) == ("half a", status)
    assert last_event(matter, "advice.superseded") == {"version": 1, "attempt": 1, "reason": "ended by a test"}


def test_the_next_attempt_supersedes_one_that_still_streams(matter: Matter) -> None:
    first = rows.begun(matter)
    rows.append(first, "interrupted")
    second = rows.begun(matter)
    first.refresh_from_db()
    assert (first.status, first.text) == (AttemptStatus.SUPERSEDED, "interrupted")
    assert (second.version, second.number, second.status) == (1, 2, AttemptStatus.STREAMING)
    assert rows.event_types(matter)[-3:] == ["advice.started", "advice.superseded", "advice.started"]
    third = {"version": 1, "number": 3, "epoch": 1, "model": "m", "started_event": 1, "created_at": timezone.now()}
    with pytest.raises(IntegrityError):  # whoever goes past the services
        Attempt.objects.create(matter=matter, **third)


def test_checks_are_announced_before_the_end(matter: Matter) -> None:
    attempt = rows.begun(matter)
    rows.append(attempt, "Thirty days [P1].")
    check = {"start": 0, "end": 17, "verdict": "supported", "sources": ["P1"], "reason": ""}
    with transaction.atomic():
        lock_matter(matter.pk)
        end_attempt(attempt, AttemptStatus.COMPLETE, checks=(check,))
    assert rows.event_types(matter)[-2:] == ["advice.checked", "advice.completed"]
    assert last_event(matter, "advice.checked") == {"version": 1, "attempt": 1} | check
    assert attempt.checks.values(*check).get() == check


def test_stopping_keeps_the_partial_text_and_refuses_what_comes_later(matter: Matter) -> None:
    with transaction.atomic():
        insert_steps(lock_matter(matter.pk), [NewStep("draft_advice", "draft_advice")])
    claim = claim_step("draft_advice")
    assert claim is not None
    attempt = rows.begun(matter)
    rows.append(attempt, "as far as it came")

    matter, done = cancel_matter(matter.pk)
    assert done
    assert matter.status == MatterStatus.CANCELED
    assert rows.event_types(matter)[-2:] == ["advice.completed", "matter.updated"]
    attempt.refresh_from_db()
    assert (attempt.status, attempt.text) == (AttemptStatus.CANCELED, "as far as it came")
    with pytest.raises(Fenced), finishing(claim):
        pass
    assert claim_step("draft_advice") is None


@pytest.mark.parametrize("status", [s for s in MatterStatus if s not in (MatterStatus.ADVISED, MatterStatus.CANCELED)])
def test_a_matter_can_be_stopped_anywhere_before_its_end(company: Company, status: MatterStatus) -> None:
    matter = Matter.objects.create(company=company, question="?", status=status)
    with transaction.atomic():
        insert_steps(matter, [NewStep("plan_search", "plan_search")])
    assert cancel_matter(matter.pk)[0].status == MatterStatus.CANCELED
    assert matter.steps.get().state == StepState.CANCELED


def test_stopping_again_changes_nothing(matter: Matter) -> None:
    cancel_matter(matter.pk)
    events = matter.events.count()
    assert cancel_matter(matter.pk)[1] is False
    assert matter.events.count() == events


def test_what_is_advised_is_not_stopped(matter: Matter) -> None:
    rows.advised(matter, rows.begun(matter))
    with pytest.raises(NotAllowed, match="written already"):
        cancel_matter(matter.pk)


def test_a_matter_that_is_stopped_does_not_go_on_waiting(company: Company) -> None:
    matter = rows.gathering(company, 1, QuestionStatus.ROUTING)
    with transaction.atomic():
        set_waiting(lock_matter(matter.pk), WaitingFor.PROVIDER, "no model", {"code": "unavailable"})
    matter, _ = cancel_matter(matter.pk)
    assert (matter.waiting_for, matter.error) == (None, None)


def test_an_advice_that_ends_while_it_is_fetched_is_not_empty(
    matter: Matter, api_key: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = rows.begun(matter)
    rows.append(attempt, "the whole advice")

    def end_first(pk: int) -> str:
        rows.ended(attempt)
        return folded_text(pk)

    monkeypatch.setattr(api, "folded_text", end_first)
    answer = client.get(f"/api/v1/matters/{matter.pk}/advice", headers={"Authorization": f"Bearer {api_key}"}).json()
    assert (answer["content"], answer["status"]) == ("the whole advice", "complete")


def test_folding_reads_in_the_order_of_the_offsets(matter: Matter) -> None:
    attempt = rows.begun(matter)
    for offset, text in ((10, "third"), (0, "first"), (5, " 2nd ")):
        Chunk.objects.create(attempt=attempt, offset=offset, text=text)
    assert folded_text(attempt.pk) == "first 2nd third"
