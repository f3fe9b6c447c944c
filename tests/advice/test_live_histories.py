"""Live viewers through a random history: attempts crash, notifications are lost, doubled and late, viewers break off.

`test_stream.py` has the same for reading from the rows alone. Here a viewer follows the feed as WebSocket and SSE do,
goes at any moment, and comes again from its cursor, by another way if it likes.
"""

import asyncio
from contextlib import aclosing, suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from advice import feed as feed_module
from advice import stream
from advice.hub import Hub
from advice.models import AttemptStatus
from advice.notify import ChunkWake
from advice.services import folded_text
from advice.stream import heads_of, read_page
from companies.models import Company
from matters.states import MatterStatus
from tests import rows
from tests.advice.conftest import Loop
from tests.advice.reader import Reader
from tests.advice.test_stream import ENDS, TEXTS, History
from tests.fuzzing import examples

VIEWER = st.integers(0, 2)
TEXT = st.tuples(st.just("text"), TEXTS)
TELL = st.tuples(st.just("tell"), st.integers(0, 3), st.integers(0, 2))  # which notification, how often
WAIT = st.tuples(st.just("wait"), st.sampled_from([0.0, 0.0, 0.001, 0.005]))  # seconds
ACTS = st.one_of(
    TEXT,
    TELL,
    WAIT,
    TEXT,  # these three more often than the rest
    TELL,
    WAIT,
    st.tuples(st.just("come"), VIEWER),
    st.tuples(st.just("go"), VIEWER),
    st.tuples(st.just("poll"), VIEWER, st.integers(1, 4)),
    st.tuples(st.just("begin")),
    st.tuples(st.just("end"), ENDS),
    st.tuples(st.just("event")),
    st.tuples(st.just("version")),
)


class LiveHistory(History):
    """A matter, a hub that hears only what it is told, and viewers who come and go."""

    def __init__(self, company: Company, loop: Loop) -> None:
        super().__init__(company, loop)
        self.hub = Hub()
        self.hub._start = lambda: None  # type: ignore[method-assign] # nobody listens, nobody looks by itself
        self.following: dict[int, asyncio.Task[None]] = {}
        self.untold: list[ChunkWake | None] = []  # None: that there is an event

    def act(self, name: str, *arguments: Any) -> None:
        super().act(name, *arguments)
        if name in ("begin", "end", "event"):
            self.untold.append(None)

    def _text(self, text: str) -> None:
        if self.attempt:
            offset = len(folded_text(self.attempt.pk))
            super()._text(text)
            self.untold.append(ChunkWake(self.matter.pk, self.attempt.version, self.attempt.number, offset, text))

    def _tell(self, which: int, times: int) -> None:
        if self.untold:
            wake = self.untold.pop(which % len(self.untold))
            for _ in range(times):
                self._loop.run(self._notify(wake))

    async def _notify(self, wake: ChunkWake | None) -> None:
        if feed := self.hub._feeds.get(self.matter.pk):
            if wake:
                feed.take(wake)
            else:
                feed.refresh_soon()

    def _wait(self, seconds: float) -> None:
        self._loop.run(asyncio.sleep(seconds))

    def _come(self, number: int) -> None:
        if number not in self.following:
            self.following[number] = self._loop.run(self._begin_to_follow(self.readers[number], 0.01 * number))

    async def _begin_to_follow(self, reader: Reader, pause: float) -> "asyncio.Task[None]":
        """`pause`: seconds for which it does not read on; the feed keeps only the newest items."""

        async def follow() -> None:
            async with aclosing(self.hub.follow(self.matter.pk, reader.cursor)) as following:
                async for items in following:
                    reader.take(items)
                    await asyncio.sleep(pause)

        return asyncio.create_task(follow())

    def _go(self, number: int) -> None:
        """As when its connection breaks: what it was not given is not given to it."""
        if task := self.following.pop(number, None):
            task.cancel()
            self._loop.run(_ended(task))

    def _poll(self, number: int, limit: int) -> None:
        if number not in self.following:
            page = self._loop.run(read_page(self.matter.pk, self.readers[number].cursor, limit=limit))
            self.readers[number].take(page.items)

    def look(self) -> None:
        """What the hub does every two seconds: whatever was not told is found in the rows."""
        heads = self._loop.run(heads_of([self.matter.pk]))
        for feed in list(self.hub._feeds.values()):
            self._loop.run(_look_at(feed, heads[self.matter.pk]))

    def follow_to_the_end(self) -> None:
        """Everybody is there, and is told by a look alone that the matter has ended."""
        for number in range(len(self.readers)):
            self._come(number)
        self._wait(0.005)
        rows.move(self.matter, MatterStatus.CANCELED)
        for _ in range(500):
            self.look()
            self._wait(0.01)
            if all(task.done() for task in self.following.values()):
                break
        for number, task in self.following.items():
            assert task.done(), f"viewer {number} waits at {self.readers[number].cursor} for what has happened"
            task.result()


async def _look_at(feed: feed_module.Feed, head: Any) -> None:
    feed.look_at(*head)


async def _ended(task: "asyncio.Task[None]") -> None:
    with suppress(asyncio.CancelledError):
        await task


@given(acts=st.lists(ACTS, max_size=40))
@example(acts=[("come", 0), ("begin",), ("text", "abc"), ("tell", 0, 1), ("wait", 0.005), ("go", 0), ("begin",)])
@example(
    acts=[("begin",), ("come", 0), ("wait", 0.005), ("text", "ab"), ("text", "cd"), ("tell", 2, 1), ("tell", 1, 2)]
)
@example(acts=[("begin",), ("come", 2), ("wait", 0.03), ("tell", 0, 0), *[("text", "abc"), ("tell", 0, 1)] * 12])
@settings(
    max_examples=examples(25),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whoever_comes_goes_and_comes_again_gets_every_event_once_and_the_stored_text(
    acts: list[tuple[Any, ...]], company: Company, loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "DELTA_LIMIT", 3)
    monkeypatch.setattr(stream, "TEXT_LIMIT", 7)
    monkeypatch.setattr(feed_module, "KEEP_ITEMS", 4)
    history = LiveHistory(company, loop)
    for act in acts:
        history.act(*act)
    history.act("end", AttemptStatus.INCOMPLETE)
    history.follow_to_the_end()
    for reader in history.readers:
        reader.check_against(history.matter)
    assert history.hub._feeds == {}, "a feed outlives its viewers"
