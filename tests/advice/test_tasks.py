"""What is left of whoever reads a stream and goes: nothing, and at once."""

import asyncio
from contextlib import aclosing, suppress

import pytest
from django.http import HttpResponseBase
from django.test import RequestFactory

from advice.api import EventStream, stream
from advice.doorkeeper import doorkeeper
from advice.hub import hub
from advice.tasks import ended_behind
from companies.authentication import Principal, principal_of_headers
from matters.models import Matter
from tests import rows
from tests.advice.conftest import Loop


@pytest.mark.parametrize("frames", [1, 2])
def test_a_reader_of_sse_who_goes_leaves_nothing_behind(loop: Loop, matter: Matter, api_key: str, frames: int) -> None:
    rows.append(rows.begun(matter), "text " * 10_000)

    async def come_and_go() -> HttpResponseBase:
        request = RequestFactory().get("/")
        principal = await principal_of_headers(f"Bearer {api_key}", None)
        assert isinstance(principal, Principal)
        request.principal = principal  # type: ignore[attr-defined]
        response = await stream(request, matter.pk)
        assert isinstance(response, EventStream)
        async with aclosing(aiter(response)) as content:  # as Django does
            for _ in range(frames):
                await anext(content)
        assert not hub()._feeds, "somebody who has gone is still read for"
        assert not doorkeeper()._guests
        return response

    assert loop.run(come_and_go()), "as Django holds it, until all is done"


def test_a_task_that_overhears_that_it_was_cancelled_is_told_again(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("advice.tasks.AGAIN_SECONDS", 0.01)
    told = 0

    async def overhear() -> None:
        nonlocal told
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        told += 1
        await asyncio.sleep(60)

    async def leave() -> bool:
        task = asyncio.create_task(overhear())
        async with ended_behind([task]):
            await asyncio.sleep(0)
        return task.cancelled()

    assert loop.run(leave()), "it goes on for nobody"
    assert told == 1
