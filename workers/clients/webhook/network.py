"""The network under one POST: addresses that somebody has checked, and one deadline for all of it."""

from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Any, TypeAlias

import httpcore2

from workers.network import Deadline, TimedStream

# The addresses of a host, found within so many seconds and all of them allowed. Raises OSError, or what it likes.
FindAddresses: TypeAlias = Callable[[str, float], Sequence[IPv4Address | IPv6Address]]


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
                return TimedStream(stream, self._deadline.left)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure
