"""What becomes of a connection while it rests in a pool, seen without asking the server.

A server that ends a session says so, and closes the socket: there is something to be read where nobody has asked.
One call to the kernel tells, so no request pays a roundtrip for the day on which the server is restarted.
"""

import select
from typing import Any

from psycopg import BaseConnection

RECONNECT_SECONDS = 2.0  # the pool gives a try up after so long, and begins the next with the next request
# So often a pool closes one connection, if one was idle all the while: a worker's six are one within 15 s.
# What the next burst pays for those that were closed is in docs/adr/0002-chunks.md.
IDLE_SECONDS = 3.0


def has_broken_off(connection: BaseConnection[Any]) -> bool:
    """Whether a connection that rests is of no use: closed, or with words of the server that nobody asked for.

    Besides its end that may be a harmless notice (a parameter was changed); then a new connection costs little.
    """
    if connection.closed:
        return True
    poller = select.poll()
    poller.register(connection.fileno(), select.POLLIN)
    return bool(poller.poll(0))
