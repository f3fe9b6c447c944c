"""Looking up a server's name without being stuck in it: `getaddrinfo` knows no timeout and cannot be interrupted."""

import socket
import threading
import time
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from typing import Any

import httpcore2

from workers.clients.llm.call import Call

LOOK_AGAIN_SECONDS = 0.1

Addresses = Sequence[tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]]


def addresses_of(host: str, port: int, limit: float, call: Call) -> Addresses:
    """The addresses of a name, or of a numeric host itself.

    Raises httpcore2.ConnectError where there is none or the call was canceled, ConnectTimeout after `limit` seconds.
    """
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:  # a name, to be looked up
        pass
    found: SimpleQueue[Addresses | OSError] = SimpleQueue()
    threading.Thread(target=_look_up, args=(host, port, found), name=f"resolve {host}", daemon=True).start()
    answer = _wait(found, limit, call)
    if isinstance(answer, OSError):
        raise httpcore2.ConnectError(f"{host}: {answer}")
    return answer


def _look_up(host: str, port: int, found: "SimpleQueue[Addresses | OSError]") -> None:
    try:
        found.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except OSError as error:
        found.put(error)
    except UnicodeError as error:  # a label too long for IDNA
        found.put(OSError(str(error)))


def _wait(found: "SimpleQueue[Addresses | OSError]", limit: float, call: Call) -> Addresses | OSError:
    ends_at = time.monotonic() + limit
    while not call.canceled:
        seconds = min(ends_at - time.monotonic(), LOOK_AGAIN_SECONDS)
        if seconds <= 0:
            raise httpcore2.ConnectTimeout("the name of the server was not found in time")
        try:
            return found.get(timeout=seconds)
        except Empty:
            continue
    return OSError("canceled")
