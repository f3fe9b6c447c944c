"""How a web process ends on SIGTERM: it takes no more connections, answers what it was asked, and is over in seconds.

Daphne by itself cancels what runs, a request that stores something too, and where a connection has just no application
it raises and waits for nothing. A request is answered in a thread, which can't be cancelled: one that waits for the
event loop after that has stopped would keep the process for ever.
"""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from types import FrameType
from typing import Any

from advice.doorkeeper import open_streams
from advice.hub import end_waits

ANSWER_SECONDS = 8.0  # a supervisor grants 30 (docker-compose.yml), and `make run` 5 to whoever pressed Ctrl-C
CLOSE_SECONDS = 2.0
SERVICE_RESTART = 1012  # of the codes that IANA registers for WebSockets
LOOK_SECONDS = 0.02


class Ending:
    """An ASGI application that ends its process in order, where that is Daphne's."""

    def __init__(self, application: Callable[..., Awaitable[None]]) -> None:
        self._application = application
        self._open: dict[asyncio.Task[Any], str] = {}  # the connections, and what they are
        self._sockets: dict[asyncio.Task[Any], Callable[..., Any]] = {}  # of WebSockets that were let in: how to send
        self._end: asyncio.Task[None] | None = None
        self._reactor: Any = sys.modules.get("twisted.internet.reactor")
        if self._reactor:
            self._reactor.callWhenRunning(self._take_signals)  # from Twisted, which has taken them by then

    async def __call__(self, scope: Mapping[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        """Serve one connection. Once the end has begun, its client is told to make another one for what follows."""
        task = asyncio.current_task()
        assert task is not None

        async def answer(message: dict[str, Any]) -> None:
            if self._end and message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)
            if message["type"] == "websocket.accept":
                self._sockets[task] = send

        self._open[task] = scope["type"]
        try:
            await self._application(scope, receive, answer)
        finally:
            del self._open[task]
            self._sockets.pop(task, None)

    def _take_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._take_signal)

    def _take_signal(self, _number: int, _frame: FrameType | None) -> None:
        """The second signal is of somebody who won't wait."""
        self._reactor.callFromThread(self._reactor.stop if self._end else self._begin)

    def _begin(self) -> None:
        self._end = asyncio.ensure_future(self._end_in_order())

    async def _end_in_order(self) -> None:
        """Whoever would connect is refused, or waits for the next process where a supervisor keeps the socket.

        Polls that wait are answered as they are. Streams are cut, so that nobody takes this for their end; a WebSocket
        has a code that says why. Their readers come again, from their cursors.
        """
        try:
            for port in self._reactor.getReaders():
                if hasattr(port, "stopListening"):
                    port.stopListening()
            end_waits()
            await _wait(lambda: not self._is_asked(), ANSWER_SECONDS)
            for send in list(self._sockets.values()):
                await send({"type": "websocket.close", "code": SERVICE_RESTART})
            await _wait(lambda: not self._sockets, CLOSE_SECONDS)
            for task in self._open:
                task.cancel()
            await _wait(lambda: not (self._open or self._reactor.getWriters()), CLOSE_SECONDS)
        finally:
            self._reactor.stop()

    def _is_asked(self) -> bool:
        """Whether somebody waits for an answer, which streams do not."""
        return list(self._open.values()).count("http") > open_streams["sse"]


async def _wait(holds: Callable[[], bool], seconds: float) -> None:
    """Until `holds()`, but no longer than `seconds`."""
    ends_at = asyncio.get_running_loop().time() + seconds
    while not holds() and asyncio.get_running_loop().time() < ends_at:  # noqa: ASYNC110 - Twisted has no event for it
        await asyncio.sleep(LOOK_SECONDS)
