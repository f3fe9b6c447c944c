"""A server that answers each request with given bytes, for what the fake model does not say."""

import socket
import ssl
import threading
from types import TracebackType
from typing import Self

from tests.workers.clients.llm.asking import read
from workers.clients.llm import LLMClient


class RawServer:
    """Answers every request with `answer`, then closes the connection. With `tls` it speaks TLS."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.answer = b""
        self.silent = False  # after the answer the connection stays open, and nothing comes
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._open: list[socket.socket] = []

    @property
    def base_url(self) -> str:
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://127.0.0.1:{self._socket.getsockname()[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=10)
        for each in [self._socket, *self._open]:
            each.close()

    def text_of(self, answer: bytes) -> str:
        """The text that a stream with this answer has for our client; fails if the client does."""
        self.answer = answer
        client = LLMClient(self.base_url, "k", connections=10)
        text, error, _ = read(client)
        client.close()
        if error is not None:
            raise error
        return text

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
                self._answer(connection)
            except ssl.SSLError:  # the client did not trust us, or left in the handshake
                continue
            except OSError:  # the listening socket was shut down
                return

    def _answer(self, connection: socket.socket) -> None:
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_side=True)
        while received := connection.recv(65536):
            if b"}" in received:
                break
        connection.sendall(self.answer)
        if self.silent:
            self._open.append(connection)
        else:
            connection.close()
