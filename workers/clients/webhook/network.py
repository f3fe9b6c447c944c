"""The network under one POST: addresses that somebody has checked, and an end that no slow server puts off.

httpx2's own limits are per read, so a server that sends a byte every few seconds would never be too slow for them.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address
from ssl import SSLContext
from typing import Any, TypeAlias

import httpcore2

# The addresses of a host, found within so many seconds and all of them allowed. Raises OSError, or what it likes.
FindAddresses: TypeAlias = Callable[[str, float], Sequence[IPv4Address | IPv6Address]]


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


class CheckedBackend(httpcore2.NetworkBackend):
    """Connects to the very addresses that were checked: the name is not looked up again."""

    def __init__(self, find_addresses: FindAddresses, deadline: Deadline, connect_seconds: float) -> None:
        self._find_addresses, self._deadline, self._connect_seconds = find_addresses, deadline, connect_seconds
        self._backend = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        connecting = Deadline(min(self._connect_seconds, self._deadline.left()))
        try:
            addresses = self._find_addresses(host, connecting.left())
        except OSError as error:
            raise httpcore2.ConnectError("its name was not found") from error
        failure: Exception = httpcore2.ConnectError("it has no address")
        for address in addresses:
            try:
                stream = self._backend.connect_tcp(str(address), port, connecting.left(), local_address, socket_options)
                return TimedStream(stream, self._deadline)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure


class TimedStream(httpcore2.NetworkStream):
    """A connection on which nothing waits beyond the deadline."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return TimedStream(self._stream.start_tls(ssl_context, server_hostname, self._deadline.left()), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
