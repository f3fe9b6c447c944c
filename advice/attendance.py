"""Noting who has a matter's page open, so that nobody is written to about what they see."""

import time
from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from companies.async_pool import async_pool

Reader = tuple[UUID, int]  # a matter, and the user who reads it
STAYS_SECONDS = 90  # for so long is who was there taken to be there, should this process die
AGAIN_SECONDS = 60.0

_HERE = """
INSERT INTO matters_presence (matter_id, user_id, seen_until)
SELECT m.id, u.id, now() + make_interval(secs => %(stays)s)
  FROM unnest(%(matters)s::uuid[], %(users)s::bigint[]) AS r (matter, reader)
  JOIN matters_matter m ON m.id = r.matter AND m.pruned_at IS NULL JOIN companies_user u ON u.id = r.reader
ON CONFLICT (matter_id, user_id) DO UPDATE SET seen_until = GREATEST(matters_presence.seen_until, EXCLUDED.seen_until)
"""
_LEFT = """
UPDATE matters_presence p SET seen_until = LEAST(p.seen_until, now())
  FROM unnest(%(matters)s::uuid[], %(users)s::bigint[]) AS r (matter, reader)
 WHERE p.matter_id = r.matter AND p.user_id = r.reader
"""


def note_view(matter: UUID, user: int) -> None:
    """Somebody was shown the page. Whether they stay a script tells, where there is one."""
    with connection.cursor() as cursor:
        cursor.execute(_HERE, {"matters": [matter], "users": [user], "stays": 0})


class Attendance:
    """Which readers of this process are noted, and when they were."""

    def __init__(self) -> None:
        self._noted: dict[Reader, float] = {}

    async def look(self, here: set[Reader]) -> None:
        """Note who has come, who is still there every minute, and who has left. Raises what the database does."""
        if left := self._noted.keys() - here:
            await _write(_LEFT, left)
            for reader in left:
                del self._noted[reader]
        now = time.monotonic()
        due = [reader for reader in here if now - self._noted.get(reader, -AGAIN_SECONDS) >= AGAIN_SECONDS]
        if due:
            await _write(_HERE, due)
            self._noted |= dict.fromkeys(due, now)


async def _write(statement: str, readers: Iterable[Reader]) -> None:
    matters, users = zip(*sorted(readers), strict=True)  # sorted: two processes lock rows in the same order
    pool = await async_pool()
    async with pool.connection() as conn:
        await conn.execute(statement, {"matters": list(matters), "users": list(users), "stays": STAYS_SECONDS})
