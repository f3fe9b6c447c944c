"""A door before a server: while it is shut the server seems to be away."""

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Self


class Gate:
    """Passes TCP connections from `port` on to `target` (a port of this machine), or refuses and cuts them.

    It may also `hold` what has certain words: the sender waits for an answer, and the target never hears of it.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self._pairs: list[socket.socket] = []
        self._lock = threading.Lock()  # what is just coming in is cut, too
        self._words: bytes | None = None
        self._held = 0
        self._listening = self._listen(0)
        self.port = int(self._listening.getsockname()[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.shut()

    def shut(self) -> None:
        """Cut what is open, refuse what comes."""
        with self._lock:
            _cut(self._listening)
            for end in self._pairs:
                _cut(end)
            self._pairs.clear()

    def open(self) -> None:
        """Let connections through again."""
        self._listening = self._listen(self.port)

    def hold(self, words: bytes) -> None:
        """From now on swallow what clients send with `words` in it, and leave them without an answer."""
        self._words, self._held = words, 0

    def held(self) -> int:
        """How often something was held since `hold`."""
        return self._held

    def let_go(self) -> None:
        """Hold nothing more; what was held is gone."""
        self._words = None

    def _listen(self, port: int) -> socket.socket:
        listening = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, args=[listening], daemon=True).start()
        return listening

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _address = listening.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self.target))
                except OSError:  # the server itself is away
                    _cut(near)
                    continue
                with self._lock:
                    if listening.fileno() == -1:
                        _cut(near)
                        _cut(far)
                        return
                    self._pairs += [near, far]
                for source, sink, held in ((near, far, self._is_held), (far, near, _never)):
                    threading.Thread(target=_pass_on, args=[source, sink, held], daemon=True).start()

    def _is_held(self, data: bytes) -> bool:
        words = self._words
        held = words is not None and words in data
        self._held += held
        return held


def _never(_data: bytes) -> bool:
    return False


def _pass_on(source: socket.socket, sink: socket.socket, held: Callable[[bytes], bool]) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            if not held(data):
                sink.sendall(data)
    _cut(sink)


def _cut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
