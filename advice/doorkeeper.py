"""Closes open streams whose reader may not read any more: one query for all of them, every few seconds.

Who may, is noted as being there.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID
from weakref import WeakKeyDictionary

from advice.access import Guest, who_may_stay
from advice.attendance import Attendance
from companies.authentication import Principal

logger = logging.getLogger(__name__)
LOOK_SECONDS = 5.0
open_streams: Counter[str] = Counter()  # of this process, by transport


class Doorkeeper:
    """Knows the tasks that stream to somebody, by whom they stream to and what."""

    def __init__(self) -> None:
        self._guests: dict[Guest, set[asyncio.Event]] = {}
        self._task: asyncio.Task[None] | None = None
        self._attendance = Attendance()

    @contextmanager
    def admitted(self, principal: Principal, matter: UUID, transport: str) -> Iterator[asyncio.Event]:
        """While inside: the event that is given is set when `principal` may not read `matter` any more."""
        if self._task is None:
            self._task = asyncio.create_task(self._look())
        guest = Guest(principal.credential, principal.user_id, matter, principal.password_sha256)
        ended = asyncio.Event()
        self._guests.setdefault(guest, set()).add(ended)
        open_streams[transport] += 1
        try:
            yield ended
        finally:
            open_streams[transport] -= 1
            streams = self._guests[guest]
            streams.discard(ended)
            if not streams:
                del self._guests[guest]

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            asked = list(self._guests)
            try:
                welcome = await who_may_stay(asked) if asked else set()
                await self._attendance.look({(g.matter, g.user_id) for g in welcome if g.user_id is not None})
            except Exception as error:  # a database that is away, most likely: look again
                logger.warning("readers can't be looked at: %s", error)
                continue
            for guest in set(asked) - welcome:
                for ended in self._guests.get(guest, ()):
                    ended.set()


_doorkeepers: "WeakKeyDictionary[asyncio.AbstractEventLoop, Doorkeeper]" = WeakKeyDictionary()


def doorkeeper() -> Doorkeeper:
    """The running loop's doorkeeper."""
    loop = asyncio.get_running_loop()
    if loop not in _doorkeepers:
        _doorkeepers[loop] = Doorkeeper()
    return _doorkeepers[loop]
