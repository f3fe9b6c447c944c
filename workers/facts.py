"""From an answer to a typed fact: normalise_answer."""

from typing import Any, cast

from documents.services import search_documents_for
from matters.facts.offering import accepted_offer
from matters.facts.storing import How, NewFact, as_new, record_of, store_fact, subject_of
from matters.models import Fact, FactStatus, Matter, Question, Step
from matters.questions.fetching import is_about_person
from matters.questions.gathering import look_whether_gathered
from matters.services import change_question, question_of
from matters.states import QuestionStatus, StepState
from workers.claims import expect_steps
from workers.people import choose_person
from workers.steps import normalise_answer as normalise
from workers.steps.base import Kind, ReplyInvalid
from workers.steps.typed_facts import FactValue, Unreadable, to_fact
from workers.steps.us_states import other_names
from workers.work import Work, ask_again

ROUNDS = 2  # how often a person is asked the same before their words are kept as they are


def normalise_answer(work: Work) -> None:
    """Read a person's answer as the kind of fact that was asked for; one that was offered is taken as it is.

    What can't be read is asked once more, with the reason; then the words are kept as an unverified fact.
    """
    question = question_of(work.claim.matter_id, work.claim.subject)
    if question.answer is None:
        with work.finish({"known": False}) as matter:
            missing = _said(matter, question, None, status=_status_without(question))
            _settle(matter, question, QuestionStatus.UNKNOWN, "the person does not know", missing)
        return
    if (entry := accepted_offer(question)) is not None:
        with work.finish({"offered": True}) as matter:
            _settle(matter, question, QuestionStatus.ANSWERED, "still right", as_new(entry), How.CONFIRMED)
        return
    read = _read(work, question, question.answer)
    with work.finish({"readable": isinstance(read, FactValue)}) as matter:
        if isinstance(read, FactValue):
            as_of = read.as_of or question.answered_on  # true, as far as the person knew, when they said it
            also = other_names(read.value) if question.kind == "text" else ()
            fact = _said(matter, question, read.value, unit=read.unit, as_of=as_of, statement=read.statement, also=also)
            _settle(matter, question, QuestionStatus.ANSWERED, "read as a fact", fact)
        elif read is not None and question.round < ROUNDS:
            expect_steps(matter, 1)
            ask_again(question, read.reason)
            search_documents_for(matter, question)
            look_whether_gathered(matter)
        else:
            words = _said(matter, question, question.answer, status=FactStatus.UNVERIFIED)
            _settle(matter, question, QuestionStatus.ANSWERED, "kept as it was said", words)


def _status_without(question: Question) -> FactStatus:
    """Of a fact that nobody gives: a provider may have it, and hold it back."""
    read = Step.objects.filter(matter=question.matter_id, kind="convert_record", subject=str(question.pk))
    held_back = read.filter(state=StepState.DONE, result__status="redacted").exists()
    return FactStatus.REDACTED if held_back else FactStatus.MISSING


def _read(work: Work, question: Question, answer: str) -> FactValue | Unreadable | None:
    if is_about_person(question) and answer in question.choices:  # a click, and no words that a model must read
        return FactValue(question.key, answer, None, None, f"The question is about {answer}.")
    given = normalise.NormaliseAnswerInput(
        question.text, cast(Kind, question.kind), tuple(question.choices), answer, question.answered_on
    )
    try:
        reply = work.ask(normalise.build_request(given))
    except ReplyInvalid:
        return None  # the model's fault, not the person's: they are not asked again for it
    return to_fact(question.key, given, reply)


def _said(matter: Matter, question: Question, value: str | None, **fact: Any) -> NewFact:
    """What a person said of the company, or of the person whom the matter is about, with what was known already.

    Or what they confirmed from a document.
    """
    known = {"unit": None, "as_of": None, "statement": "", "subject": subject_of(matter, question.about)} | fact
    if question.known:
        known["statement"] = f"{known['statement']} From the records: {question.known}".strip()
    seen = _seen_in(question)
    record_id = record_of(seen) if seen else ""
    return NewFact(question.key, value, source="document" if seen else "founder", record_id=record_id, **known)


def _seen_in(question: Question) -> dict[str, Any] | None:
    """The proposal that the newest answer confirmed, if it is one."""
    seen: dict[str, Any] | None = question.answers[-1].get("proposal")
    return seen


def _settle(
    matter: Matter, question: Question, to: QuestionStatus, why: str, fact: NewFact, how: str = How.GATHERED
) -> None:
    """Store the fact, end the question, and go on if it was the last one."""
    stored = store_fact(matter, question, fact, question.answers[-1]["by"], how)
    if stored.statement and (seen := _seen_in(question)):
        _show_place(stored, seen)
    change_question(question, to, why)
    if is_about_person(question):
        choose_person(matter, question, fact.value)
    look_whether_gathered(matter)


def _show_place(fact: Fact, seen: dict[str, Any]) -> None:
    """Say in the matter's fact where it stands. The company's ledger outlives the document and does not quote it."""
    fact.statement = f"{fact.statement} ({seen['name']}, {seen['place']}: “{seen['quote']}”)"
    fact.save(update_fields=["statement"])
