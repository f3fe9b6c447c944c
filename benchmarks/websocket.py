"""A WebSocket client that costs next to nothing: hundreds of viewers share two cores with what is measured.

Only what a reader needs of RFC 6455: the handshake, whole and fragmented text frames, ping and close.
"""

import asyncio
import base64
import os
from collections.abc import Callable, Mapping

from benchmarks.chunks import microseconds

OnText = Callable[[bytes, int], None]
_CONTINUED, _TEXT, _CLOSE, _PING, _PONG = 0, 1, 8, 9, 10
_FINAL, _MASKED = 0x80, 0x80


class HandshakeError(Exception):
    """The server did not take the connection; holds the first line of its answer."""


class Socket(asyncio.Protocol):
    """One open WebSocket. `on_text` gets each text and the time (microseconds) at which its bytes were read."""

    def __init__(self, request: bytes, on_text: OnText) -> None:
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[int] = loop.create_future()
        """The close code, 1006 for a connection that broke."""
        self._request, self._on_text = request, on_text
        self._unread = bytearray()
        self._parts = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(1006)

    def data_received(self, data: bytes) -> None:
        now = microseconds()
        self._unread += data
        if not self.opened.done() and not self._shake_hands():
            return
        while (frame := self._next_frame()) is not None:
            self._take(*frame, now)

    def close(self) -> None:
        """Leave, without waiting for the server's word."""
        self._transport.close()

    def _shake_hands(self) -> bool:
        head, end, rest = bytes(self._unread).partition(b"\r\n\r\n")
        if not end:
            return False
        self._unread = bytearray(rest)
        first = head.partition(b"\r\n")[0].decode("latin-1")
        if " 101 " in f"{first} ":
            self.opened.set_result(None)
            return True
        self.opened.set_exception(HandshakeError(first))
        self.close()
        return False

    def _next_frame(self) -> tuple[int, bytes] | None:
        """The first byte and the payload of a frame that is here in whole."""
        unread = self._unread
        if len(unread) < 2:
            return None
        length, begins = unread[1] & 0x7F, 2
        if length > 125:
            begins = 4 if length == 126 else 10
            length = int.from_bytes(unread[2:begins], "big")
        if len(unread) < begins or len(unread) < begins + length:
            return None
        payload = bytes(unread[begins : begins + length])
        first = unread[0]
        del unread[: begins + length]
        return first, payload

    def _take(self, first: int, payload: bytes, now: int) -> None:
        kind = first & 0x0F
        if kind in (_TEXT, _CONTINUED):
            self._parts += payload
            if first & _FINAL:
                payload, self._parts = self._parts, b""
                self._on_text(payload, now)
        elif kind == _PING:
            self._send(_PONG, payload)
        elif kind == _CLOSE:
            self._send(_CLOSE, payload[:2])
            self._end(int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005)
            self.close()

    def _send(self, kind: int, payload: bytes) -> None:
        """Clients mask what they send; four zeros are a mask too."""
        self._transport.write(bytes([_FINAL | kind, _MASKED | len(payload)]) + b"\0\0\0\0" + payload)

    def _end(self, code: int) -> None:
        if not self.opened.done():
            self.opened.set_exception(HandshakeError("the connection was closed"))
        if not self.closed.done():
            self.closed.set_result(code)


async def connect(port: int, path: str, on_text: OnText, headers: Mapping[str, str] | None = None) -> Socket:
    """A WebSocket to 127.0.0.1. Raises HandshakeError, OSError."""
    key = base64.b64encode(os.urandom(16)).decode()
    wanted = {
        "Host": f"127.0.0.1:{port}", "Upgrade": "websocket", "Connection": "Upgrade",
        "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13", **(headers or {}),
    }  # fmt: skip
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in wanted.items()), "", ""]
    request = "\r\n".join(lines).encode()
    loop = asyncio.get_running_loop()
    _, socket = await loop.create_connection(lambda: Socket(request, on_text), "127.0.0.1", port)
    await socket.opened
    return socket
