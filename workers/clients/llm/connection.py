"""A connection that knows its call, obeys the call's limits and can be shut down from another thread.

httpx2's own timeouts are per read, so a server that sends a comment every few seconds is never too slow for them. Here
each read may block only for what the call has left.
"""

import socket
import ssl
import struct
import sys
from contextlib import suppress
from math import modf
from select import POLLIN, poll
from typing import Any

import httpcore2

from workers.clients.llm.call import Call, running_call

_TIMEVAL = "@ll" if sys.platform == "linux" else "@li4x"  # struct timeval: seconds, microseconds
_CLOSE_ENOUGH = 0.05  # seconds that a limit may be exceeded, so that it isn't set anew for each read


class CallConnection(httpcore2.NetworkStream):
    """A socket, plain or TLS, lent to one call after another."""

    def __init__(self, sock: socket.socket) -> None:
        self.owner: Call | None = None
        self.is_shut = False
        self._head: bytes | None = None
        self._limit_set = 0.0
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
        except (TimeoutError, BlockingIOError) as error:
            call.expire()
            raise httpcore2.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.ReadError(str(error)) from error
        if call.canceled:
            raise httpcore2.ReadError("canceled")
        if self._head is not None and b"\r\n\r\n" not in self._head:
            self._head += data
        return data

    def after_head(self) -> bytes | None:
        """What was read beyond the head of the response, and was not asked for yet; None where that is not sure."""
        head, separator, begun = (self._head or b"").partition(b"\r\n\r\n")
        self._head = None
        return begun if separator and not head.startswith((b"HTTP/1.0", b"HTTP/1.1 1")) else None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        call = running_call()
        if not call.own(self):
            raise httpcore2.ConnectionNotAvailable  # the pool takes another
        call.sent = True
        self._head = b""
        try:
            self._limit(call)
            self._sock.sendall(buffer)
        except (TimeoutError, BlockingIOError) as error:
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
            self._handshake(call, call.seconds_left() if timeout is None else min(timeout, call.seconds_left()))
        except TimeoutError as error:
            self.close()
            raise httpcore2.ConnectTimeout(str(error)) from error
        except OSError as error:
            self.close()
            raise httpcore2.ConnectError(str(error)) from error
        return self

    def _handshake(self, call: Call, seconds: float) -> None:
        assert isinstance(self._sock, ssl.SSLSocket)
        self._sock.settimeout(max(seconds, 0.001))
        if call.canceled:
            self.shut_down()
        self._sock.do_handshake()

    def _limit(self, call: Call) -> None:
        """How long the next recv or send may block. The kernel's own limit on a blocking socket saves a poll at each
        piece, but OpenSSL would try again for ever when it strikes."""
        seconds = call.seconds_left()
        if seconds <= 0:
            raise TimeoutError("no time left")
        if isinstance(self._sock, ssl.SSLSocket):
            self._sock.settimeout(seconds)
        elif not 0 <= self._limit_set - seconds <= _CLOSE_ENOUGH:
            self._limit_set = seconds + _CLOSE_ENOUGH / 2
            fraction, whole = modf(self._limit_set)
            limit = struct.pack(_TIMEVAL, int(whole), int(fraction * 1e6))
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)

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
