"""Reading a matter's event stream from the rows: what every transport shows, from any cursor.

Events have numbers; the text of an attempt lies in chunk rows while it streams and in one row afterwards. One
statement, hence one snapshot, reads both, and `_assemble` puts them in order: an attempt's text comes after its
`advice.started` and before the event that ends it.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from advice.cursor import START, Cursor
from advice.models import Attempt
from companies.async_pool import async_pool
from matters.states import ENDED, MatterStatus

DELTA_LIMIT = 16_384  # code points of one delta
TEXT_LIMIT = 65_536  # code points of one attempt that one read brings
PAGE_LIMIT = 500  # events of one read

_READ = """
WITH matter AS (
    SELECT id, event_number, status FROM matters_matter WHERE id = %(matter)s AND deleted_at IS NULL
), attempt AS (
    SELECT a.*, CASE WHEN a.version = %(version)s AND a.number = %(attempt)s THEN %(offset)s ELSE 0 END AS read_to
      FROM advice_attempt a, matter m
     WHERE a.matter_id = m.id AND (a.ended_event IS NULL OR a.ended_event > %(number)s)
)
SELECT 'matter', event_number, status, NULL, NULL::timestamptz, NULL::int, NULL::int, NULL::int, NULL::int, NULL
  FROM matter
UNION ALL
(SELECT 'event', e.number, e.type, e.data::text, e.at, NULL, NULL, NULL, NULL, NULL FROM matters_event e, matter m
  WHERE e.matter_id = m.id AND e.number > %(number)s AND e.number <= %(upto)s ORDER BY e.number LIMIT %(limit)s)
UNION ALL
(SELECT 'attempt', a.started_event, a.status, NULL, a.ended_at, a.version, a.number, a.read_to, a.length,
       CASE WHEN a.status = 'streaming' THEN (
                -- From the chunk that holds the first character not yet read.
                SELECT substr(string_agg(c.text, '' ORDER BY c."offset"),
                              a.read_to - min(c."offset") + 1, %(text_limit)s)
                  FROM (SELECT c."offset", c.text FROM advice_chunk c
                         WHERE c.attempt_id = a.id AND c."offset" >= COALESCE((
                               SELECT max(b."offset") FROM advice_chunk b
                                WHERE b.attempt_id = a.id AND b."offset" <= a.read_to), 0)) c)
            -- Whoever comes after an attempt was given up is not shown its text; whoever has begun reads it to its end,
            -- and who is to read up to a place in it has come before.
            WHEN a.status IN ('superseded', 'failed') AND a.read_to = 0
             AND NOT (a.version = %(upto_version)s AND a.number = %(upto_attempt)s AND a.ended_event > %(upto)s) THEN ''
            ELSE substr(a.text, a.read_to + 1, %(text_limit)s) END
  FROM attempt a ORDER BY a.started_event)
