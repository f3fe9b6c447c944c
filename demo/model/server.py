"""The server: connections, routes, and the pace at which a reply is told."""

import asyncio
import json
import logging
import random
import time
from dataclasses import dataclass

from demo.http11 import HttpError, Request, close_stream, open_stream, read_request, send_event, send_json
from demo.model.answering import answer
from demo.model.wire import MODEL, BadRequestError, ChatRequest, Reply, make_reply, read_chat_request

log = logging.getLogger(__name__)
_CREATED = 1763683200  # 2025-11-21, so that /v1/models does not change from start to start


@dataclass(frozen=True)
class Speed:
    """`pace`: words a second of streamed text, 0 for no waiting. `delay`: seconds before a reply, give or take half."""

    pace: float = 45.0
    delay: float = 0.1


class DemoModel:
    """Serves one listening address; `speed` holds for all requests."""

    def __init__(self, speed: Speed) -> None:
        self.speed = speed

    async def start(self, port: int) -> asyncio.Server:
        """Listens on 127.0.0.1 only; port 0 takes a free one. Raises OSError where the port is taken."""
        return await asyncio.start_server(self._serve, "127.0.0.1", port, limit=64 * 1024, backlog=512)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await read_request(reader)) is not None:
                await self._respond(request, writer)
                if not request.keep_open:
                    break
        except HttpError as error:
            await send_json(writer, error.status, BadRequestError(str(error)).body())
        except (ConnectionError, asyncio.IncompleteReadError):
            log.debug("The client left.")
        except asyncio.CancelledError:
            log.debug("The server ends.")  # not raised on: asyncio's streams report a cancelled handler as an error
        finally:
            writer.close()

    async def _respond(self, request: Request, writer: asyncio.StreamWriter) -> None:
        try:
            await self._route(request, writer)
        except BadRequestError as error:
            await send_json(writer, error.status, error.body())

    async def _route(self, request: Request, writer: asyncio.StreamWriter) -> None:
        match request.method, request.path:
            case "GET", "/health":
                await send_json(writer, 200, {"status": "ok"})
            case "GET", "/v1/models":
                model = {"id": MODEL, "object": "model", "created": _CREATED, "owned_by": "demo"}
                await send_json(writer, 200, {"object": "list", "data": [model]})
            case "POST", "/v1/chat/completions":
                await self._complete(read_chat_request(request.body), writer)
            case _, "/health" | "/v1/models" | "/v1/chat/completions":
                raise BadRequestError(f"{request.method} is not allowed here.", status=405)
            case _:
                raise BadRequestError("There is nothing at this address.", status=404, code="unknown_url")

    async def _complete(self, request: ChatRequest, writer: asyncio.StreamWriter) -> None:
        reply = make_reply(request, answer(request))
        await asyncio.sleep(self.speed.delay * random.Random(request.fingerprint).uniform(0.5, 1.5))
        if request.stream:
            await self._stream(reply, request, writer)
        else:
            await send_json(writer, 200, reply.whole())

    async def _stream(self, reply: Reply, request: ChatRequest, writer: asyncio.StreamWriter) -> None:
        """Each chunk at its own moment, counted from the start, so that a slow moment is made up for."""
        started, gap = time.monotonic(), self._gap(request)
        await open_stream(writer)
        for number, chunk in enumerate(reply.chunks(request.include_usage)):
            if (wait := started + number * gap - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            await send_event(writer, json.dumps(chunk, ensure_ascii=False))
        await send_event(writer, "[DONE]")
        await close_stream(writer)

    def _gap(self, request: ChatRequest) -> float:
        """Seconds between two chunks. JSON is told at once: nobody watches it."""
        return 1 / self.speed.pace if self.speed.pace > 0 and request.schema is None else 0.0
