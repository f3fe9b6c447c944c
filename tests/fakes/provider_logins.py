"""Rippling and Carta as far as connections need them: who is let in, which issuers there are, tokens. All can be set.

The wire formats are those of `demo/providers`; here a test may refuse a token in the middle, and count the calls.
"""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

RIPPLING_TOKEN = "Zaunkoenig-rippling-token"
CLIENT_ID, CLIENT_SECRET = "Zaunkoenig-client-id", "Zaunkoenig-client-secret"


@dataclass
class State:
    """`good`: access tokens that are let in. `status`: what every resource answers instead of 200."""

    good: set[str] = field(default_factory=lambda: {RIPPLING_TOKEN})
    refresh: set[str] = field(default_factory=set)
    secret: str = CLIENT_SECRET
    issuers: list[tuple[str, str]] = field(default_factory=lambda: [("101", "Acme, Inc.")])
    status: int = 200
    token_seconds: float = 0.0  # how long the token endpoint thinks
    resource_calls: int = 0
    token_calls: int = 0


@dataclass(frozen=True)
class FakeProviders:
    """A running server of both."""

    url: str
    state: State

    @property
    def token_url(self) -> str:
        """Of both."""
        return f"{self.url}/token"


@contextmanager
def fake_providers() -> Iterator[FakeProviders]:
    """On a free port of this machine, in threads of this process."""
    state = State()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"state": state}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield FakeProviders(f"http://127.0.0.1:{server.server_port}", state)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: State
    _lock = threading.Lock()

    def do_GET(self) -> None:
        state, path = self.state, urlsplit(self.path).path
        state.resource_calls += 1
        if state.status != 200:
            self._answer(state.status, {"message": "no"})
        elif self.headers.get("Authorization", "").removeprefix("Bearer ") not in state.good:
            self._answer(401, {"message": "unauthorized"})
        elif path == "/workers/":
            self._answer(200, {"results": [], "next_link": None, "__meta": {"redacted_fields": []}})
        else:
            self._answer(200, {"issuers": [{"id": key, "legalName": name} for key, name in state.issuers]})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        time.sleep(self.state.token_seconds)
        with self._lock:
            self._answer(*self._tokens(form))

    def _tokens(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        state = self.state
        state.token_calls += 1
        expected = base64.b64encode(f"{CLIENT_ID}:{state.secret}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {expected}":
            return 401, {"error": "invalid_client"}
        if form["grant_type"] == "refresh_token" and form["refresh_token"] not in state.refresh:
            return 400, {"error": "invalid_grant"}
        state.refresh.discard(form.get("refresh_token", ""))
        access, refresh = f"Zaunkoenig-access-{state.token_calls}", f"Zaunkoenig-refresh-{state.token_calls}"
        state.good.add(access)
        state.refresh.add(refresh)
        given = {"access_token": access, "token_type": "Bearer", "expires_in": 3600, "scope": form.get("scope", "x")}
        return 200, given | ({"refresh_token": refresh} if form["grant_type"] == "refresh_token" else {})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: tests read what the product logs."""
