"""What is under httpx2's clients: who opens their connections, and an end that no slow server puts off.

httpx2's own limits are per read, so a server that sends a byte every few seconds would never be too slow for them.
"""

import time
from collections.abc import Callable
from ssl import SSLContext
from typing import Any

import httpcore2
import httpx2


def open_by(transport: httpx2.HTTPTransport, backend: httpcore2.NetworkBackend) -> None:
    """Have the transport's connections opened by `backend`, which is httpcore2's own seam for it."""
    transport._pool._network_backend = backend  # noqa: SLF001 - httpx2 hands every other setting through, not this


class Deadline:
    """Until when everything has to be done."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds, more than 0. Raises httpcore2.ReadTimeout where there are none."""
        seconds = self._ends_at - time.monotonic()
        if seconds <= 0:
            raise httpcore2.ReadTimeout("no time left")
        return seconds


class TimedStream(httpcore2.NetworkStream):
    """A connection on which nothing waits beyond the deadline. `left`: `Deadline.left` of whatever it carries now."""

    def __init__(self, stream: httpcore2.NetworkStream, left: Callable[[], float]) -> None:
        self._stream, self._left = stream, left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._limit(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._limit(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return TimedStream(self._stream.start_tls(ssl_context, server_hostname, self._limit(timeout)), self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _limit(self, timeout: float | None) -> float:
        left = self._left()
        return left if timeout is None else min(timeout, left)
