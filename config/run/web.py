"""`python -m config.run.web …`: Daphne, with its own command line, made patient with readers and wary of senders.

A WebSocket that the server closes is cut off by Autobahn with a reset: as soon as the reader has answered, or after a
second without an answer. A reset overtakes what was sent. Who reads over a slow line, or is busy with a ping at that
moment, then gets an error (1006) in the place of the last events and the 1000 behind them.

A body is read whole before anybody asks whose it is, and kept in a file: without end, if it has none.
"""

from daphne import http_protocol
from daphne.cli import CommandLineInterface
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol

from config.run.listen import UNREAD_MILLISECONDS

KEPT_BODY_BYTES = 24 * 1024 * 1024  # the largest that is taken is a document of 20 MB in its form


class PatientProtocol(WebSocketProtocol):  # type: ignore[misc] # daphne has no types
    """A WebSocket that ends behind its last byte, and waits for the answer to its close as the kernel does for text."""

    closeHandshakeTimeout = UNREAD_MILLISECONDS / 1000  # noqa: N815 # Autobahn's name; goes before the factory's

    def dropConnection(self, abort: bool = False) -> None:  # noqa: N802 # Autobahn's name
        """Ends the connection: without a reset where both sides have closed."""
        super().dropConnection(abort=abort and not self.wasClean)


class BoundedRequest(http_protocol.WebRequest):  # type: ignore[misc] # daphne has no types
    """A request of whose body no more is kept than what no address of ours takes: the answer is 413 as for that."""

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 # Twisted's name
        """A further piece of the body."""
        super().handleContentChunk(data[: max(0, KEPT_BODY_BYTES - self.content.tell())])


if __name__ == "__main__":
    WebSocketFactory.protocol = PatientProtocol
    http_protocol.WebRequest = BoundedRequest
    CommandLineInterface.entrypoint()
