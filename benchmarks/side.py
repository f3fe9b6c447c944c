"""What is measured: something that streams texts to viewers, and perhaps works on whole matters."""

import asyncio
from abc import ABC, abstractmethod

from benchmarks.chunks import Dated
from benchmarks.websocket import Socket


class UnfinishedError(Exception):
    """A text or a matter that did not come to its end; says why."""


class Viewer:
    """Somebody who reads one text as it is written."""

    def __init__(self, size: int) -> None:
        self.dated = Dated(size)
        self.ended: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        """The loop's time at which the end was here."""
        self.socket: Socket | None = None

    def end(self) -> None:
        """The end is here."""
        if not self.ended.done():
            self.ended.set_result(asyncio.get_running_loop().time())

    def fail(self, why: str) -> None:
        """The end will not come."""
        if not self.ended.done():
            self.ended.set_exception(UnfinishedError(why))

    def leave(self) -> None:
        """Stop reading."""
        if self.socket is not None:
            self.socket.close()
        if not self.ended.done():
            self.ended.cancel()


class Side(ABC):
    """One of those that are compared. `name` is also the name of its database and of its model."""

    name: str
    database: str
    web: int
    """Pid of the web process."""

    @abstractmethod
    def pids(self) -> list[int]:
        """Of its web and worker processes."""

    @abstractmethod
    async def submit(self, size: int) -> Viewer:
        """A new matter, with all its calls, and one viewer of it from the start."""

    @abstractmethod
    async def begin_streams(self, count: int, size: int, viewers: int = 1) -> list[list[Viewer]]:
        """So many texts with so many viewers each, connected before the first character. The model's gate is shut."""

    def failures(self) -> str:
        """What its processes have said of failures, for the report."""
        return ""
