"""An HTTP server that answers what a test wrote down, in that order, and remembers what it was asked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Said:
    """One answer. `cut`: the connection ends before all of the body has come."""

    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass(frozen=True)
class Asked:
    """One request; the names of its headers are in small letters."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Script:
    """`answers` are given in order, the last of them again and again."""

    url: str
    answers: list[Said]
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def scripted(*answers: Said) -> Iterator[Script]:
    """Serves until the end of the block."""
    script = Script("", list(answers))
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"script": script}))
    server.daemon_threads = True
    script.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept
    script: Script

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.script.asked.append(Asked(self.command, self.path, headers, body))
        answers = self.script.answers
        self._say(answers.pop(0) if len(answers) > 1 else answers[0])

    do_POST = do_GET  # noqa: N815 - http.server's names

    def _say(self, said: Said) -> None:
        self.send_response(said.status)
        for name, value in ({"Content-Length": str(len(said.body) + said.cut)} | said.headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said.body)
        self.close_connection = self.close_connection or said.cut

    def log_message(self, format: str, *arguments: object) -> None:
        """Tests have nothing to say to a terminal."""
