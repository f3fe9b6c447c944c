"""Looking for answers in the founder's documents: search_documents. Nothing waits for it, and a person decides."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from django.conf import settings

from documents.pages import FoundPage, find_pages
from documents.services import propose
from matters.models import Matter, Question
from matters.services import question_of
from matters.states import QuestionStatus
from workers.steps import quote_document as quote
from workers.steps.base import Kind
from workers.steps.passages import PageText, choose_passages
from workers.steps.quote_document import Passage, Quotation, QuoteDocumentInput
from workers.work import Work

PASSAGE_CHARACTERS = 24_000  # of documents in one prompt


def search_documents(work: Work) -> None:
    """Look for the answer to one question in the matter's documents, and propose it to the person who is asked."""
    question = question_of(work.claim.matter_id, work.claim.subject)
    only = work.claim.payload.get("document")
    pages = find_pages(work.claim.matter_id, _wanted(question), UUID(only) if only else None)
    if not pages or not _is_open(question, pages):
        with work.finish_beside({"found": False, "reason": "no page is like it"}):
            return
    passages = _passages(question, pages)
    given = QuoteDocumentInput(
        question.text,
        question.why,
        cast(Kind, question.kind),
        tuple(question.choices),
        tuple(Passage(page.name, page.place, text) for page, text in passages),
    )
    found = quote.to_quotation(given, work.ask(quote.build_request(given)))
    if not isinstance(found, Quotation):
        with work.finish_beside({"found": False, "reason": found.reason}):
            return
    page = passages[found.passage][0]
    with work.finish_beside({"found": True, "page": page.number}) as matter:
        _propose(matter, question, page, _proposal(page, found))


def _wanted(question: Question) -> str:
    return " ".join([question.text, question.wording, question.why, *question.choices])


def _passages(question: Question, pages: Sequence[FoundPage]) -> list[tuple[FoundPage, str]]:
    budget = min(PASSAGE_CHARACTERS, settings.LLM_PLAYBOOK_CHARACTERS)
    texts = [PageText(at, page.text) for at, page in enumerate(pages)]
    return [(pages[chosen.page], chosen.text) for chosen in choose_passages(texts, _wanted(question), budget)]


def _proposal(page: FoundPage, found: Quotation) -> dict[str, Any]:
    """As the API shows it."""
    return {
        "document": str(page.document),
        "name": page.name,
        "page": page.number,
        "place": page.place,
        "quote": found.quote,
        "answer": found.answer,
    }


def _propose(matter: Matter, asked: Question, page: FoundPage, proposal: dict[str, Any]) -> None:
    """Unless the question was answered or the document removed while the model was asked."""
    question = question_of(matter.pk, asked.pk)
    if (
        question.round == asked.round
        and _is_open(question, [page])
        and matter.documents.filter(pk=page.document).exists()
    ):
        propose(matter, question, proposal, "a passage was found in a document")


def _is_open(question: Question, pages: Sequence[FoundPage]) -> bool:
    """Whether a person is asked, and has no proposal yet that these pages could not better.

    What was attached for just this question goes before what was found elsewhere.
    """
    better = question.proposal is None or any(page.attached_to == question.pk for page in pages)
    return question.status == QuestionStatus.AWAITING_FOUNDER and better
