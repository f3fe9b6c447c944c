"""One LISTEN connection per web process, for all its viewers.

A notification only wakes: what is shown comes from the rows, or from the notification itself where that continues it.
So a notification that was lost (the connection broke, PostgreSQL restarted) costs time and no text: after every connect
all feeds are read, and every two seconds their heads are compared with the rows' anyway.
"""

import asyncio
import logging
import random
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from django.conf import settings

from advice.cursor import Cursor
from advice.feed import Feed
from advice.notify import CHANNEL, Ping, parse_payload
from advice.shared_fragments import SharedFragments
from advice.stream import Item, MatterGoneError, heads_of
from companies.async_pool import async_pool, database_dsn

logger = logging.getLogger(__name__)
LOOK_SECONDS = 2.0
PING_SECONDS = 10.0
LONGEST_PAUSE = 5.0  # between two tries to connect


class Hub:
    """All feeds of one event loop. It starts with its first viewer and rests with its last.

    `lag`: how many seconds the last notification of its own took; None before the first. `ending`: set once the process
    is to end. `fragments`: of the pages that are watched.
    """

    def __init__(self) -> None:
        self.lag: float | None = None
        self.ending = asyncio.Event()
        self.fragments = SharedFragments()
        self._name = uuid.uuid4()
        self._feeds: dict[UUID, Feed] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._asked: float | None = None  # when the ping was sent that has not come back

    async def follow(self, matter: UUID, after: Cursor) -> AsyncGenerator[list[Item]]:
        """The items of `matter` behind `after`, as they are committed, until the stream's or the matter's end."""
        self._start()
        feed = self._feeds.setdefault(matter, Feed(matter))
        feed.viewers += 1
        try:
            with suppress(MatterGoneError):
                async with aclosing(feed.follow(after)) as following:
                    async for items in following:
                        yield items
        finally:
            feed.viewers -= 1
            if not feed.viewers and self._feeds.get(matter) is feed:
                del self._feeds[matter]

    async def close(self) -> None:
        """End the hub's tasks. A web process's end with it; this is for loops that end before their process, as tests'
        do."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()

    def _start(self) -> None:
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._look())]

    async def _listen(self) -> None:
        tries = 0
        while True:
            try:
                async with await self._connect() as conn:
                    await conn.execute(f"LISTEN {CHANNEL}")
                    tries = 0
                    for feed in self._feeds.values():
                        feed.refresh_soon()
                    await self._take_notifications(conn)
            except (psycopg.Error, OSError) as error:
                tries += 1
                logger.warning("LISTEN broke, connecting again: %s", error)
                await asyncio.sleep(min(LONGEST_PAUSE, 0.1 * 2**tries) * random.uniform(0.5, 1))

    async def _connect(self) -> psycopg.AsyncConnection[tuple[object, ...]]:
        dsn = settings.LISTEN_DATABASE_URL if settings.LISTEN_DATABASE_URL != settings.DATABASE_URL else database_dsn()
        return await psycopg.AsyncConnection.connect(
            dsn, autocommit=True, connect_timeout=5, application_name="hub", keepalives_idle=10
        )

    async def _take_notifications(self, conn: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        """Until the connection breaks, or the hub's own ping does not come by it; both raise OperationalError.

        psycopg's `notifies()` waits for the socket anew for what each turn brings, which costs as much as all that is
        done with it.
        """
        loop, socket = asyncio.get_running_loop(), conn.fileno()
        broken: asyncio.Future[None] = loop.create_future()

        def read() -> None:
            try:
                conn.pgconn.consume_input()
                while notification := conn.pgconn.notifies():
                    self._take(notification.extra.decode(encoding))
            except psycopg.Error as error:
                loop.remove_reader(socket)  # libpq has closed it: the number may soon be another connection's
                broken.set_exception(error)

        encoding, self._asked = conn.info.encoding, None
        loop.add_reader(socket, read)
        try:
            while True:
                await asyncio.wait([broken], timeout=PING_SECONDS)
                if broken.done():
                    return broken.result()
                if self._asked is not None and time.monotonic() - self._asked > PING_SECONDS:
                    raise psycopg.OperationalError(f"no notification came for {PING_SECONDS:.0f} s")
        finally:
            if not broken.done():
                loop.remove_reader(socket)

    def _take(self, payload: str) -> None:
        wake = parse_payload(payload)
        if isinstance(wake, Ping):
            if wake.hub == self._name:
                self.lag, self._asked = time.monotonic() - wake.sent, None
        elif wake is not None and (feed := self._feeds.get(wake.matter)):
            feed.take(wake)

    async def _look(self) -> None:
        """Whatever was not notified is found here."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                heads = await heads_of(list(self._feeds)) if self._feeds else {}
                await self._ping()
            except (psycopg.Error, OSError) as error:
                logger.warning("the hub can't look at the rows: %s", error)
                continue
            for matter, feed in self._feeds.items():
                if matter in heads:
                    feed.look_at(*heads[matter])
                else:
                    feed.refresh_soon()

    async def _ping(self) -> None:
        """While somebody watches, ask how long a notification takes."""
        if not self._feeds:
            return
        sent = time.monotonic()
        async with (await async_pool()).connection() as conn:
            self._asked = self._asked or sent
            await conn.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(Ping(self._name, sent))])

    def followed(self) -> int:
        """How many matters are watched here."""
        return len(self._feeds)


_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()


def hub() -> Hub:
    """The running loop's hub."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]


def end_waits() -> None:
    """Whoever waits for an event is told now that there is none: the process is to end. For the loop's own thread."""
    for hub in all_hubs():
        hub.ending.set()


def all_hubs() -> list[Hub]:
    """Those of this process."""
    return list(_hubs.values())
