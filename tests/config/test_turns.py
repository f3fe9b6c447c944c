"""Requests take turns before they have a thread; polls and streams need none."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from config import turns


class Answering:
    """An application whose requests are answered once `finish` is set."""

    def __init__(self) -> None:
        self.inside: Counter[str] = Counter()
        self.finish = asyncio.Event()

    async def __call__(self, scope: Any, _receive: Any, _send: Any) -> None:
        self.inside[scope["path"]] += 1
        await self.finish.wait()


async def nothing(*_message: Any) -> None:
    """Neither is anything received nor sent."""


async def ask(times: int, path: str, wanted: int) -> int:
    """So many requests at once; how many were inside once `wanted` were, and whoever else could come in."""
    answering = Answering()
    application = turns.Turns(answering)
    async with asyncio.timeout(20), asyncio.TaskGroup() as asked:
        for _ in range(times):
            asked.create_task(application({"path": path}, nothing, nothing))
        while answering.inside[path] < wanted:  # noqa: ASYNC110 - nobody but this test asks for that
            await asyncio.sleep(0)
        for _ in range(100):  # so that whoever could come in has come
            await asyncio.sleep(0)
        inside = answering.inside[path]
        answering.finish.set()
    assert answering.inside[path] == times, "in the end everybody was answered"
    return inside


async def test_so_many_requests_are_answered_at_once_and_the_others_in_turn() -> None:
    assert await ask(30, "/api/v1/matters", turns.AT_ONCE) == turns.AT_ONCE


async def test_polls_and_streams_wait_for_nobody() -> None:
    for path in ("/api/v1/matters/1/events", "/api/v1/matters/1/events/stream"):
        assert await ask(30, path, 30) == 30


async def test_whoever_has_waited_long_goes_beside_those_who_are_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONGEST_WAIT", 0.05)
    assert await ask(12, "/matters/1/advice.pdf", 12) == 12


SLOW = ("/api/v1/matters/1/documents", "/matters/1/documents/", "/api/v1/matters/1/advice.pdf",
        "/api/v1/matters/1/advice.docx")  # fmt: skip


@pytest.mark.parametrize("path", SLOW)
async def test_uploads_and_exports_keep_no_page_waiting(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(turns, "LONGEST_WAIT", 3600.0)
    answering = Answering()
    application = turns.Turns(answering)
    async with asyncio.timeout(20), asyncio.TaskGroup() as asked:
        for _ in range(2 * turns.AT_ONCE):
            asked.create_task(application({"path": path}, nothing, nothing))
        while answering.inside[path] < turns.AT_ONCE:  # noqa: ASYNC110 - nobody but this test asks for that
            await asyncio.sleep(0)
        asked.create_task(application({"path": "/matters/1/"}, nothing, nothing))
        while not answering.inside["/matters/1/"]:  # noqa: ASYNC110 - likewise
            await asyncio.sleep(0)
        assert answering.inside[path] == turns.AT_ONCE, "of the slow ones, too, only so many are in threads at once"
        answering.finish.set()
