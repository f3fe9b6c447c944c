"""A small HTTP/1.1 client with connections that are used again: the load generator's own cost must be small."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

CONNECTIONS = 32
IDLE_SECONDS = 2.0  # a server closes what is idle for longer (Node after 5), perhaps while we write
_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class HttpError(Exception):
    """An answer that was not expected: its status and its beginning."""


class HttpClient:
    """Sends JSON to 127.0.0.1:`port` and reads JSON, over at most 32 connections."""

    def __init__(self, port: int, headers: Mapping[str, str] | None = None) -> None:
        self._port, self._headers = port, dict(headers or {})
        self._idle: list[tuple[float, _Connection]] = []
        self._places = asyncio.Semaphore(CONNECTIONS)

    async def call(self, method: str, path: str, value: Any = None) -> Any:
        """What the server answers. Raises HttpError for any status but 200, 201 and 202; OSError."""
        async with self._places:
            connection = self._used_before() or await asyncio.open_connection("127.0.0.1", self._port)
            connection[1].write(self._request(method, path, value))
            status, body, stays = await _read(connection[0])
            if stays:
                self._idle.append((time.monotonic(), connection))
            else:
                connection[1].close()
        if status not in (200, 201, 202):
            raise HttpError(f"{method} {path}: {status} {body[:300].decode(errors='replace')}")
        return json.loads(body) if body else None

    def close(self) -> None:
        """Closes the connections that nobody uses."""
        for _, (_, writer) in self._idle:
            writer.close()
        self._idle.clear()

    def _used_before(self) -> _Connection | None:
        while self._idle:
            since, connection = self._idle.pop()
            if time.monotonic() - since < IDLE_SECONDS and not connection[0].at_eof():
                return connection
            connection[1].close()
        return None

    def _request(self, method: str, path: str, value: Any) -> bytes:
        body = b"" if value is None else json.dumps(value).encode()
        headers = {"Host": f"127.0.0.1:{self._port}", "Content-Length": str(len(body)), **self._headers}
        if body:
            headers["Content-Type"] = "application/json"
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode() + body


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes, bool]:
    """Status, body, and whether the connection can be used again."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return int(first.split()[1]), body, headers.get("connection", "").lower() != "close"
