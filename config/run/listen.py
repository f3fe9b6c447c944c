"""Sockets to listen on, made by the supervisor so that they outlive a restart of who serves them."""

import errno
import socket

# A client that does not read for so long is dropped by the kernel: Daphne itself would buffer for it without end.
UNREAD_MILLISECONDS = 10_000
BACKLOG = 1024


class PortError(Exception):
    """Nobody can listen there; one line that names the variable to change."""


def listen(host: str, port: int, variable: str) -> socket.socket:
    """A listening TCP socket whose connections inherit TCP_USER_TIMEOUT (Linux). Raises PortError."""
    try:
        if not 0 <= port <= 65535:  # getaddrinfo would take the rest of the division
            raise OverflowError("ports go from 1 to 65535")
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        try:
            _bind(listener, address)
        except BaseException:
            listener.close()
            raise
    except (OSError, OverflowError, UnicodeError) as error:  # the last: what can't be a name at all
        raise PortError(_explain(error, host, port, variable)) from error
    return listener


def _bind(listener: socket.socket, address: object) -> None:
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MILLISECONDS)
    listener.bind(address)  # type: ignore[arg-type]  # an address as getaddrinfo gives it
    listener.listen(BACKLOG)


def _explain(error: Exception, host: str, port: int, variable: str) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        free = port + 1 if port < 65535 else port - 1
        return f"Port {port} is taken: end what listens there, or choose another, as in `make run {variable}={free}`."
    reason = "that is no name of a host" if isinstance(error, UnicodeError) else getattr(error, "strerror", error)
    return f"Nothing can listen on {host}:{port} ({reason}): set HOST and {variable} to what this machine has."
