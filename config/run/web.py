"""`python -m config.run.web …`: Daphne, with its own command line, that lets a slow reader read to the end.

A WebSocket that the server closes is cut off by Autobahn with a reset: as soon as the reader has answered, or after a
second without an answer. A reset overtakes what was sent. Who reads over a slow line, or is busy with a ping at that
moment, then gets an error (1006) in the place of the last events and the 1000 behind them.
"""

from daphne.cli import CommandLineInterface
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol

from config.run.listen import UNREAD_MILLISECONDS


class PatientProtocol(WebSocketProtocol):  # type: ignore[misc] # daphne has no types
    """A WebSocket that ends behind its last byte, and waits for the answer to its close as the kernel does for text."""

    closeHandshakeTimeout = UNREAD_MILLISECONDS / 1000  # noqa: N815 # stronger than what the factory was told

    def dropConnection(self, abort: bool = False) -> None:  # noqa: N802 # Autobahn's
        """Ends the connection: without a reset where both sides have closed."""
        super().dropConnection(abort=abort and not self.wasClean)


if __name__ == "__main__":
    WebSocketFactory.protocol = PatientProtocol
    CommandLineInterface.entrypoint()
