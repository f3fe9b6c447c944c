"""One LISTEN connection and one feed for all viewers of a matter; when a viewer came makes no difference to it."""

import asyncio
import json
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from types import ModuleType
from typing import Any, TypeVar

import pytest
from django.db import connection, transaction

from advice import doorkeeper as doorkeeper_module
from advice import feed as feed_module
from advice import hub as hub_module
from advice.cursor import START, Cursor
from advice.hub import Hub
from advice.models import Attempt, AttemptStatus
from advice.notify import ChunkWake, EventWake
from advice.stream import Item, read_page
from matters.models import Matter
from matters.states import MatterStatus
from tests import rows
from tests.advice.reader import Reader
from tests.pools import close_async_pool
from tests.processes import wait_until
from tests.threads import with_own_connection

T = TypeVar("T")
NEVER = 3600.0


@pytest.fixture
async def hub(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hub]:
    """A web process's hub, which looks at the rows by itself only where a test says so."""
    monkeypatch.setattr(hub_module, "LOOK_SECONDS", NEVER)
    monkeypatch.setattr(feed_module, "RETRY_SECONDS", 0.02)
    running = Hub()
    yield running
    await running.close()
    await close_async_pool()


@pytest.fixture
def attempt(matter: Matter) -> Attempt:
    attempt = rows.begun(matter)
    connection.close()  # from here on everybody has a connection of their own
    return attempt


class Viewer(Reader):
    """Follows a matter until its end, in a task of its own. `pause`: seconds before it takes the next items."""

    def __init__(self, hub: Hub, matter: Matter, after: Cursor = START, pause: Callable[[], float] = lambda: 0) -> None:
        super().__init__(after)
        self.batches = 0
        self._pause = pause
        self.task = asyncio.create_task(self._follow_all(hub, matter))

    async def _follow_all(self, hub: Hub, matter: Matter) -> None:
        async with aclosing(hub.follow(matter.pk, self.cursor)) as following:
            async for items in following:
                self.take(items)
                self.batches += 1
                await asyncio.sleep(self._pause())

    async def until(self, holds: Callable[["Viewer"], Any], what: str, seconds: float = 15) -> None:
        """Wait for something of this viewer; what went wrong with it is raised here."""
        ends_at = time.monotonic() + seconds
        while not holds(self):
            if self.task.done():
                self.task.result()
                pytest.fail(f"the stream has ended, and still not: {what}")
            assert time.monotonic() < ends_at, f"after {seconds} s still not: {what}"
            await asyncio.sleep(0.005)

    async def sees(self, text: str) -> None:
        await self.until(lambda viewer: text in "".join(viewer.texts.values()), f"{text!r} is seen")

    async def sees_event(self, type_: str) -> None:
        await self.until(lambda viewer: any(e["type"] == type_ for e in viewer.events), f"{type_} is seen")

    async def sees_number(self, number: int) -> None:
        await self.until(lambda viewer: viewer.cursor.number == number, f"event {number} is seen")

    async def end(self) -> None:
        """Wait for the end of the stream."""
        await asyncio.wait_for(self.task, timeout=15)


async def db(call: Callable[..., T], *arguments: Any) -> T:
    """Django's ORM, beside the event loop."""
    return await asyncio.to_thread(with_own_connection, partial(call, *arguments))


@asynccontextmanager
async def silence() -> AsyncIterator[None]:
    """Nobody is notified of anything."""
    await db(switch_triggers, "DISABLE")
    try:
        yield
    finally:
        await db(switch_triggers, "ENABLE")


def switch_triggers(how: str) -> None:
    with connection.cursor() as cursor:
        for table in ("advice_chunk", "matters_event"):
            cursor.execute(f"ALTER TABLE {table} {how} TRIGGER USER")


def terminate(condition: str) -> int:
    """End the sessions of this database that fit; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid() AND {condition}"""  # noqa: S608
        )
        return int((cursor.fetchone() or (0,))[0])


def terminate_the_listener() -> None:
    wait_until(lambda: terminate("application_name = 'hub'"), "somebody listens")


