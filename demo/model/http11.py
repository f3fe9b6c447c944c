"""As much of HTTP/1.1 as the demo model needs: requests with a length, replies whole or chunked, kept connections."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

LARGEST_BODY = 8 * 1024 * 1024
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 411: "Length Required",
            413: "Content Too Large", 500: "Internal Server Error"}  # fmt: skip


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: bytes
    keep_open: bool


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
    return Request(words[0], words[1].partition("?")[0], body, headers.get("connection", "").lower() != "close")


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
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
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
