"""What a person answers, and the answer that they confirm in a document. Whoever answers first closes the round."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from companies.models import User
from matters.events import events_together
from matters.facts.offering import offer_of
from matters.facts.values import in_words
from matters.ledger import NewStep, cancel_beside, insert_steps
from matters.models import Matter, Question
from matters.services import NotAllowed, change_question, change_status, lock_kept_matter, question_of
from matters.states import ENDED, MatterStatus, QuestionStatus


def answer_question(
    matter_id: UUID,
    question_id: UUID,
    answer: str | None,
    *,
    round: int | None = None,
    by: User | None = None,
    offered: bool = False,
) -> Question:
    """Take a person's answer (None: they don't know) to the question's present round.

    `offered`: the answer is that what the question offers is still right. The same answer again in its round changes
    nothing. Raises NotAllowed for another answer, a later round, a question that nobody is asked, or where nothing is
    offered any more; Question.DoesNotExist for one that is not this matter's.
    """
    with transaction.atomic(), events_together(matter_id):
        matter = lock_kept_matter(matter_id)
        question = question_of(matter_id, question_id)
        wanted = question.round if round is None else round
        if given := _given(question, wanted):
            if "offered" in given if offered else given["answer"] == answer:
                return question
            raise NotAllowed(_answered_words(given))
        said, source = {"round": wanted, "answer": answer, "by": by.pk if by else None}, "founder"
        if offered:
            _check_asked(matter, question, wanted)
            offer = offer_of(question)
            if offer is None:
                raise NotAllowed("What was offered has changed in the meantime; look again.")
            said, source = said | {"answer": in_words(offer.value, offer.unit), "offered": offer.pk}, offer.source
        _take_answer(matter, question, said, source)
    return question


def confirm_proposal(
    matter_id: UUID, question_id: UUID, *, quote: str | None = None, round: int | None = None, by: User | None = None
) -> Question:
    """Take the answer that was proposed from a document as the person's own. `quote`: the one that they saw.

    Done again it changes nothing. Raises NotAllowed where nothing, or something else by now, is proposed, and as
    `answer_question` does.
    """
    with transaction.atomic(), events_together(matter_id):
        matter = lock_kept_matter(matter_id)
        question = question_of(matter_id, question_id)
        wanted = question.round if round is None else round
        if given := _given(question, wanted):
            if "proposal" in given and quote in (None, given["proposal"]["quote"]):
                return question
            raise NotAllowed(_answered_words(given))
        proposal = question.proposal
        if proposal is None or quote not in (None, proposal["quote"]):
            raise NotAllowed("This is no longer proposed: look again, or give an answer of your own.")
        said = {"round": wanted, "answer": proposal["answer"], "by": by.pk if by else None, "proposal": proposal}
        _take_answer(matter, question, said, "document")
    return question


def _answered_words(given: dict[str, Any]) -> str:
    """What is told to whoever comes second: who was first. `given`: their answer."""
    first = User.objects.filter(pk=given["by"]).first() if given["by"] else None
    return f"This question has already been answered{f', by {first}' if first else ''}."


def _given(question: Question, wanted: int) -> dict[str, Any] | None:
    return next((a for a in question.answers if a["round"] == wanted), None)


def _check_asked(matter: Matter, question: Question, wanted: int) -> None:
    """Raises NotAllowed where nobody is asked the question, or another round of it."""
    if wanted != question.round or question.status != QuestionStatus.AWAITING_FOUNDER or matter.status in ENDED:
        raise NotAllowed("This question is not being asked right now.")


def _take_answer(matter: Matter, question: Question, said: dict[str, Any], source: str) -> None:
    """Keep what a person answered, and have it read. Raises NotAllowed for a question that nobody is asked."""
    wanted = said["round"]
    _check_asked(matter, question, wanted)
    said |= {"on": timezone.now().date().isoformat()}
    fields = {"answers": [*question.answers, said], "source": source, "proposal": None}
    change_question(question, QuestionStatus.NORMALISING, "answered by a person", **fields)
    cancel_beside(matter, question)
    insert_steps(
        matter, [NewStep("normalise_answer", f"normalise_answer:{question.position}:{wanted}", str(question.pk))]
    )
    if matter.status == MatterStatus.AWAITING_FOUNDER:
        change_status(matter, MatterStatus.GATHERING, "a question was answered")
