"""The newest part of one matter's stream, shared by all its viewers in this process: read once, encoded once.

A feed goes forward with the notifications: those that came in one turn of the event loop, or while the rows were read,
are taken up together, and pieces of text that follow each other become one delta. So the busier the process, the fewer
deltas it sends. A viewer is a position: it catches up from the rows to the feed's head, and then follows the feed's
items. One that falls behind what the feed keeps catches up from the rows again.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

import psycopg

from advice.cursor import Cursor
from advice.notify import ChunkWake, EventWake
from advice.stream import DELTA_LIMIT, Item, MatterGoneError, delta_item, event_item, heads_of, read_page

logger = logging.getLogger(__name__)
T = TypeVar("T")
RETRY_SECONDS = 0.5
KEEP_ITEMS = 512  # a viewer that is further behind reads from the rows, and so does a feed behind its notifications


class Feed:
    """The head of one matter's stream. Everything runs on the event loop; nothing here needs a lock."""

    def __init__(self, matter: UUID) -> None:
        self.matter = matter
        self.viewers = 0
        self._head: Cursor | None = None
        self._ended = False
        self._looked_at: tuple[Cursor, bool] | None = None
        self._items: deque[Item] = deque(maxlen=KEEP_ITEMS)
        self._count = 0  # items ever appended
        self._told: deque[ChunkWake | EventWake] = deque(maxlen=KEEP_ITEMS)
        self._text = ""  # told, and behind the head
        self._changed = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self._read_again = False
        self._reads_begun = self._reads_done = 0
        self._fault: Exception | None = None

    def take(self, wake: ChunkWake | EventWake) -> None:
        """Something was notified. It is taken up behind all that this turn of the event loop brings."""
        self._told.append(wake)
        if len(self._told) == 1 and self._reading is None:
            asyncio.get_running_loop().call_soon(self._take_up)

    def _take_up(self) -> None:
        """Go forward by what was notified, where that continues the head; else read the rows."""
        if self._reading is not None:  # it takes up what was notified when it is done
            return
        told, before = list(self._told), self._count
        self._told.clear()
        for wake in told:
            if not (self._take_text(wake) if isinstance(wake, ChunkWake) else self._take_event(wake)):
                self.refresh_soon()
                break
        self._append_text()
        if self._count > before:
            self._announce()

    def _take_text(self, wake: ChunkWake) -> bool:
        """Text that continues the head waits for what continues it. False: the rows must be read."""
        head = self._head
        if head is None:
            return False
        place = (wake.version, wake.attempt, wake.offset)
        here = (head.version, head.attempt, head.offset + len(self._text))
        if place == here and wake.text is not None:
            self._text += wake.text
            return True
        return place < here  # a read has brought it already

    def _take_event(self, wake: EventWake) -> bool:
        """Taken as it is when it is the next one, and what it is was told. False: the rows must be read."""
        head = self._head
        if head is None or wake.number <= head.number:
            return head is not None
        if wake.type is None or wake.at is None or wake.data is None or self._ended or wake.number != head.number + 1:
            return False
        self._append_text()
        place = replace(self._head or head, number=wake.number)
        self._append([event_item(self.matter, place, wake.type, wake.data, wake.at)])
        return True

    def _append_text(self) -> None:
        """The text that waits, as one delta, or as many as it takes."""
        text, self._text = self._text, ""
        for start in range(0, len(text), DELTA_LIMIT):
            assert self._head is not None
            self._append([delta_item(self.matter, self._head, text[start : start + DELTA_LIMIT], datetime.now(UTC))])

    def refresh_soon(self) -> None:
        """Read the rows; when they are being read already, once more behind that."""
        if self._reading is not None:
            self._read_again = True
            return
        self._reading = asyncio.create_task(self._refresh())

    def look_at(self, head: Cursor, ended: bool) -> None:
        """Read the rows if their head shows that a notification was lost; once, where its text is not to be shown."""
        if self._reading is None and (head, ended) not in ((self._head, self._ended), self._looked_at):
            self._looked_at = head, ended
            self.refresh_soon()

    async def follow(self, after: Cursor) -> AsyncGenerator[list[Item]]:
        """The items behind `after`, as they come, until the stream's end. Raises MatterGoneError."""
        cursor = after
        while True:
            await self._read_to_now()
            assert self._head is not None
            head, seen, ended = self._head, self._count, self._ended
            async with aclosing(self._catch_up(cursor, head)) as catching_up:
                async for items in catching_up:
                    yield items
            cursor = head
            if ended and self._count == seen:
                return
            while seen >= self._count - len(self._items):
                changed = self._changed
                if items := self._since(seen):
                    seen, cursor = self._count, items[-1].cursor
                    yield items
                elif self._ended:
                    return
                else:
                    await self._wait_for(changed)

    async def _catch_up(self, cursor: Cursor, head: Cursor) -> AsyncGenerator[list[Item]]:
        while cursor != head:
            page = await _persistently(partial(read_page, self.matter, cursor, upto=head))
            cursor = page.cursor
            if page.items:
                yield page.items
            if not page.more:
                return

    def _since(self, seen: int) -> list[Item]:
        missing = self._count - seen
        return [self._items[i] for i in range(len(self._items) - missing, len(self._items))] if missing else []

    async def _read_to_now(self) -> None:
        """Bring the head to what is committed now, by a read that begins after this call."""
        wanted = self._reads_begun + 1
        self.refresh_soon()
        while self._reads_done < wanted:
            await self._wait_for(self._changed)

    async def _wait_for(self, changed: asyncio.Event) -> None:
        """Wait until something has changed; what went wrong with the reading is raised in every viewer."""
        if self._fault is None:
            await changed.wait()
        if self._fault is not None:
            raise self._fault

    async def _refresh(self) -> None:
        """Read until nothing was announced meanwhile. A database that is away is waited for."""
        again = True
        try:
            while again:
                self._read_again = False
                self._reads_begun += 1
                await _persistently(self._read)
                self._reads_done = self._reads_begun
                again = self._read_again
                if not again:
                    self._reading = None
                self._announce()
            self._take_up()
        except Exception as error:  # the viewers end with it; whoever comes again gets a new feed
            self._fault = error
            self._announce()

    async def _read(self) -> None:
        if self._head is None:
            heads = await heads_of([self.matter])
            if self.matter not in heads:
                raise MatterGoneError(str(self.matter))
            self._head, self._ended = heads[self.matter]
            return
        more = True
        while more:
            page = await read_page(self.matter, self._head)
            self._append(page.items)
            self._head, more, self._ended = page.cursor, page.more, page.done

    def _append(self, items: list[Item]) -> None:
        self._items.extend(items)
        self._count += len(items)
        if items:
            self._head = items[-1].cursor

    def _announce(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


async def _persistently(read: Callable[[], Awaitable[T]]) -> T:
    """What `read` gives, as soon as the database gives it."""
    while True:
        try:
            return await read()
        except (psycopg.Error, OSError) as error:
            logger.warning("reading waits for the database: %s", error)
            await asyncio.sleep(RETRY_SECONDS)
