"""Closes open streams whose session or key has ended: one query for all of them, every few seconds."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from companies.authentication import still_valid

logger = logging.getLogger(__name__)
LOOK_SECONDS = 5.0


class Doorkeeper:
    """Knows the tasks that stream to somebody, by the credential they were let in with."""

    def __init__(self) -> None:
        self._guests: dict[tuple[str, str], set[asyncio.Event]] = {}
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def admitted(self, credential: tuple[str, str]) -> Iterator[asyncio.Event]:
        """While inside: the event that is given is set when `credential` does not stand any more."""
        if self._task is None:
            self._task = asyncio.create_task(self._look())
        ended = asyncio.Event()
        self._guests.setdefault(credential, set()).add(ended)
        try:
            yield ended
        finally:
            guests = self._guests[credential]
            guests.discard(ended)
            if not guests:
                del self._guests[credential]

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            asked = set(self._guests)
            try:
                valid = await still_valid(asked) if asked else asked
            except Exception as error:  # a database that is away, most likely: look again
                logger.warning("credentials can't be looked at: %s", error)
                continue
            for credential in asked - valid:
                for ended in self._guests.get(credential, ()):
                    ended.set()


_doorkeepers: "WeakKeyDictionary[asyncio.AbstractEventLoop, Doorkeeper]" = WeakKeyDictionary()


def doorkeeper() -> Doorkeeper:
    """The running loop's doorkeeper."""
    return _doorkeepers.setdefault(asyncio.get_running_loop(), Doorkeeper())
