"""`python -m config.run.web …`: Daphne, with its own command line, made patient with readers and wary of senders.

A WebSocket that the server closes is cut off by Autobahn with a reset: as soon as the reader has answered, or after a
second without an answer. A reset overtakes what was sent. Who reads over a slow line, or is busy with a ping at that
moment, then gets an error (1006) in the place of the last events and the 1000 behind them.

A body is read whole before anybody asks whose it is, and kept in a file: without end, if it has none. Who sends it, or
the headers before it, a byte at a time is waited for as long: Twisted gives up only who sends nothing for a minute.
"""

from daphne import http_protocol
from daphne.cli import CommandLineInterface
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.web import http

from config.run.listen import UNREAD_MILLISECONDS

KEPT_BODY_BYTES = 24 * 1024 * 1024  # the largest that is taken is a document of 20 MB in its form
LEAST_RATE = 500  # bytes a second of a request; a telephone at the edge of its network sends some thousands


class PatientProtocol(WebSocketProtocol):  # type: ignore[misc] # daphne has no types
    """A WebSocket that ends behind its last byte, and waits for the answer to its close as the kernel does for text."""

    closeHandshakeTimeout = UNREAD_MILLISECONDS / 1000  # noqa: N815 # Autobahn's name; goes before the factory's

    def serverClose(self, code: int | None = None) -> None:  # noqa: N802 # Daphne's name
        """Begins to close. Autobahn refuses codes that say what befell the server, 1011 and 1012 among them."""
        self.sendCloseFrame(code=1000 if code is None else code)

    def dropConnection(self, abort: bool = False) -> None:  # noqa: N802 # Autobahn's name
        """Ends the connection: without a reset where both sides have closed."""
        super().dropConnection(abort=abort and not self.wasClean)


class HurriedChannel(http.HTTPChannel):
    """A connection that is closed where a request comes too slowly, as where none comes: without an answer.

    A request has as long as a connection may be silent (a minute), and a second more for each `LEAST_RATE` bytes; never
    more than a minute ahead, so that nobody rests on what they sent quickly. Once it has come it has all the time.
    """

    _ends_at: float | None = None  # by the reactor's clock; None until the first byte of a request

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 # Twisted's name
        """What the client sent next. `timeOut` is None while a request is answered."""
        now, patience = self.factory.reactor.seconds(), self.timeOut
        if patience is not None:
            if self._ends_at is not None and now > self._ends_at:
                self.timeoutConnection()  # type: ignore[no-untyped-call] # Twisted's channel has no types
                return
            self._ends_at = min(now + patience, (self._ends_at or now + patience) + len(data) / LEAST_RATE)
        super().dataReceived(data)  # type: ignore[no-untyped-call] # likewise

    def allContentReceived(self) -> None:  # noqa: N802 # Twisted's name
        """A request has come whole."""
        self._ends_at = None
        super().allContentReceived()  # type: ignore[no-untyped-call] # likewise


class BoundedRequest(http_protocol.WebRequest):  # type: ignore[misc] # daphne has no types
    """A request of whose body no more is kept than what no address of ours takes: the answer is 413 as for that."""

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 # Twisted's name
        """A further piece of the body."""
        super().handleContentChunk(data[: max(0, KEPT_BODY_BYTES - self.content.tell())])


def prepare() -> None:
    """Have Daphne serve by these."""
    WebSocketFactory.protocol = PatientProtocol
    http_protocol.WebRequest = BoundedRequest
    http.HTTPChannel = HurriedChannel  # type: ignore[misc] # of which Twisted's factory makes one for each connection


if __name__ == "__main__":
    prepare()
    CommandLineInterface.entrypoint()
