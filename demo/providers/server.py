"""The server of one provider: connections, the health path, faults, and the order in which a request is looked at."""

import asyncio
import logging
from typing import Protocol

from demo.http11 import HttpError, Request, read_request, send, send_json
from demo.providers.answers import Answer, RefusedError
from demo.providers.faults import Fault, Faults

log = logging.getLogger(__name__)


class Api(Protocol):
    """What a provider answers."""

    is_carta: bool

    def login(self, request: Request) -> Answer | None:
        """The pages and tokens of OAuth; None for other addresses. May raise RefusedError."""

    def resource(self, request: Request) -> Answer:
        """A GET of the API itself. May raise RefusedError."""


class ProviderServer:
    """Serves one listening address."""

    def __init__(self, api: Api, faults: frozenset[Fault]) -> None:
        self._api = api
        self._faults = Faults(faults)

    async def start(self, port: int) -> asyncio.Server:
        """Listens on 127.0.0.1 only; port 0 takes a free one. Raises OSError where the port is taken."""
        return await asyncio.start_server(self._serve, "127.0.0.1", port, limit=64 * 1024)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await read_request(reader)) is not None:
                await self._respond(request, writer)
                if not request.keep_open:
                    break
        except HttpError as error:
            await send_json(writer, error.status, {"message": str(error)})
        except (ConnectionError, asyncio.IncompleteReadError):
            log.debug("The client left.")
        except asyncio.CancelledError:
            log.debug("The server ends.")  # not raised on: asyncio's streams report a cancelled handler as an error
        finally:
            writer.close()

    async def _respond(self, request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path == "/health":
            await send_json(writer, 200, {"status": "ok"})
            return
        answer = self._login(request)
        if answer is None:
            await asyncio.sleep(self._faults.delay)
            answer = self._resource(request)
            await send(writer, answer.status, self._faults.broken(answer), headers=answer.headers)
        elif isinstance(answer.body, str):
            await send(writer, answer.status, answer.body.encode(), "text/html; charset=utf-8", answer.headers)
        else:
            await send_json(writer, answer.status, answer.body)

    def _login(self, request: Request) -> Answer | None:
        try:
            return self._api.login(request)
        except RefusedError as refused:
            return refused.answer

    def _resource(self, request: Request) -> Answer:
        if (instead := self._faults.instead(request, self._api.is_carta)) is not None:
            return instead
        if request.method != "GET":
            return Answer(405, {"message": "Only GET is there."})
        try:
            return self._api.resource(request)
        except RefusedError as refused:
            return refused.answer