async def test_text_is_shown_from_its_notification_without_a_query(
    hub: Hub, matter: Matter, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = Viewer(hub, matter)
    await db(rows.append, attempt, "first ")
    await viewer.sees("first ")
    await viewer.until(lambda _: hub._feeds[matter.pk]._reading is None, "the feed rests")
    with monkeypatch.context() as patch:
        patch.setattr(feed_module, "read_page", None)  # whoever reads now fails
        for word in ("second ", "𝄞 third ", "fourth"):
            await db(rows.append, attempt, word)
            await viewer.sees(word)


async def test_an_event_is_shown_from_its_notification_without_a_query_as_the_rows_have_it(
    hub: Hub, matter: Matter, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Item] = []

    async def follow() -> None:
        async with aclosing(hub.follow(matter.pk, START)) as following:
            async for items in following:
                shown.extend(items)

    following = asyncio.create_task(follow())
    viewer = Viewer(hub, matter)
    await db(rows.append, attempt, "first ")
    await viewer.sees("first ")
    await viewer.until(lambda _: hub._feeds[matter.pk]._reading is None, "the feed rests")
    with monkeypatch.context() as patch:
        patch.setattr(feed_module, "read_page", None)  # whoever reads now fails
        for number in range(1, 4):
            await db(rows.happened, matter)
            await viewer.sees_number(attempt.started_event + number)
            await db(rows.append, attempt, f"text {number} ")
            await viewer.sees(f"text {number} ")
    following.cancel()
    told = {item.cursor.number: json.loads(item.json) for item in shown if item.type == "matter.updated"}
    read = [item for item in (await read_page(matter.pk, START)).items if item.type == "matter.updated"]
    assert set(told) == {item.cursor.number for item in read}
    for item in read:
        assert {**told[item.cursor.number], "id": ""} == {**json.loads(item.json), "id": ""}, "the two ways differ"


async def test_an_event_that_was_notified_late_is_not_shown_again(hub: Hub, matter: Matter, attempt: Attempt) -> None:
    viewer = Viewer(hub, matter)
    await viewer.sees_event("advice.started")
    with_its_event = EventWake(matter.pk, viewer.cursor.number, "matter.updated", datetime.now(UTC), "{}")
    hub._feeds[matter.pk].take(with_its_event)
    await db(rows.happened, matter)
    await viewer.sees_number(with_its_event.number + 1)


async def test_what_is_too_long_for_a_notification_is_read(hub: Hub, matter: Matter, attempt: Attempt) -> None:
    viewer = Viewer(hub, matter)
    await viewer.sees_event("advice.started")
    long = "é" * 200_000
    await db(rows.append, attempt, long)
    await db(rows.append, attempt, " and on")
    await viewer.sees(long + " and on")


async def test_it_ends_behind_the_last_event(hub: Hub, matter: Matter, attempt: Attempt) -> None:
    live = Viewer(hub, matter)
    await db(rows.append, attempt, "the advice")
    await live.sees("the advice")
    await db(rows.advised, matter, attempt)
    late = Viewer(hub, matter)
    for viewer in (live, late):
        await viewer.end()
        await db(viewer.check_against, matter)
    assert hub._feeds == {}, "a feed outlives its viewers"


async def test_a_version_that_is_asked_for_opens_the_stream_again(hub: Hub, matter: Matter, attempt: Attempt) -> None:
    await db(rows.advised, matter, attempt)
    first = Viewer(hub, matter)
    await first.end()
    await db(rows.move, matter, MatterStatus.ADVISING)
    second = Viewer(hub, matter, first.cursor)
    await db(rows.append, await db(rows.begun, matter), "anew")
    await second.sees("anew")
    await db(rows.move, matter, MatterStatus.CANCELED)
    await second.end()


async def test_a_notification_that_was_lost_is_found_by_looking(
    hub: Hub, matter: Matter, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "LOOK_SECONDS", 0.05)
    viewer = Viewer(hub, matter)
    await viewer.sees_event("advice.started")
    async with silence():
        await db(rows.append, attempt, "nobody was told ")
        await viewer.sees("nobody was told ")
        await db(rows.happened, matter)
        await viewer.sees_number(await db(matter.events.count))
    await db(rows.append, attempt, "of this")
    await viewer.sees("nobody was told of this")


def fail_at_once(matter: Matter) -> None:
    """An attempt that nobody can have seen before it had failed."""
    with transaction.atomic():
        attempt = rows.begun(matter)
        rows.append(attempt, "text that nobody is shown")
        rows.ended(attempt, AttemptStatus.FAILED)


async def test_an_attempt_that_failed_unseen_is_read_once_and_not_at_every_look(
    hub: Hub, matter: Matter, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0

    async def count(*place: Any, **bounds: Any) -> Any:
        nonlocal reads
        reads += 1
        return await read_page(*place, **bounds)

    monkeypatch.setattr(hub_module, "LOOK_SECONDS", 0.05)
    await db(rows.ended, attempt, AttemptStatus.FAILED)
    viewer = Viewer(hub, matter)
    await viewer.sees_number(await db(matter.events.count))
    monkeypatch.setattr(feed_module, "read_page", count)
    async with silence():
        await db(fail_at_once, matter)
        await viewer.sees_number(await db(matter.events.count))
        before = reads
        await asyncio.sleep(0.5)  # ten looks
    assert reads - before <= 1, "every look costs a query that brings nothing"


async def test_what_follows_a_lost_notification_brings_both(hub: Hub, matter: Matter, attempt: Attempt) -> None:
    viewer = Viewer(hub, matter)
    await viewer.sees_event("advice.started")
    async with silence():
        await db(rows.append, attempt, "lost ")
    await db(rows.append, attempt, "found")
    await viewer.sees("lost found")


async def test_a_listen_connection_that_broke_is_made_anew_and_everything_read(
    hub: Hub, matter: Matter, attempt: Attempt
) -> None:
    viewer = Viewer(hub, matter)
    await viewer.sees_event("advice.started")
    for number in range(3):
        await db(terminate_the_listener)
        await db(rows.append, attempt, f"{number} while nobody listened; ")
        await viewer.sees(f"{number} while nobody listened; ")


def listeners() -> set[int]:
    """Processes of PostgreSQL that serve a hub."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'hub'"
        )
        return {pid for (pid,) in cursor.fetchall()}


async def test_a_listen_connection_that_says_nothing_any_more_is_made_anew(
    hub: Hub, matter: Matter, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(hub_module, "PING_SECONDS", 0.3)
    viewer = Viewer(hub, matter)
    await viewer.until(lambda _: hub.lag is not None, "the hub heard its own notification")
    (frozen,) = await db(listeners)
    os.kill(frozen, signal.SIGSTOP)
    try:
        await db(wait_until, lambda: listeners() - {frozen}, "the hub listens by another connection")
        heard, hub.lag = hub.lag, None
        await viewer.until(lambda _: hub.lag is not None, f"it hears itself there, as before ({heard} s)")
    finally:
        os.kill(frozen, signal.SIGCONT)


async def test_text_that_was_notified_in_the_same_turn_is_one_delta(
    hub: Hub, matter: Matter, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = Viewer(hub, matter)
    await viewer.sees_event("advice.started")
    await viewer.until(lambda _: hub._feeds[matter.pk]._reading is None, "the feed rests")
    feed, before = hub._feeds[matter.pk], hub._feeds[matter.pk]._count
    monkeypatch.setattr(feed_module, "read_page", None)  # whoever reads now fails
    for wake in told(matter, [(0, "one "), (4, "two "), (0, "one "), (8, "three"), (4, "two ")]):
        feed.take(wake)
    await viewer.sees("one two three")
    assert feed._count == before + 1, "each piece was sent by itself"


def told(matter: Matter, pieces: list[tuple[int, str]]) -> list[ChunkWake]:
    """Notifications of text at its offsets."""
    return [ChunkWake(matter.pk, 1, 1, offset, text) for offset, text in pieces]


async def test_what_was_notified_while_the_rows_were_read_is_taken_up_without_another_read(
    hub: Hub, matter: Matter, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, go_on = 0, asyncio.Event()

    async def read_slowly(*place: Any, **bounds: Any) -> Any:
        nonlocal reads
        reads += 1
        page = await read_page(*place, **bounds)
        await go_on.wait()
        return page

    viewer = Viewer(hub, matter)
    await viewer.sees_event("advice.started")
    await viewer.until(lambda _: hub._feeds[matter.pk]._reading is None, "the feed rests")
    monkeypatch.setattr(feed_module, "read_page", read_slowly)
    feed = hub._feeds[matter.pk]
    feed.refresh_soon()
    await viewer.until(lambda _: reads, "the rows are being read")
    for number in range(5):
        await db(rows.append, attempt, f"{number} ")
    await viewer.until(lambda _: len(feed._told) == 5, "all of it was notified")
    go_on.set()
    await viewer.sees("0 1 2 3 4 ")
    assert reads == 1, "the rows were read for what was notified"


async def test_a_database_that_is_away_for_a_moment_ends_no_stream(hub: Hub, matter: Matter, attempt: Attempt) -> None:
    viewer = Viewer(hub, matter)
    for number in range(3):
        await db(terminate, "true")
        await db(rows.append, attempt, f"{number} behind the outage; ")
        await viewer.sees(f"{number} behind the outage; ")
    await db(rows.advised, matter, attempt)
    await viewer.end()
    await db(viewer.check_against, matter)


def append_all(attempt: Attempt, texts: list[str]) -> None:
    for text in texts:
        rows.append(attempt, text)


async def test_a_slow_viewer_gets_every_byte(
    hub: Hub, matter: Matter, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "KEEP_ITEMS", 4)
    fast, slow = Viewer(hub, matter), Viewer(hub, matter, pause=lambda: 0.2)
    await slow.sees_event("advice.started")
    await db(append_all, attempt, [f"{number} " for number in range(60)])
    await fast.sees(" 59 ")
    assert len(slow.texts[1, 1]) < len(fast.texts[1, 1]), "the slow viewer is not slow"
    await db(rows.advised, matter, attempt)
    for viewer in (fast, slow):
        await viewer.end()
        await db(viewer.check_against, matter)
    assert slow.batches < 40, "the slow viewer did not catch up from the rows"


async def test_viewers_who_join_at_any_moment_get_the_same_text(hub: Hub, matter: Matter, attempt: Attempt) -> None:
    chance = random.Random(7)
    viewers: list[Viewer] = []
    for number in range(100):
        if number % 2:
            viewers.append(Viewer(hub, matter, pause=lambda: chance.choice([0, 0, 0.01])))
        await db(rows.append, attempt, f"{number}𝄞 ")
        if number == 60:
            await db(rows.happened, matter)
        await asyncio.sleep(chance.choice([0, 0.001, 0.005]))
    await db(rows.advised, matter, attempt)
    for viewer in viewers:
        await viewer.end()
        await db(viewer.check_against, matter)
    assert len(viewers) == 50


async def test_a_feed_goes_with_its_last_viewer(hub: Hub, matter: Matter, attempt: Attempt) -> None:
    viewers = [Viewer(hub, matter), Viewer(hub, matter, pause=lambda: NEVER)]  # one waits for items, one is taking them
    for viewer in viewers:
        await viewer.sees_event("advice.started")
    assert hub._feeds[matter.pk].viewers == 2
    for viewer in viewers:
        viewer.task.cancel()
        with suppress(asyncio.CancelledError):
            await viewer.task
    assert hub._feeds == {}, "a feed outlives its viewers"


async def test_an_attempt_superseded_while_a_viewer_catches_up_leaves_no_gap_in_its_text(
    hub: Hub, matter: Matter, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The feed has shown half of the attempt; whoever joins it must have that half before the rest."""
    first = Viewer(hub, matter)
    await db(rows.append, attempt, "half of it, ")
    await first.sees("half of it, ")

    async def supersede_first(*place: Any, **bounds: Any) -> Any:
        if bounds.get("upto"):
            monkeypatch.setattr(feed_module, "read_page", read_page)
            async with silence():  # the feed learns of it when the newcomer is there
                await db(rows.append, attempt, "the rest")
                await db(rows.begun, matter)
        return await read_page(*place, **bounds)

    monkeypatch.setattr(feed_module, "read_page", supersede_first)
    newcomer = Viewer(hub, matter)
    await newcomer.sees_event("advice.started")
    await db(rows.happened, matter)
    for viewer in (first, newcomer):
        await viewer.sees_event("advice.superseded")
    await db(rows.move, matter, MatterStatus.CANCELED)
    for viewer in (first, newcomer):
        await viewer.end()
    assert newcomer.texts[1, 1] in ("", "half of it, the rest")
    assert first.texts[1, 1] == "half of it, the rest"


async def test_an_attempt_that_failed_is_not_shown_to_who_comes_later(
    hub: Hub, matter: Matter, attempt: Attempt
) -> None:
    await db(rows.append, attempt, "broken off")
    early = Viewer(hub, matter)
    await early.sees("broken off")
    await db(rows.ended, attempt, AttemptStatus.FAILED)
    await early.sees_event("advice.superseded")
    late = Viewer(hub, matter)
    await late.sees_event("advice.superseded")
    assert late.texts == {(1, 1): ""}
    await db(rows.append, await db(rows.begun, matter), "whole")
    for viewer in (early, late):
        await viewer.sees("whole")


async def test_the_streams_of_a_matter_that_is_deleted_end(
    hub: Hub, matter: Matter, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "LOOK_SECONDS", 0.05)
    viewer = Viewer(hub, matter)
    await viewer.sees_event("advice.started")
    pk = matter.pk
    await db(matter.delete)
    await viewer.end()
    async with aclosing(hub.follow(pk, START)) as following:
        assert [items async for items in following] == []


async def test_a_fault_of_ours_in_one_read_ends_the_streams_instead_of_stopping_them(
    hub: Hub, matter: Matter, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = Viewer(hub, matter)
    await viewer.sees_event("advice.started")
    faults = iter([ZeroDivisionError("a fault of ours")])

    async def fail_once(*place: Any, **bounds: Any) -> Any:
        for fault in faults:
            raise fault
        return await read_page(*place, **bounds)

    monkeypatch.setattr(feed_module, "read_page", fail_once)
    long = "é" * 8_000  # it must be read: no notification holds it
    await db(rows.append, attempt, long)
    with pytest.raises(ZeroDivisionError):
        await viewer.end()
    again = Viewer(hub, matter)
    await again.sees(long)


async def test_a_cursor_from_elsewhere_is_followed_from_now_on(hub: Hub, matter: Matter, attempt: Attempt) -> None:
    taken: list[Item] = []

    async def follow() -> None:
        async with aclosing(hub.follow(matter.pk, Cursor(10**17, 9, 9, 9))) as following:
            async for items in following:
                taken.extend(items)

    following = asyncio.create_task(follow())
    viewer = Viewer(hub, matter)
    await viewer.sees_event("advice.started")
    await db(rows.append, attempt, "new")
    await viewer.sees("new")
    await viewer.until(lambda _: taken, "the other one gets it too")
    assert [item.type for item in taken] == ["advice.delta"]
    following.cancel()


async def test_how_long_a_notification_takes_is_known_while_somebody_watches(
    hub: Hub, matter: Matter, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "LOOK_SECONDS", 0.02)
    viewer = Viewer(hub, matter)
    await viewer.until(lambda _: hub.lag is not None, "the hub heard its own notification")
    assert hub.lag is not None
    assert 0 < hub.lag < 15
    assert hub.followed() == 1
    viewer.task.cancel()


@pytest.mark.parametrize(("module", "name"), [(hub_module, "Hub"), (doorkeeper_module, "Doorkeeper")])
async def test_a_loop_has_its_hub_and_its_doorkeeper_made_once(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str
) -> None:
    made: list[Any] = []
    kind, of_the_loop = getattr(module, name), getattr(module, name.lower())

    def make() -> Any:
        made.append(kind())
        return made[-1]

    monkeypatch.setattr(module, name, make)
    assert [of_the_loop(), of_the_loop()] == 2 * made[:1]
    assert len(made) == 1, "each reader has one made that is thrown away"
