"""As much of HTTP/1.1 as the demo servers need: requests with a length, replies whole or chunked, kept connections."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

LARGEST_BODY = 8 * 1024 * 1024
JSON = "application/json"


@dataclass(frozen=True)
class Request:
    """`query` is what follows the question mark, as it came; the names of `headers` are in small letters."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def keep_open(self) -> bool:
        return self.headers.get("connection", "").lower() != "close"


class HttpError(Exception):
    """A request that can't be read to its end: the connection is closed after the reply."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request, None at the end of the connection. Raises `HttpError`."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        raise HttpError(400, "The headers are too long.") from None
    first, _, rest = head.decode("latin-1").partition("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise HttpError(400, "That is not an HTTP/1.1 request.")
    headers = _headers(rest)
    body = await _body(reader, headers)
    path, _, query = words[1].partition("?")
    return Request(words[0], path, query, headers, body)


def _headers(lines: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines.split("\r\n") if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "transfer-encoding" in headers:
        raise HttpError(411, "Send the body with a Content-Length.")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise HttpError(400, "Content-Length is not a number.")
    if len(length) > 9 or int(length) > LARGEST_BODY:
        raise HttpError(413, "The body is too large.")
    return await reader.readexactly(int(length))


async def send_json(writer: asyncio.StreamWriter, status: int, body: Any) -> None:
    await send(writer, status, json.dumps(body).encode())


async def send(
    writer: asyncio.StreamWriter,
    status: int,
    content: bytes,
    content_type: str = JSON,
    headers: Mapping[str, str] | None = None,
) -> None:
    """A whole reply."""
    told = {"Content-Type": content_type, "Content-Length": str(len(content)), **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    writer.write(f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{lines}\r\n".encode() + content)
    await writer.drain()


async def open_stream(writer: asyncio.StreamWriter) -> None:
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    await writer.drain()


async def send_event(writer: asyncio.StreamWriter, data: str) -> None:
    """One server-sent event. Raises ConnectionError once the reader has gone."""
    content = f"data: {data}\n\n".encode()
    writer.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
    await writer.drain()


async def close_stream(writer: asyncio.StreamWriter) -> None:
    writer.write(b"0\r\n\r\n")
    await writer.drain()
