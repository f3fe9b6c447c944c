"""Appending to a matter's event stream."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from matters.models import Matter, Question
from matters.progress import progress_of


@dataclass(frozen=True)
class NewEvent:
    """An event to be: `type` and `data` as `docs/contract.md` has them, the rest for the record."""

    type: str
    data: dict[str, Any]
    from_status: str = ""
    to_status: str = ""
    why: str = ""


_to_come: ContextVar[list[NewEvent] | None] = ContextVar("_to_come", default=None)
_APPEND = """
WITH numbered AS (
    UPDATE matters_matter SET event_number = event_number + %(count)s WHERE id = %(matter)s RETURNING event_number
), appended AS (
    INSERT INTO matters_event (matter_id, number, type, data, from_status, to_status, why, at)
    SELECT %(matter)s, n.event_number - %(count)s + d.position, d.type, d.data::jsonb,
           d.from_status, d.to_status, d.why, clock_timestamp()
      FROM numbered n,
           unnest(%(types)s::text[], %(datas)s::text[], %(froms)s::text[], %(tos)s::text[], %(whys)s::text[])
           WITH ORDINALITY AS d (type, data, from_status, to_status, why, position)
    RETURNING number
)
SELECT max(number) FROM appended
"""


@contextmanager
def events_together(matter_id: UUID) -> Iterator[None]:
    """Inside, the events that are to be told of the one matter wait for its end, and are appended by one statement."""
    to_come: list[NewEvent] = []
    before = _to_come.set(to_come)
    try:
        yield
        if to_come:
            append_events(matter_id, [])
    finally:
        _to_come.reset(before)


def tell_events(matter_id: UUID, events: Sequence[NewEvent]) -> None:
    """Append `events` behind those told before, by the end of `events_together` where that was begun, else now."""
    to_come = _to_come.get()
    if to_come is None:
        append_events(matter_id, events)
    else:
        to_come += events


def append_events(matter_id: UUID, events: Sequence[NewEvent]) -> int:
    """Append what was told and `events`, in this order, now; returns the last one's number.

    Takes the matter's row lock until the transaction ends, so that numbers are committed in their order.
    """
    if told := _to_come.get():
        events = [*told, *events]
        told.clear()
    columns: dict[str, Any] = {
        "count": len(events),
        "matter": matter_id,
        "types": [e.type for e in events],
        "datas": [json.dumps(e.data) for e in events],
        "froms": [e.from_status for e in events],
        "tos": [e.to_status for e in events],
        "whys": [e.why for e in events],
    }
    with connection.cursor() as cursor:
        cursor.execute(_APPEND, columns)
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def matter_updated(matter: Matter, *, from_status: str = "", why: str = "") -> NewEvent:
    """`matter.updated`: where `matter` stands now."""
    return NewEvent("matter.updated", progress_of(matter), from_status, matter.status, why)


def question_updated(question: Question, *, from_status: str = "", why: str = "") -> NewEvent:
    """`question.updated`: where `question` stands now."""
    return NewEvent(
        "question.updated",
        {
            "question": str(question.id),
            "text": question.wording or question.text,
            "why": question.why,
            "kind": question.kind,
            "status": question.status,
            "round": question.round,
            "source": question.source,
            "answer": question.answer,
            "proposal": question.proposal,
        },
        from_status,
        question.status,
        why,
    )
