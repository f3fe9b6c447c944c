"""A matter that does not move on is seen: staff are told once an hour, by ids alone, until it does."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from pytest_django import Settings

from companies.models import Company, StaffNotice, User
from companies.staff import tell_staff
from matters.models import Event, Fact, FactStatus, Matter, Step
from matters.services import lock_matter
from matters.states import MatterStatus, QuestionStatus, StepState, WaitingFor
from matters.stuck import Cause, Stuck, stuck_matters
from tests import rows
from tests.disputes import disputed
from tests.threads import in_background
from workers.alarm import watch_matters
from workers.claims import claim_step

pytestmark = pytest.mark.django_db(transaction=True)
MINUTES = 15


@pytest.fixture(autouse=True)
def staff(settings: Settings) -> User:
    settings.STUCK_MINUTES = MINUTES
    return User.objects.create_superuser("staff@example.com")


def let_pass(minutes: float) -> None:
    """So long ago is all that has happened; leases that are kept are kept."""
    Event.objects.update(at=F("at") - timedelta(minutes=minutes))
    Step.objects.filter(state=StepState.READY).update(due_at=F("due_at") - timedelta(minutes=minutes))


def test_a_matter_whose_step_nobody_takes_is_told_of_after_its_time(company: Company) -> None:
    matter = rows.submitted(company)
    let_pass(MINUTES - 1)
    assert stuck_matters() == []
    let_pass(2)
    assert stuck_matters() == [Stuck(matter.pk, Cause.UNCLAIMED)]
    watch_matters()
    (told,) = mail.outbox
    assert told.to == ["staff@example.com"]
    assert str(matter.pk) in told.body
    assert "no worker takes it" in told.body
    assert matter.question not in f"{told.body} {told.subject}", "an e-mail holds a founder's words"


def test_staff_are_told_once_an_hour_and_of_each_cause_on_its_own(company: Company) -> None:
    rows.submitted(company)
    let_pass(MINUTES + 1)
    for _ in range(3):
        watch_matters()
    assert len(mail.outbox) == 1
    without = rows.advising(company)
    Event.objects.filter(matter=without).update(at=Now() - timedelta(hours=1))
    watch_matters()
    assert len(mail.outbox) == 2
    assert "no_step" in mail.outbox[1].subject
    StaffNotice.objects.update(sent_at=Now() - timedelta(minutes=61))
    watch_matters()
    assert len(mail.outbox) == 4, "a matter that is still stuck after an hour is told of again"


def test_an_e_mail_that_could_not_be_sent_is_sent_when_the_server_is_back_and_only_once(
    company: Company, settings: Settings
) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_PORT = "django.core.mail.backends.smtp.EmailBackend", 9  # nobody is there
    tell_staff("dead letter", "A step gave up", "plan_search")
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    watch_matters()
    assert mail.outbox == [], "the first try may be under way"
    StaffNotice.objects.update(sent_at=F("sent_at") - timedelta(seconds=31))
    for _ in range(2):
        watch_matters()
        tell_staff("dead letter", "Another one gave up", "plan_search")
    (told,) = mail.outbox
    assert (told.subject, told.body) == ("A step gave up", "plan_search")


def test_a_matter_that_waits_for_a_dispute_to_be_settled_is_not_stuck(company: Company) -> None:
    line, _ = disputed(company)
    Event.objects.exclude(matter__waiting_for=WaitingFor.CONFLICT).delete()
    let_pass(10 * MINUTES)
    assert stuck_matters() == []
    Fact.objects.filter(company_fact=line).update(status=FactStatus.KNOWN)
    assert [stuck.cause for stuck in stuck_matters()] == [Cause.NO_STEP], "it waits for what is not there"


def test_the_alarm_ends_when_the_matter_moves_on(company: Company) -> None:
    matter = rows.submitted(company)
    let_pass(MINUTES + 1)
    assert stuck_matters()
    rows.move(matter, MatterStatus.RESEARCHING)
    assert stuck_matters() == []
    watch_matters()
    assert mail.outbox == []


@pytest.mark.parametrize("reason", [WaitingFor.PROVIDER, WaitingFor.RATE_LIMIT, WaitingFor.BUDGET])
def test_a_matter_that_says_what_it_waits_for_is_not_stuck(company: Company, reason: str) -> None:
    rows.submitted(company)
    Matter.objects.update(waiting_for=reason)
    let_pass(100 * MINUTES)
    assert stuck_matters() == []


def test_a_person_may_take_their_time(company: Company) -> None:
    matter = rows.gathering(company, 1, QuestionStatus.AWAITING_FOUNDER)
    rows.move(matter, MatterStatus.AWAITING_FOUNDER)
    let_pass(100 * MINUTES)
    assert stuck_matters() == []


def test_a_matter_that_waits_for_a_person_whom_nobody_asks_is_stuck(company: Company) -> None:
    matter = rows.gathering(company, 1, QuestionStatus.ANSWERED)
    rows.move(matter, MatterStatus.AWAITING_FOUNDER)
    let_pass(MINUTES + 1)
    assert stuck_matters() == [Stuck(matter.pk, Cause.NO_STEP)]


@pytest.mark.parametrize("status", ["advised", "failed", "canceled"])
def test_an_ended_matter_is_never_stuck(company: Company, status: str) -> None:
    matter = rows.advising(company)
    if status == "advised":
        rows.advised(matter, rows.begun(matter))
    else:
        rows.move(matter, MatterStatus(status))
    let_pass(100 * MINUTES)
    assert stuck_matters() == []


def test_a_worker_that_is_at_work_has_as_long_as_its_calls_may_take(company: Company, settings: Settings) -> None:
    """A model on slow hardware writes for half an hour; a worker that hangs keeps its lease for ever."""
    settings.LLM_CALL_SECONDS = 600
    matter = rows.submitted(company)
    assert claim_step("plan_search") is not None
    let_pass(MINUTES + 19)
    assert stuck_matters() == []
    let_pass(2)
    assert stuck_matters() == [Stuck(matter.pk, Cause.RUNNING)]


def test_a_step_that_is_put_off_without_a_reason_is_seen(company: Company) -> None:
    matter = rows.submitted(company)
    let_pass(MINUTES + 1)
    Step.objects.update(due_at=Now() + timedelta(hours=1))
    assert stuck_matters() == [Stuck(matter.pk, Cause.PARKED)]


def test_a_matter_without_a_step_whose_facts_are_known_is_moved_on_and_told_of(company: Company) -> None:
    matter = rows.gathering(company, 2, QuestionStatus.ANSWERED)
    let_pass(MINUTES + 1)
    watch_matters()
    matter.refresh_from_db()
    assert matter.status == MatterStatus.ADVISING
    assert matter.steps.filter(kind="draft_advice", state=StepState.READY).count() == 1
    assert "a fault of ours" in mail.outbox[0].body
    assert stuck_matters() == []


def test_a_matter_that_somebody_keeps_locked_holds_up_no_other_without_a_step(company: Company) -> None:
    matters = [rows.gathering(company, 1, QuestionStatus.ANSWERED) for _ in range(3)]
    let_pass(MINUTES + 1)
    with transaction.atomic():
        lock_matter(matters[1].pk)
        in_background(watch_matters).result(timeout=30)
    for matter in matters:
        matter.refresh_from_db()
    assert [m.status for m in matters] == [MatterStatus.ADVISING, MatterStatus.GATHERING, MatterStatus.ADVISING]


def test_many_matters_are_counted_and_only_some_named(company: Company) -> None:
    for _ in range(25):
        rows.submitted(company)
    let_pass(MINUTES + 1)
    watch_matters()
    assert "25 matters" in mail.outbox[0].subject
    assert "and 5 more" in mail.outbox[0].body


def test_zero_minutes_turn_the_alarm_off(company: Company, settings: Settings) -> None:
    settings.STUCK_MINUTES = 0
    rows.submitted(company)
    let_pass(100 * MINUTES)
    assert stuck_matters() == []
