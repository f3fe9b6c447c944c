"""Asking a colleague: a question that somebody else of the company is to answer. Whoever answers first closes it."""

import time
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from companies.models import Company, Membership, User
from matters.each import do_for_each
from matters.events import events_together, question_updated, tell_events
from matters.models import Matter, Notice, Question
from matters.notices.models import TASK, NoticeKind
from matters.services import NotAllowed, lock_kept_matter, lock_matter, question_of
from matters.states import ENDED, SETTLED, QuestionStatus
from matters.validation import check_storable
from matters.wakeup import wake_workers

LOCKED_SECONDS = 2.0  # for all matters that are locked when somebody leaves: who leaves waits for the answer


class NoSuchMember(Exception):
    """The address is nobody's of the matter's company. `str()` says what to do."""


def assign_question(matter_id: UUID, question_id: UUID, email: str | None, *, by: User | None = None) -> Question:
    """Ask the member of the matter's company with that address, who is sent an e-mail; None takes it back.

    The same person again changes nothing. Raises NoSuchMember; NotAllowed where nothing is to be answered any more;
    Question.DoesNotExist for one that is not this matter's; ValueError as `check_storable` does.
    """
    check_storable(email or "")
    with transaction.atomic():
        matter = lock_kept_matter(matter_id)
        question = question_of(matter_id, question_id)
        asked = colleagues(matter.company_id).filter(email__iexact=email.strip()).first() if email is not None else None
        if email is not None and asked is None:
            raise NoSuchMember("Give the address of a member of your company.")
        if question.status in SETTLED or matter.status in ENDED:
            raise NotAllowed("This question no longer needs an answer.")
        if question.assigned_to == asked:
            return question
        _give(matter, question, asked, "a colleague was asked" if asked else "taken back")
        if asked is not None and asked != by:
            _tell(question, asked, by)
    return question


def colleagues(company_id: UUID) -> QuerySet[User]:
    """Who may be asked: the company's members."""
    return User.objects.filter(memberships__company=company_id, is_active=True).order_by("email")


def only_colleague(company_id: UUID, user: User) -> User:
    """The one member of the company beside `user`. Raises NoSuchMember where there is none, or a choice."""
    others = list(colleagues(company_id).exclude(pk=user.pk)[:2])
    if len(others) != 1:
        raise NoSuchMember("Your company's members have changed. Reload the page, and choose who should answer.")
    return others[0]


def questions_for(user: User) -> QuerySet[Question]:
    """What waits for an answer of `user`, in whatever company, by when they were asked."""
    asked = Question.objects.filter(assigned_to=user, status=QuestionStatus.AWAITING_FOUNDER, matter__deleted_at=None)
    return asked.exclude(matter__status__in=ENDED).order_by("assigned_at", "position")


def _give(matter: Matter, question: Question, asked: User | None, why: str) -> None:
    question.assigned_to, question.assigned_at = asked, timezone.now() if asked else None
    question.save(update_fields=["assigned_to", "assigned_at"])
    if matter.status not in ENDED:  # an ended matter's stream has ended, too
        tell_events(matter.pk, [question_updated(question, why=why)])


def _tell(question: Question, asked: User, by: User | None) -> None:
    """Have the e-mail sent: its row is stored with the assignment, so that no mail server is waited for."""
    assert question.assigned_at is not None
    Notice.objects.create(
        matter_id=question.matter_id,
        user=asked,
        question=question,
        kind=NoticeKind.ASKED,
        occasion=question.assigned_at.isoformat(),
        by=by,
        due_at=question.assigned_at,
        created_at=question.assigned_at,
    )
    wake_workers([(TASK, 0)])


def take_back_from(*, company: Company, user: User, **_sent: object) -> None:
    """Somebody is no member of `company` any more: nobody waits for their answers there."""
    _take_back(_asked_in_vain().filter(matter__company=company, assigned_to=user))


def take_back_from_who_left() -> None:
    """The same of all who left in whatever way, or are not active any more: also what was locked when they left.

    Of what waits for an answer alone, which an index has: beat looks every minute.
    """
    _take_back(_asked_in_vain().filter(status=QuestionStatus.AWAITING_FOUNDER))


def _asked_in_vain() -> QuerySet[Question]:
    """Questions that somebody was given who is no active member of the matter's company."""
    member = Membership.objects.filter(
        company=OuterRef("matter__company"), user=OuterRef("assigned_to"), user__is_active=True
    )
    return Question.objects.filter(~Exists(member), assigned_to__isnull=False)


def _take_back(questions: QuerySet[Question]) -> None:
    """Go on past matters that somebody keeps locked: they are waited for together, and not for long."""
    ends_at = time.monotonic() + LOCKED_SECONDS

    def take_back_in(matter_id: UUID) -> None:
        with transaction.atomic(), events_together(matter_id):
            matter = lock_matter(matter_id, seconds=max(0.1, ends_at - time.monotonic()))
            for question in questions.filter(matter=matter):  # looked at anew: one may be asked of somebody else by now
                _give(matter, question, None, "whoever was asked is not there any more")

    matters = set(questions.order_by().values_list("matter", flat=True))
    do_for_each(matters, take_back_in, "taking back what was asked of somebody who left")
