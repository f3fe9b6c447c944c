"""Who sends a request byte by byte is not waited for: a connection as Daphne makes it, with a clock of the test's."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from daphne import http_protocol
from daphne.ws_protocol import WebSocketFactory
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web import http

from config.run import web

GET = b"GET / HTTP/1.1\r\nHost: legal.example\r\n"
DOCUMENT_BYTES = 20 * 1024 * 1024
UPLOAD = b"POST / HTTP/1.1\r\nHost: legal.example\r\nContent-Length: %d\r\n\r\n" % DOCUMENT_BYTES


class Sender:
    """One connection to a server that answers only when it is told to."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.transport = StringTransport()  # type: ignore[no-untyped-call] # Twisted has no types here
        self.asked: list[Any] = []
        factory = http_protocol.HTTPFactory(self)
        factory.reactor = self.clock
        self._protocol = factory.buildProtocol(IPv4Address("TCP", "127.0.0.1", 1))
        self._protocol.makeConnection(self.transport)

    @property
    def is_cut(self) -> bool:
        return bool(self.transport.disconnecting)

    def send(self, data: bytes, *, after: float = 0) -> None:
        """Send `data`, unless cut, once nothing was sent for `after` seconds."""
        self.clock.advance(after)
        if not self.is_cut:
            self._protocol.dataReceived(data)

    def go(self) -> None:
        self._protocol.connectionLost(Failure(ConnectionDone()))  # type: ignore[no-untyped-call] # likewise

    def answer(self) -> None:
        request = self.asked.pop()
        request.handle_reply({"type": "http.response.start", "status": 200})
        request.handle_reply({"type": "http.response.body"})

    # What a request asks of Daphne's server.
    root_path, server_name, proxy_forwarded_address_header, request_buffer_size = "", "daphne", None, 8192

    def create_application(self, request: Any, _scope: object) -> asyncio.Queue[object]:
        self.asked.append(request)
        return asyncio.Queue()

    def protocol_connected(self, _request: object) -> None: ...

    def protocol_disconnected(self, _request: object) -> None: ...

    def log_action(self, *_of_no_matter: object) -> None: ...


@pytest.fixture
def sender(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sender]:
    for owner, name in ((WebSocketFactory, "protocol"), (http_protocol, "WebRequest"), (http, "HTTPChannel")):
        monkeypatch.setattr(owner, name, getattr(owner, name))  # and back behind the test
    web.prepare()
    sender = Sender()
    yield sender
    sender.go()


def test_headers_that_drip_are_cut_after_a_minute(sender: Sender) -> None:
    sender.send(GET)
    for _ in range(11):
        sender.send(b"x", after=5)
    assert not sender.is_cut, "there was less than a minute"
    for _ in range(2):
        sender.send(b"x", after=5)
    assert sender.is_cut, "headers without end hold a connection for ever"


def test_a_body_that_drips_is_cut_however_much_came_quickly(sender: Sender) -> None:
    sender.send(UPLOAD + b"x" * 1_000_000)
    for _ in range(13):
        sender.send(b"x", after=5)
    assert sender.is_cut, "a body without end holds a connection and a file for ever"


def test_a_document_comes_whole_over_a_line_at_the_edge_of_its_network(sender: Sender) -> None:
    sender.send(UPLOAD)
    left = DOCUMENT_BYTES
    while left and not sender.is_cut:
        for _ in range(50):  # 1 KB a second, and no network for 40 s of each 90
            sender.send(b"x" * min(left, 1_000), after=1)
            left -= min(left, 1_000)
        sender.clock.advance(40)
    assert not sender.is_cut, "a large document can't be attached from a telephone"
    (request,) = sender.asked
    assert request.content.tell() == DOCUMENT_BYTES


def test_a_connection_that_was_silent_has_its_minute_for_the_next_request(sender: Sender) -> None:
    for _ in range(3):
        sender.send(GET, after=55)
        sender.send(b"\r\n", after=55)
        assert not sender.is_cut, "a client that keeps its connection has less time than a new one"
        sender.answer()


def test_who_waits_for_an_answer_has_all_the_time(sender: Sender) -> None:
    sender.send(GET + b"\r\n")
    sender.send(GET, after=5_000)  # and may have begun with the next request meanwhile
    sender.send(b"\r\n", after=5_000)
    assert not sender.is_cut, "streams and long polls end"
    for _ in range(2):
        sender.answer()
    assert not sender.is_cut
