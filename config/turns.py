"""Requests take turns: a few are answered at once, the others wait before they have a thread.

Each request is answered in a thread of its own. Of a hundred at once each gets as much of the interpreter as the event
loop does: submissions took two to five seconds in their threads (0.1 to 1 in turns), and handshakes were given up.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

AT_ONCE = 8
LONGEST_WAIT = 5.0  # seconds; whoever has waited so long goes on beside the others, which may be slow
_RESTING = ("/events", "/events/stream")  # polls and streams wait for nearly all of their time
# Documents are read, and files made, by processes of which there are two at once: who waits for one of these would keep
# the others' places. They take turns among themselves.
_SLOW = ("/documents", "/documents/", "/advice.pdf", "/advice.docx")


class Turns:
    """An ASGI application of whose requests so many are answered at once, and beside them as many slow ones."""

    def __init__(self, application: Callable[..., Awaitable[None]]) -> None:
        self._application = application
        self._turns, self._slow_turns = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Mapping[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        """Answer one request, in its turn."""
        if scope["path"].endswith(_RESTING):
            await self._application(scope, receive, send)
            return
        turns = self._slow_turns if scope["path"].endswith(_SLOW) else self._turns
        try:
            await asyncio.wait_for(turns.acquire(), LONGEST_WAIT)
        except TimeoutError:
            await self._application(scope, receive, send)
            return
        try:
            await self._application(scope, receive, send)
        finally:
            turns.release()
