"""Which pages of a matter's documents may hold an answer: those that share words with the question, the best first."""

import re
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from documents.reading.kinds import page_word

MOST_FOUND = 30
_FEW = 30  # with so few pages all are looked at, whatever words they have
_WORD = re.compile(r"[^\W_]+")

_FIND = """
WITH theirs AS (
    SELECT t.text, t.number, t.search_vector, d.id, d.name, d.media_type, d.question_id, d.created_at
      FROM documents_documentpage t JOIN documents_document d ON d.id = t.document_id
     WHERE d.matter_id = %(matter)s AND (%(only)s::uuid IS NULL OR d.id = %(only)s) AND t.text <> ''
), best AS (
    SELECT theirs.*, ts_rank(search_vector, to_tsquery('english', %(words)s)) AS likeness FROM theirs
     WHERE search_vector @@ to_tsquery('english', %(words)s) OR (SELECT count(*) FROM theirs) <= %(few)s
     ORDER BY likeness DESC, created_at, number LIMIT %(most)s
)
SELECT id, name, media_type, question_id, number, text FROM best ORDER BY created_at, id, number
"""


@dataclass(frozen=True)
class FoundPage:
    """A page with text. `place` is what a person calls it; `attached_to`: the question that its document is for."""

    document: UUID
    name: str
    place: str
    attached_to: UUID | None
    number: int
    text: str


def find_pages(matter_id: UUID, wanted: str, only: UUID | None = None) -> list[FoundPage]:
    """The `MOST_FOUND` best pages for the words of `wanted`, in the documents' own order; `only`: of one document."""
    words = " | ".join(f"'{word}'" for word in dict.fromkeys(_WORD.findall(wanted.lower()[:4_000]))) or "'a'"
    values = {"matter": matter_id, "only": only, "words": words, "few": _FEW, "most": MOST_FOUND}
    with connection.cursor() as cursor:
        cursor.execute(_FIND, values)
        rows = cursor.fetchall()
    return [
        FoundPage(document, name, f"{page_word(media_type)} {number}", question, number, text)
        for document, name, media_type, question, number, text in rows
    ]
