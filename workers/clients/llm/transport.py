"""The network under the openai client: a pool whose connections are opened in the name of a call.

The openai client and httpx2 above stay as they are; httpcore2's network backend is the seam made for this.
"""

import socket
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore2
import httpx2

from workers.clients.llm.call import Call, running_call
from workers.clients.llm.connection import CallConnection
from workers.clients.llm.resolve import addresses_of
from workers.network import open_by

# Shorter than the 5 s after which uvicorn (vLLM and others) closes an idle connection, or we would now and then send a
# request into a connection that is just being closed. https://www.uvicorn.org/settings/#timeouts
KEEPALIVE_SECONDS = 4.0


class CallBackend(httpcore2.NetworkBackend):
    """Opens connections in the name of the running call, so that they can be shut down while still connecting."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        call = running_call()
        limit = call.seconds_left() if timeout is None else min(timeout, call.seconds_left())
        failure: Exception = httpcore2.ConnectError(f"{host} has no address")
        for family, kind, protocol, _, address in addresses_of(host, port, limit, call):
            try:
                return self._connect(call, socket.socket(family, kind, protocol), address, limit)
            except TimeoutError as error:
                failure = httpcore2.ConnectTimeout(str(error))
            except OSError as error:
                failure = httpcore2.ConnectError(str(error))
        raise failure

    def _connect(self, call: Call, sock: socket.socket, address: Any, limit: float) -> CallConnection:
        try:
            connection = CallConnection(sock)
            call.own(connection)
            sock.settimeout(max(limit, 0.001))
            sock.connect(address)
            if call.canceled:  # a connect that was shut down ends without an error
                raise ConnectionAbortedError("canceled")
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(None)  # from here on the connection's own limits hold
        except OSError:
            sock.close()
            raise
        return connection


def http_client(base_url: str, *, connections: int, connect_timeout: float) -> httpx2.Client:
    """A pool of at most `connections` connections to `base_url`, through the environment's proxy if one applies."""
    limits = httpx2.Limits(
        max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=KEEPALIVE_SECONDS
    )
    transport = httpx2.HTTPTransport(limits=limits, proxy=proxy_for(base_url))
    open_by(transport, CallBackend())
    return httpx2.Client(transport=transport, timeout=connect_timeout, follow_redirects=False)


def proxy_for(url: str) -> str | None:
    """HTTPS_PROXY, HTTP_PROXY and NO_PROXY as the standard library reads them; never for this machine itself."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in ("localhost", "127.0.0.1", "::1") or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)
