"""A proxy before PostgreSQL that begins each session as a pooler does: with a process id of its own making."""

import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

BACKEND_KEY_DATA = b"K"
PID = 1_974_844_944  # larger than any that a kernel gives


@contextlib.contextmanager
def pooler(url: str) -> Iterator[str]:
    """The address of one that leads to the database at `url`, without TLS."""
    address = urlsplit(url)
    server = (address.hostname or "", address.port or 0)

    class Session(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(server) as upstream:
                answers = threading.Thread(target=_answer, args=(upstream, self.request))
                answers.start()
                with contextlib.suppress(OSError):
                    while data := self.request.recv(65536):
                        upstream.sendall(data)
                _end(upstream)
                answers.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as listener:
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        place = f"{address.netloc.rpartition('@')[0]}@127.0.0.1:{listener.server_address[1]}"
        yield urlunsplit(address._replace(netloc=place, query="sslmode=disable"))
        listener.shutdown()
        thread.join()


def _answer(upstream: socket.socket, client: socket.socket) -> None:
    """Pass on the server's messages up to that with its process id, and then whatever comes."""
    kind = b""
    with contextlib.suppress(OSError), upstream.makefile("rb") as messages:
        while kind != BACKEND_KEY_DATA and (head := messages.read(5)):
            kind, length = head[:1], struct.unpack(">i", head[1:])[0]
            body = messages.read(length - 4)
            client.sendall(head + (struct.pack(">i", PID) + body[4:] if kind == BACKEND_KEY_DATA else body))
        while data := messages.read1():
            client.sendall(data)
    _end(client)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
