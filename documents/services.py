"""What happens to a document: attaching it, removing it, and having it searched for answers."""

import hashlib
from collections.abc import Iterable
from typing import IO
from uuid import UUID

from django.db import connection, transaction

from companies.models import User
from companies.postgresql.rows import fetch_rows
from documents.models import Document, DocumentContent, DocumentPage
from documents.reader import ReadDocument, read_document, turn_to_read
from documents.uploads import ending_of
from matters.events import events_together, matter_updated, question_updated, tell_events
from matters.ledger import SEARCH_DOCUMENTS, NewStep, insert_steps
from matters.models import Matter, Question, Step
from matters.services import NotAllowed, lock_kept_matter, question_of
from matters.states import ENDED, QuestionStatus, StepState

MOST_DOCUMENTS = 20  # of one matter
_TOLD = frozenset({StepState.READY, StepState.RUNNING, StepState.DONE})


def attach_document(
    matter_id: UUID, file: IO[bytes], name: str, *, question_id: UUID | None = None, by: User | None = None
) -> tuple[Document, bool]:
    """Read a file, keep it, and have its text searched for the answers that are waited for.

    `file` is open on disk, `name` a clean one. Returns the document and whether it is new: the same bytes again are
    the same document. Raises NotAllowed, Question.DoesNotExist, UnreadableError, BusyError; then nothing is stored.
    """
    sha256 = _sha256_of(file)
    with transaction.atomic():
        if there := _same_or_allowed(lock_kept_matter(matter_id), sha256, question_id):
            return there, False
    if not connection.in_atomic_block:
        connection.close()  # nothing is held while the file waits, and is read
    with turn_to_read():
        read = read_document(file, ending_of(name))
        with transaction.atomic(), events_together(matter_id):
            matter = lock_kept_matter(matter_id)
            if there := _same_or_allowed(matter, sha256, question_id):
                return there, False
            document = Document(matter=matter, question_id=question_id, name=name, sha256=sha256, uploaded_by=by)
            _store(document, read, file)
            _search_document(matter, document)
            tell_events(matter.pk, [matter_updated(matter, why="a document was attached")])
    return document, True


def _sha256_of(file: IO[bytes]) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(2**20):
        digest.update(piece)
    return digest.hexdigest()


def _same_or_allowed(matter: Matter, sha256: str, question_id: UUID | None) -> Document | None:
    """The document of these bytes; None where there is none, and one may come. Raises as `attach_document` does."""
    if there := matter.documents.filter(sha256=sha256).first():
        return there
    if matter.status in ENDED:
        raise NotAllowed("The matter has ended, so nothing more is looked up. Retry or Regenerate first.")
    if matter.documents.count() >= MOST_DOCUMENTS:
        raise NotAllowed(f"There are already {MOST_DOCUMENTS} documents. Remove one that you don't need.")
    if question_id is not None:
        question_of(matter.pk, question_id)
    return None


def _store(document: Document, read: ReadDocument, file: IO[bytes]) -> None:
    file.seek(0)
    content = file.read()
    document.media_type, document.size, document.pages = read.media_type, len(content), len(read.pages)
    document.pages_without_text = sum(not text for text in read.pages)
    document.save(force_insert=True)
    DocumentContent.objects.create(document=document, bytes=content)
    DocumentPage.objects.bulk_create(
        (DocumentPage(document=document, number=number, text=text) for number, text in enumerate(read.pages, start=1)),
        batch_size=200,
    )


def _search_document(matter: Matter, document: Document) -> None:
    """Have the document searched for every answer that is waited for, first for the one that it was attached for."""
    waiting = matter.questions.filter(status=QuestionStatus.AWAITING_FOUNDER)
    questions = sorted(waiting, key=lambda question: (question.pk != document.question_id, question.position))
    _insert_searches(matter, questions, document.pk.hex, {"document": str(document.pk)})


def search_documents_for(matter: Matter, question: Question) -> None:
    """Have all documents of a locked `matter` searched for a question that has just been put to a person."""
    if fetch_rows("SELECT 1 FROM documents_document WHERE matter_id = %(matter)s LIMIT 1", {"matter": matter.pk}):
        _insert_searches(matter, [question], "all", {})


def _insert_searches(matter: Matter, questions: Iterable[Question], where: str, payload: dict[str, str]) -> None:
    steps = [
        NewStep(SEARCH_DOCUMENTS, f"{SEARCH_DOCUMENTS}:{q.position}:{q.round}:{where}", str(q.pk), payload)
        for q in questions
    ]
    if steps:
        insert_steps(matter, steps)


def open_searches(matter: Matter) -> int:
    """For how many questions the matter's documents are still to be searched."""
    steps = matter.steps.filter(kind=SEARCH_DOCUMENTS, state__in=[StepState.READY, StepState.RUNNING])
    return steps.values("subject").distinct().count()


def own_searches(matter: Matter, documents: Iterable[Document]) -> dict[UUID, list[tuple[Document, Step]]]:
    """By question: those of `documents` that were attached to it and have not answered it, each with its search.

    READY or RUNNING: it is still to come, or under way. DONE: it came to nothing where it has an `error`, else nothing
    was found.
    """
    own = [(document, document.question_id) for document in documents if document.question_id is not None]
    if not own:
        return {}
    subjects = [str(question) for _, question in own]
    steps = list(matter.steps.filter(kind=SEARCH_DOCUMENTS, subject__in=subjects).order_by("-pk"))
    searches: dict[UUID, list[tuple[Document, Step]]] = {}
    for document, question in own:
        of_it = (None, str(document.pk))  # without one, all documents are searched
        its = (step for step in steps if step.subject == str(question) and step.payload.get("document") in of_it)
        newest = next(its, None)
        if newest is not None and newest.state in _TOLD and not (newest.result or {}).get("found"):
            searches.setdefault(question, []).append((document, newest))
    return searches


def remove_document(matter_id: UUID, document_id: UUID) -> None:
    """Forget a document, its text, and what was proposed from it. A fact that a person has confirmed stays.

    Raises NotAllowed, Document.DoesNotExist.
    """
    with transaction.atomic(), events_together(matter_id):
        matter = lock_kept_matter(matter_id)
        document = matter.documents.get(pk=document_id)
        for question in matter.questions.filter(proposal__document=str(document.pk)):
            propose(matter, question, None, "the document was removed")
        document.delete()
        if matter.status not in ENDED:
            tell_events(matter.pk, [matter_updated(matter, why="a document was removed")])


def propose(matter: Matter, question: Question, proposal: dict[str, object] | None, why: str) -> None:
    """Put an answer from a document beside a question of a locked `matter`, or take it away. It is a person's to take.

    Where the matter has ended nobody is told: its stream has ended, too.
    """
    question.proposal = proposal
    question.save(update_fields=["proposal"])
    if question.status == QuestionStatus.AWAITING_FOUNDER and matter.status not in ENDED:
        tell_events(matter.pk, [question_updated(question, from_status=question.status, why=why)])
