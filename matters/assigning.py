"""Asking a colleague: a question that somebody else of the company is to answer. Whoever answers first closes it."""

import logging
from uuid import UUID

from django.core.mail import send_mail
from django.db import transaction

from companies.models import Company, User
from matters.events import question_updated, tell_events
from matters.models import Question
from matters.services import NotAllowed, lock_kept_matter, lock_matter, question_of
from matters.states import ENDED, SETTLED

logger = logging.getLogger(__name__)
_SUBJECT = "A question for you on Matterstream"
_TEXT = """{who} asks you to answer a question of a legal matter:

{link}

Anybody of your company may answer it; the first answer counts.
"""


class NoSuchMember(Exception):
    """The address is nobody's of the matter's company. `str()` says what to do."""


def assign_question(
    matter_id: UUID, question_id: UUID, email: str | None, *, link: str, by: User | None = None
) -> Question:
    """Ask the member of the matter's company with that address, by an e-mail with `link`; None takes it back.

    The same person again changes nothing. Raises NoSuchMember; NotAllowed where nothing is to be answered any more;
    Question.DoesNotExist for one that is not this matter's.
    """
    with transaction.atomic():
        matter = lock_kept_matter(matter_id)
        question = question_of(matter_id, question_id)
        members = matter.company.members.filter(is_active=True)
        asked = members.filter(email__iexact=email.strip()).first() if email is not None else None
        if email is not None and asked is None:
            raise NoSuchMember("Give the address of a member of your company.")
        if question.status in SETTLED or matter.status in ENDED:
            raise NotAllowed("This question needs no answer any more.")
        if question.assigned_to == asked:
            return question
        question.assigned_to = asked
        question.save(update_fields=["assigned_to"])
        tell_events(matter_id, [question_updated(question, why="a colleague was asked" if asked else "taken back")])
        if asked is not None:
            _tell(asked.email, by.email if by else "Your company", f"{link}#card-{question.pk}")
    return question


def _tell(address: str, who: str, link: str) -> None:
    """Send the e-mail once the transaction commits; that it could not be sent is logged. No word of the question."""
    text = _TEXT.format(who=who, link=link)
    transaction.on_commit(lambda: _send(address, text), robust=True)


def _send(address: str, text: str) -> None:
    try:
        send_mail(_SUBJECT, text, None, [address])
    except OSError as error:  # smtplib's errors are OSErrors too
        logger.error("a colleague could not be told by e-mail: %s", error)


def take_back_from(*, company: Company, user: User, **_sent: object) -> None:
    """Somebody is no member of `company` any more: nobody waits for their answers there."""
    asked = Question.objects.filter(matter__company=company, assigned_to=user)
    for question_id, matter_id in list(asked.values_list("pk", "matter_id")):
        with transaction.atomic():
            lock_matter(matter_id)
            question = question_of(matter_id, question_id)
            if question.assigned_to_id == user.pk:
                question.assigned_to = None
                question.save(update_fields=["assigned_to"])
                tell_events(matter_id, [question_updated(question, why="whoever was asked left the company")])
