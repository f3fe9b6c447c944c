"""One event by itself, as a reader who comes now would get it from the stream: what is sent by webhook."""

from uuid import UUID

from django.db import connection

from advice.cursor import Cursor
from advice.stream import Item, MatterGoneError, event_item

# Its cursor says how much text lies before it: that of the attempt begun last, all there is, as `advice.stream` has it.
_ONE = """
SELECT e.matter_id, e.number, e.type, e.data::text, e.at, a.version, a.number,
       CASE WHEN a.started_event = e.number THEN 0
            WHEN a.status = 'streaming'
            THEN (SELECT sum(char_length(c.text))::int FROM advice_chunk c WHERE c.attempt_id = a.id)
            ELSE a.length END
  FROM matters_event e
  LEFT JOIN LATERAL (
       SELECT * FROM advice_attempt a WHERE a.matter_id = e.matter_id AND a.started_event <= e.number
        ORDER BY a.started_event DESC LIMIT 1) a ON true
 WHERE e.id = %s
"""


def one_event(event_id: int) -> Item:
    """The event with the database's id `event_id`. Raises MatterGoneError."""
    with connection.cursor() as cursor:
        cursor.execute(_ONE, [event_id])
        row = cursor.fetchone()
    if row is None:
        raise MatterGoneError(str(event_id))
    matter, number, type_, data, at, version, attempt, offset = row
    assert isinstance(matter, UUID)
    return event_item(matter, Cursor(number, version or 0, attempt or 0, offset or 0), type_, data, at)
