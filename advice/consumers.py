"""The WebSocket: `/ws/matters/{id}/?after=<cursor>[&html=1]`."""

import asyncio
import json
import logging
from contextlib import aclosing, suppress
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid4

import psycopg
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from structlog.contextvars import bind_contextvars

from advice.access import may_read
from advice.cursor import BadCursorError, Cursor
from advice.doorkeeper import doorkeeper
from advice.hub import hub
from advice.services import cancel_matter
from advice.stream import Item, MatterGoneError
from advice.tasks import ended_behind
from companies.authentication import Principal, principal_of_headers
from companies.models import Scope
from matters.services import NotAllowed
from matters.tracing import span

logger = logging.getLogger(__name__)
request_logger = logging.getLogger("requests")
SIGNED_OUT = 4401
_SHOWN_BY_SCRIPT = {"advice.delta", "advice.checked"}  # the page needs no fragment for these


class MatterConsumer(AsyncWebsocketConsumer):  # type: ignore[misc] # channels has no types
    """Sends a matter's events, and takes `{"type": "cancel"}`.

    Without a channel layer: with one, no socket opens while Redis is away.
    """

    streaming: asyncio.Task[None] | None = None

    async def __call__(self, *connection: Any) -> None:
        """Serve one connection. However that ends, its stream ends with it."""
        try:
            await super().__call__(*connection)
        finally:
            if self.streaming is not None:
                self.streaming.cancel()

    async def connect(self) -> None:
        """Let the caller in, or answer 403 (which closing before accepting is)."""
        query = parse_qs(self.scope["query_string"].decode("latin-1"))
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self.scope["headers"]}
        self.matter: UUID = self.scope["url_route"]["kwargs"]["matter_id"]
        bind_contextvars(request=uuid4().hex, matter=str(self.matter))
        self.with_html = query.get("html", ["0"])[0] == "1"
        try:
            after = Cursor.parse(query.get("after", [""])[0])
        except BadCursorError:
            await self._refuse()
            return
        principal = await self._admit(headers)
        if principal is None:
            await self._refuse()
            return
        self.principal = principal
        await self.accept()
        _log_answer(101)
        self.streaming = asyncio.create_task(self._stream(after))

    async def _refuse(self) -> None:
        await self.close()
        _log_answer(403)

    async def _admit(self, headers: dict[str, str]) -> Principal | None:
        """The caller, if this matter is theirs. A browser sends cookies for any page: then `Origin` must be ours."""
        by_cookie = "authorization" not in headers
        if by_cookie and headers.get("origin") not in settings.CSRF_TRUSTED_ORIGINS:
            return None
        with suppress(psycopg.DataError):  # a cookie with a NUL
            principal = await principal_of_headers(headers.get("authorization"), headers.get("cookie"))
            if principal and await may_read(principal, self.matter):
                return principal
        return None

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """The one message a client may send; anything else is ignored."""
        with suppress(ValueError, RecursionError):
            message: Any = json.loads(text_data or "")
            if isinstance(message, dict) and message.get("type") == "cancel" and self.principal.may(Scope.WRITE):
                with suppress(NotAllowed):
                    await database_sync_to_async(cancel_matter, thread_sensitive=False)(self.matter)

    async def _stream(self, after: Cursor) -> None:
        """Send until the stream's end (1000), or until the caller may not read it any more (4401)."""
        admitted = doorkeeper().admitted(self.principal, self.matter, "websocket")
        with span("stream", self.matter, transport="websocket"), admitted as signed_out:
            sending = asyncio.create_task(self._send_all(after))
            watching = asyncio.create_task(signed_out.wait())
            async with ended_behind([sending, watching]):
                await asyncio.wait({sending, watching}, return_when=asyncio.FIRST_COMPLETED)
                if watching.done():
                    await self.close(SIGNED_OUT)
                elif error := sending.exception():
                    logger.error("a stream broke", exc_info=error)
                    await self.close(1011)
                else:
                    await self.close(1000)

    async def _send_all(self, after: Cursor) -> None:
        async with aclosing(hub().follow(self.matter, after)) as following:
            async for items in following:
                for item in items:
                    await self.send(text_data=item.json)
                if self.with_html and _wants_fragments(items):
                    with suppress(MatterGoneError):  # then the stream ends with the next look
                        await self.send(text_data=await hub().fragments.of(self.matter, items[-1].cursor.number))


def _log_answer(status: int) -> None:
    """The line of a handshake, like a request's (`config.middleware`)."""
    told = {"method": "WEBSOCKET", "route": "ws/matters/<id:matter_id>/", "status": status}
    request_logger.info("answered", extra=told)


class RefusingConsumer(AsyncWebsocketConsumer):  # type: ignore[misc] # channels has no types
    """Answers 403 to a handshake at an address that is not a matter's."""

    async def connect(self) -> None:
        """Refuse."""
        await self.close()


def _wants_fragments(items: list[Item]) -> bool:
    return any(item.type not in _SHOWN_BY_SCRIPT for item in items)
