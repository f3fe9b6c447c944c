"""The fragments of a matter's page, rendered once for all viewers whom the same event reaches at the same time."""

import asyncio
from uuid import UUID

from channels.db import database_sync_to_async

from advice.render import render_fragments

_render = database_sync_to_async(render_fragments, thread_sensitive=False)


class SharedFragments:
    """What is being rendered on one event loop."""

    def __init__(self) -> None:
        self._under_way: dict[UUID, tuple[int, asyncio.Task[str]]] = {}

    async def of(self, matter: UUID, number: int) -> str:
        """The fragments of `matter` as they stand at its event `number` or later. Raises MatterGoneError."""
        begun_at, rendering = self._under_way.get(matter, (-1, None))
        if rendering is None or begun_at < number:
            rendering = asyncio.create_task(_render(matter))
            self._under_way[matter] = number, rendering
            rendering.add_done_callback(lambda done: self._forget(matter, done))
        return await asyncio.shield(rendering)  # who goes meanwhile ends it for nobody else

    def _forget(self, matter: UUID, done: asyncio.Task[str]) -> None:
        if self._under_way.get(matter, (0, None))[1] is done:
            del self._under_way[matter]
        if not done.cancelled():
            done.exception()  # it was told to whoever still waits
