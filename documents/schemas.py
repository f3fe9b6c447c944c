"""What the API shows of documents, for its description: tests hold real answers against it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from ninja import Schema

from documents.models import Document


class DocumentOut(Schema):
    """A document. `pages` are sections where `page_word` says so; `question` is the one that it was attached to."""

    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    pages: int
    pages_without_text: int
    page_word: str
    question: UUID | None
    created_at: datetime


class DocumentList(Schema):
    """All documents of a matter, the oldest first; `next` is always null."""

    items: list[DocumentOut]
    next: None


def document_as_json(document: Document) -> dict[str, Any]:
    """As `DocumentOut` has it."""
    return {
        "id": str(document.pk),
        "name": document.name,
        "media_type": document.media_type,
        "size": document.size,
        "sha256": document.sha256,
        "pages": document.pages,
        "pages_without_text": document.pages_without_text,
        "page_word": document.page_word,
        "question": str(document.question_id) if document.question_id else None,
        "created_at": document.created_at,
    }
