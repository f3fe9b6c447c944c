"""A door before a server: while it is shut the server seems to be away."""

import contextlib
import socket
import threading
from typing import Self


class Gate:
    """Passes TCP connections from `port` on to `target` (a port of this machine), or refuses and cuts them."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._pairs: list[socket.socket] = []
        self._listening = self._listen(0)
        self.port = int(self._listening.getsockname()[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.shut()

    def shut(self) -> None:
        """Cut what is open, refuse what comes."""
        _cut(self._listening)
        for end in self._pairs:
            _cut(end)
        self._pairs.clear()

    def open(self) -> None:
        """Let connections through again."""
        self._listening = self._listen(self.port)

    def _listen(self, port: int) -> socket.socket:
        listening = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, args=[listening], daemon=True).start()
        return listening

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _address = listening.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._pairs += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=_pass_on, args=[source, sink], daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    _cut(sink)


def _cut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
