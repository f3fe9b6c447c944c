"""A receiver of webhooks on this machine: it takes what comes, and answers as a test wants."""

import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

Handler = BaseHTTPRequestHandler
Answer = Callable[[Handler], None]


@dataclass(frozen=True)
class Received:
    """One request: its headers as they came (name in lower case, value), and its body."""

    path: str
    headers: list[tuple[str, str]]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    def header(self, name: str) -> str:
        """The one header of that name."""
        (value,) = [value for key, value in self.headers if key == name]
        return value


def status(code: int, **headers: str) -> Answer:
    """An answer with that status."""

    def answer(handler: Handler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def after(seconds: float, answer: Answer) -> Answer:
    """The same, late."""

    def late(handler: Handler) -> None:
        time.sleep(seconds)
        answer(handler)

    return late


def dripping(seconds: float, begun: bytes = b"HTTP/1.1 200 OK\r\nX-Long: ") -> Answer:
    """An answer that never ends, in its header unless it has `begun` further: a byte every `seconds`."""

    def drip(handler: Handler) -> None:
        handler.wfile.write(begun)
        while True:
            handler.wfile.write(b"a")
            handler.wfile.flush()
            time.sleep(seconds)

    return drip


def endless(handler: Handler) -> None:
    """200, and a body without an end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        handler.wfile.write(b"x" * 65_536)


def cut(handler: Handler) -> None:
    """Nothing at all."""
    handler.connection.close()


class Receiver:
    """`with Receiver() as receiver`: what came is in `received`; `answers` are used up one by one, then 204.

    `certificate`: a PEM file with its key, for https.
    """

    def __init__(self, certificate: Path | None = None) -> None:
        self.received: list[Received] = []
        self.answers: deque[Answer] = deque()
        receiver = self

        class _Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = [(name.lower(), value) for name, value in self.headers.items()]
                receiver.received.append(Received(self.path, headers, body))
                answer = receiver.answers.popleft() if receiver.answers else status(204)
                self.close_connection = True
                with suppress(OSError):  # the other side has gone
                    answer(self)

            do_GET = do_POST  # noqa: N815 - a redirect that is followed would come as GET

            def handle(self) -> None:
                with suppress(OSError):
                    super().handle()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        if certificate is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate)
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def paths(self) -> list[str]:
        """Of all requests, in the order they came."""
        return [request.path for request in self.received]
