"""What is known already is offered to a person who is asked for it: to say that it is still right is one click."""

from django.utils import timezone

from matters.events import question_updated, tell_events
from matters.facts.storing import subject_of
from matters.models import CompanyFact, CompanyFactEntry, Matter, Question
from matters.states import About, QuestionStatus


def offer_for(matter: Matter, question: Question) -> int | None:
    """The entry of the ledger that answers a question of `matter`, if there is one that is fresh."""
    subject = subject_of(matter, question.about)
    if question.about == About.MATTER or (question.about == About.PERSON and not subject):
        return None
    line = CompanyFact.objects.filter(
        company_id=matter.company_id,
        matter=None,
        subject=subject,
        key=question.key,
        kind=question.kind,
        status=CompanyFact.Status.KNOWN,
        stale_at__gt=timezone.now(),
    ).first()
    fits = line is not None and (not question.choices or line.value in question.choices)
    return line.current_entry if line is not None and fits else None


def offer_to_open(matter: Matter) -> None:
    """Offer what the ledger has to the open questions about the person of a locked `matter`, who has become known."""
    open_ = matter.questions.filter(about=About.PERSON, status=QuestionStatus.AWAITING_FOUNDER, offered=None)
    told = []
    for question in open_:
        question.offered_id = offer_for(matter, question)
        if question.offered_id is not None:
            question.save(update_fields=["offered"])
            told.append(question_updated(question, why="it is known whom it is about, and what was said of them"))
    if told:
        tell_events(matter.pk, told)


def offer_of(question: Question) -> CompanyFactEntry | None:
    """What is offered now: while the question is asked, and the entry is the ledger's newest, and fresh."""
    if question.status != QuestionStatus.AWAITING_FOUNDER or question.offered is None:
        return None
    line = question.offered.fact
    still = line.status == CompanyFact.Status.KNOWN and line.current_entry == question.offered.pk
    return question.offered if still and line.stale_at > timezone.now() else None


def accepted_offer(question: Question) -> CompanyFactEntry | None:
    """The entry of which the newest answer says that it is still right; None where the answer is in words."""
    accepted = question.answers[-1].get("offered")
    return CompanyFactEntry.objects.select_related("fact").filter(pk=accepted).first() if accepted else None
