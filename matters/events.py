"""Appending to a matter's event stream."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection

from matters.models import Matter, Question
from matters.progress import progress_of
from matters.wakeup import wake_workers
from matters.webhooks.deliveries import TASK


class EventType(StrEnum):
    """What an event may be, and a receiver of webhooks may ask for. `advice.delta` is read from the text's rows."""

    MATTER_UPDATED = "matter.updated"
    QUESTION_UPDATED = "question.updated"
    ADVICE_STARTED = "advice.started"
    ADVICE_CHECKED = "advice.checked"
    ADVICE_SUPERSEDED = "advice.superseded"
    ADVICE_COMPLETED = "advice.completed"
    MATTER_FAILED = "matter.failed"


@dataclass(frozen=True)
class NewEvent:
    """An event to be: `type` and `data` as `docs/contract.md` has them, the rest for the record."""

    type: str
    data: dict[str, Any]
    from_status: str = ""
    to_status: str = ""
    why: str = ""


_to_come: ContextVar[list[NewEvent] | None] = ContextVar("_to_come", default=None)

# Of `appended`, what is to be sent by webhook, and where: part of the statement that appends, so that no event is
# stored without its deliveries, and a company without receivers pays for a look into an index. The hosts of a company's
# URLs share sixteen places: who is to be sent something is counted at each claim (`workers/deliveries.py`).
_DELIVERIES = """
    INSERT INTO matters_delivery (id, event_id, endpoint_id, receiver,
                                  status, due_at, attempts, epoch, last_error, created_at)
    SELECT gen_random_uuid(), a.id, receiver.endpoint,
           n.company_id || ' ' || COALESCE(receiver.endpoint::text, 'host ' || (
               hashtextextended(lower(split_part(split_part(n.webhook_url, '/', 3), '?', 1)), 0) & 15)),
           'pending', statement_timestamp(), 0, 0, '', statement_timestamp()
      FROM appended a
      JOIN numbered n ON n.id = a.matter_id
      JOIN LATERAL (
           SELECT e.id AS endpoint, e.events FROM companies_webhookendpoint e
            WHERE e.company_id = n.company_id AND e.disabled_at IS NULL
            UNION ALL SELECT NULL, NULL WHERE n.webhook_url <> '') AS receiver ON true
     WHERE CASE WHEN receiver.events IS NOT NULL THEN a.type = ANY(receiver.events)
                ELSE a.type IN ('advice.completed', 'matter.failed')
                  OR a.type = 'matter.updated' AND a.to_status = 'awaiting_founder'
                 AND a.from_status NOT IN ('', 'awaiting_founder') END  -- it came to it just now
    RETURNING 1
"""
_APPEND = f"""
WITH numbered AS (
    UPDATE matters_matter SET event_number = event_number + %(count)s WHERE id = %(matter)s
    RETURNING id, event_number, company_id, webhook_url
), appended AS (
    INSERT INTO matters_event (matter_id, number, type, data, from_status, to_status, why, at)
    SELECT %(matter)s, n.event_number - %(count)s + d.position, d.type, d.data,
           d.from_status, d.to_status, d.why, clock_timestamp()
      FROM numbered n,
           ROWS FROM (json_to_recordset(%(events)s::json)
                      AS (type text, data jsonb, from_status text, to_status text, why text))
           WITH ORDINALITY AS d (type, data, from_status, to_status, why, position)
    RETURNING id, matter_id, number, type, from_status, to_status
), delivered AS ({_DELIVERIES})
SELECT max(number), (SELECT count(*) FROM delivered) FROM appended
"""  # noqa: S608 # made of words in this file; values are bound
_APPEND_TO_EACH = f"""
WITH numbered AS (
    UPDATE matters_matter SET event_number = event_number + 1 WHERE id = ANY(%(matters)s)
    RETURNING id, event_number, company_id, webhook_url
), appended AS (
    INSERT INTO matters_event (matter_id, number, type, data, from_status, to_status, why, at)
    SELECT n.id, n.event_number, d.type, d.data, d.from_status, d.to_status, d.why, clock_timestamp()
      FROM json_to_recordset(%(events)s::json)
           AS d (matter uuid, type text, data jsonb, from_status text, to_status text, why text)
      JOIN numbered n ON n.id = d.matter
    RETURNING id, matter_id, number, type, from_status, to_status
), delivered AS ({_DELIVERIES})
SELECT count(*) FROM delivered
"""  # noqa: S608


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
    with connection.cursor() as cursor:
        told_as_json = json.dumps([vars(event) for event in events])
        cursor.execute(_APPEND, {"count": len(events), "matter": matter_id, "events": told_as_json})
        row = cursor.fetchone()
    assert row is not None
    number, deliveries = row
    if deliveries:
        wake_workers([(TASK, 0)] * deliveries)
    return int(number)


def append_to_each(events: Mapping[UUID, NewEvent]) -> None:
    """One event for each of many matters, which this transaction has stored or locked."""
    rows = [{"matter": str(matter), **vars(event)} for matter, event in events.items()]
    with connection.cursor() as cursor:
        cursor.execute(_APPEND_TO_EACH, {"matters": list(events), "events": json.dumps(rows)})
        row = cursor.fetchone()
    if row and row[0]:
        wake_workers([(TASK, 0)])  # it goes on until none is due


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
            "answer": question.answer_told,
        },
        from_status,
        question.status,
        why,
    )
