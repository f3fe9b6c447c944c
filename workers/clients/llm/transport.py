"""The network under the openai client: connections that know their call, obey its limits and can be shut down.

httpx2's own timeouts are per read, so a server that sends a comment every few seconds is never too slow for them. Here
each read may block only for what the call has left. The openai client and httpx2 above stay as they are: httpcore2's
network backend is the seam made for this.
"""

import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from select import POLLIN, poll
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore2
import httpx2

from workers.clients.llm.call import Call, running_call
from workers.clients.llm.resolve import addresses_of

# Shorter than the 5 s after which uvicorn (vLLM and others) closes an idle connection, or we would now and then send a
# request into a connection that is just being closed. https://www.uvicorn.org/settings/#timeouts
KEEPALIVE_SECONDS = 4.0


class CallConnection(httpcore2.NetworkStream):
    """A socket, plain or TLS, lent to one call after another."""

    def __init__(self, sock: socket.socket) -> None:
        self.owner: Call | None = None
        self.is_shut = False
        self._take(sock)

    def _take(self, sock: socket.socket) -> None:
        self._sock = sock
        self._readable = poll()
        self._readable.register(sock, POLLIN)

    def shut_down(self) -> None:
        self.is_shut = True
        with suppress(OSError):  # the peer may have gone already
            # Not SSLSocket.shutdown: that one takes the TLS layer from under the thread that is reading.
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        call = self._call()
        try:
            self._limit(call)
            data = self._sock.recv(max_bytes)
        except TimeoutError as error:
            call.expire()
            raise httpcore2.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.ReadError(str(error)) from error
        if call.canceled:
            raise httpcore2.ReadError("canceled")
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        call = running_call()
        if self.owner is not call and not call.own(self):
            raise httpcore2.ConnectionNotAvailable
        call.sent = True
        try:
            self._limit(call)
            self._sock.sendall(buffer)
        except TimeoutError as error:
            call.expire()
            raise httpcore2.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.WriteError(str(error)) from error

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        call = self._call()
        try:
            # Not during wrap_socket: `shut_down` must find the new socket while the handshake blocks.
            self._take(
                ssl_context.wrap_socket(self._sock, server_hostname=server_hostname, do_handshake_on_connect=False)
            )
            self._handshake(call, timeout)
        except TimeoutError as error:
            self.close()
            raise httpcore2.ConnectTimeout(str(error)) from error
        except OSError as error:
            self.close()
            raise httpcore2.ConnectError(str(error)) from error
        return self

    def _handshake(self, call: Call, timeout: float | None) -> None:
        assert isinstance(self._sock, ssl.SSLSocket)
        self._sock.settimeout(timeout)
        if call.canceled:
            self.shut_down()
        self._sock.do_handshake()

    def _limit(self, call: Call) -> None:
        seconds = call.seconds_left()
        if seconds <= 0:
            raise TimeoutError("no time left")
        self._sock.settimeout(seconds)

    def _call(self) -> Call:
        assert self.owner is not None, "a connection is read before any call owned it"
        return self.owner

    def close(self) -> None:
        self._sock.close()

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":  # asked for every idle connection at every call
            return self._sock.fileno() < 0 or bool(self._readable.poll(0))
        if info == "socket":
            return self._sock
        if info == "ssl_object":
            return self._sock if isinstance(self._sock, ssl.SSLSocket) else None
        return None


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
    transport._pool._network_backend = CallBackend()  # noqa: SLF001 - httpx2 hands every other setting through, not this
    return httpx2.Client(transport=transport, timeout=connect_timeout, follow_redirects=True)


def proxy_for(url: str) -> str | None:
    """HTTPS_PROXY, HTTP_PROXY and NO_PROXY as the standard library reads them; never for this machine itself."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in ("localhost", "127.0.0.1", "::1") or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)
