"""Waiting for several things at once, and leaving nothing behind."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

AGAIN_SECONDS = 1.0  # between two cancellations of a task that goes on


@asynccontextmanager
async def ended_behind(tasks: Collection[asyncio.Task[Any]]) -> AsyncIterator[None]:
    """Behind the block, all of `tasks` have come to their end: what is left of them is cancelled and waited for.

    Who reads rows gives the connection back before their reader is gone. A task may overhear that it was cancelled: up
    to Python 3.11 `asyncio.wait_for` does, where what it waits for comes in the same moment. So it is told again.
    """
    try:
        yield
    finally:
        while left := [task for task in tasks if not task.done()]:
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=AGAIN_SECONDS)