"""
_FOREVER = 2**62


@dataclass(frozen=True, slots=True)
class Item:
    """One event as it is sent: `cursor` is its id, `json` the whole object."""

    cursor: Cursor
    type: str
    json: str


@dataclass(frozen=True, slots=True)
class Page:
    """What one read brought. `more`: there is more to read at once. `done`: nothing can follow as things stand."""

    items: list[Item]
    cursor: Cursor
    more: bool
    done: bool


class MatterGoneError(LookupError):
    """There is no such matter (any more)."""


@dataclass(slots=True)
class _AttemptRow:
    started_event: int
    status: str
    at: datetime
    version: int
    number: int
    offset: int
    length: int | None  # once it has ended
    text: str


async def read_page(matter: UUID, after: Cursor, *, limit: int = PAGE_LIMIT, upto: Cursor | None = None) -> Page:
    """The next events behind `after`, at most `limit` besides deltas, and not beyond `upto`. Raises MatterGoneError."""
    pool = await async_pool()
    async with pool.connection() as conn:
        rows = await (await conn.execute(_READ, _parameters(matter, after, limit, upto))).fetchall()
    return _assemble(matter, after, rows, limit, upto)


def _parameters(matter: UUID, after: Cursor, limit: int, upto: Cursor | None) -> dict[str, Any]:
    return {
        "matter": matter,
        "number": after.number,
        "version": after.version,
        "attempt": after.attempt,
        "offset": after.offset,
        "upto": upto.number if upto else _FOREVER,
        "upto_version": upto.version if upto else 0,
        "upto_attempt": upto.attempt if upto else 0,
        "limit": limit,
        "text_limit": TEXT_LIMIT,
    }


def _assemble(matter: UUID, after: Cursor, rows: Sequence[Any], limit: int, upto: Cursor | None) -> Page:
    """Put events and texts in their order."""
    now = datetime.now(UTC)
    heads = [row for row in rows if row[0] == "matter"]
    if not heads:
        raise MatterGoneError(str(matter))
    newest, status = heads[0][1], heads[0][2]
    events = [row for row in rows if row[0] == "event"]
    attempts = {
        row[1]: _AttemptRow(row[1], row[2], row[4] or now, row[5], row[6], row[7], row[8], row[9] or "")
        for row in rows
        if row[0] == "attempt"
    }
    items: list[Item] = []
    place = after
    current = next((a for a in attempts.values() if _is_at(a, after)), None)
    for row in [None, *events]:
        if row is not None:
            _, number, type_, data, at, *_ = row
            place = replace(place, number=number)
            if type_ == "advice.started":
                current = attempts.get(number)
                started = json.loads(data)
                place = Cursor(number, started["version"], started["attempt"], 0)
            elif type_ == "advice.superseded":  # its id is the same for who is not shown the text before it
                ended = json.loads(data)
                place = Cursor(number, ended["version"], ended["attempt"], 0)
                place = replace(place, offset=next((a.length or 0 for a in attempts.values() if _is_at(a, place)), 0))
            items.append(event_item(matter, place, type_, data, at))
        if current is not None:
            text, cut = _bounded(current, upto)
            for delta in _deltas(matter, place, current, text):
                items.append(delta)
                place = delta.cursor
            if cut:
                return Page(items, place, more=True, done=False)
            current = None
    more = len(events) >= limit and place.number < min(newest, upto.number if upto else newest)
    done = not more and upto is None and place.number >= newest and MatterStatus(status) in ENDED
    return Page(items, place, more, done)


def _is_at(attempt: _AttemptRow, place: Cursor) -> bool:
    return (attempt.version, attempt.number) == (place.version, place.attempt)


def _bounded(attempt: _AttemptRow, upto: Cursor | None) -> tuple[str, bool]:
    """The text of `attempt` that may be shown now, and whether more of it waits to be read."""
    if upto is None or (attempt.version, attempt.number) != (upto.version, upto.attempt):
        return attempt.text, len(attempt.text) >= TEXT_LIMIT
    text = attempt.text[: max(0, upto.offset - attempt.offset)]
    return text, len(text) >= TEXT_LIMIT


def _deltas(matter: UUID, place: Cursor, attempt: _AttemptRow, text: str) -> Iterator[Item]:
    for start in range(0, len(text), DELTA_LIMIT):
        yield delta_item(
            matter, replace(place, offset=place.offset + start), text[start : start + DELTA_LIMIT], attempt.at
        )


def delta_item(matter: UUID, before: Cursor, text: str, at: datetime) -> Item:
    """The `advice.delta` that leads from `before` over `text`. `at`: when the text was read, or its attempt ended."""
    after = replace(before, offset=before.offset + len(text))
    data = (
        f'{{"version":{before.version},"attempt":{before.attempt},"offset":{before.offset},"text":{json.dumps(text)}}}'
    )
    return event_item(matter, after, "advice.delta", data, at)


def event_item(matter: UUID, cursor: Cursor, type_: str, data: str, at: datetime) -> Item:
    """An event with `data` as JSON."""
    return Item(
        cursor,
        type_,
        f'{{"id":"{cursor}","type":"{type_}","matter":"{matter}","at":"{at.isoformat()}","data":{data}}}',
    )


_HEAD = """
SELECT m.id, m.event_number, m.status, a.version, a.number,
       CASE WHEN a.status = 'streaming'
            THEN COALESCE((SELECT "offset" + char_length(text) FROM advice_chunk c WHERE c.attempt_id = a.id
                            ORDER BY "offset" DESC LIMIT 1), 0)
            ELSE a.length END
  FROM matters_matter m
  LEFT JOIN LATERAL (
       SELECT * FROM advice_attempt a WHERE a.matter_id = m.id ORDER BY started_event DESC LIMIT 1) a ON true
 WHERE m.id = ANY(%s) AND m.deleted_at IS NULL
"""


async def heads_of(matters: Sequence[UUID]) -> dict[UUID, tuple[Cursor, bool]]:
    """The end of each matter's stream at this moment, and whether the matter has ended, in one statement."""
    pool = await async_pool()
    async with pool.connection() as conn:
        rows = await (await conn.execute(_HEAD, [list(matters)])).fetchall()
    return {row[0]: (_head(row), MatterStatus(row[2]) in ENDED) for row in rows}


def _head(row: Sequence[Any]) -> Cursor:
    return Cursor(row[1], row[3] or 0, row[4] or 0, row[5] or 0)


@dataclass(frozen=True)
class Snapshot:
    """What a page shows: the newest attempt, its text so far, and the cursor from which to go on."""

    cursor: str
    attempt: Attempt | None
    text: str


def snapshot(matter: UUID) -> Snapshot:
    """One consistent look at a matter's newest attempt, for Django's synchronous views."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT m.event_number, a.id, CASE WHEN a.status = 'streaming' THEN (
                       SELECT string_agg(text, '' ORDER BY "offset") FROM advice_chunk c WHERE c.attempt_id = a.id)
                   ELSE a.text END
              FROM matters_matter m LEFT JOIN LATERAL (
                   SELECT * FROM advice_attempt a WHERE a.matter_id = m.id
                    ORDER BY started_event DESC LIMIT 1) a ON true
             WHERE m.id = %s AND m.deleted_at IS NULL""",
            [matter],
        )
        row = cursor.fetchone()
    if row is None:
        raise MatterGoneError(str(matter))
    number, attempt_id, text = row
    attempt = Attempt.objects.filter(pk=attempt_id).first()
    if attempt is None:
        return Snapshot(str(replace(START, number=number)), None, "")
    text = attempt.text if attempt.ended_at else text or ""  # it may have ended since the first look
    return Snapshot(str(Cursor(number, attempt.version, attempt.number, len(text))), attempt, text)
