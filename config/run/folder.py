"""DATA_DIR while it is in use: the lock that keeps a second start out, and the record of who runs in it."""

import fcntl
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL
from typing import Self

from config.embedded.files import make_private_folder, read_json, write_private_json
from config.embedded.processes import start_mark
from config.run.process import Process

LEFTOVER_SECONDS = 10.0


class FolderError(Exception):
    """DATA_DIR cannot be used; one line for the person who typed `make run`."""


class DataFolder:
    """Holds the lock on DATA_DIR while it is open. The lock goes with the process, however that ends."""

    def __init__(self, path: Path) -> None:
        """Raises FolderError when it is not writable, or in use."""
        self.path = path.absolute()
        self._record = self.path / "run.json"
        try:
            make_private_folder(self.path)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)  # it holds our pid
        except OSError as error:
            raise FolderError(
                f"DATA_DIR {self.path} cannot be written ({error.strerror}): set DATA_DIR to a folder of yours."
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pid = os.read(self._lock, 20).decode().strip()
            os.close(self._lock)
            raise FolderError(
                f"It is running already on {self.path} (pid {pid}): end that with Ctrl-C, or set another DATA_DIR."
            ) from None
        os.truncate(self._lock, 0)
        os.write(self._lock, f"{os.getpid()}\n".encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._lock)

    def record(self, processes: Iterable[Process]) -> None:
        """Notes who runs, for a start after this one was killed. On a full disk the last note stays and nobody ends."""
        children = {
            process.child.name: [process.pid, process.mark, int(process.child.stop_signal)] for process in processes
        }
        with suppress(OSError):
            write_private_json(self._record, {"children": children})

    def end_leftovers(self) -> list[str]:
        """Ends what a killed predecessor left running; answers the names. Takes up to 10 s, by SIGKILL at last."""
        left = {
            name: (pid, mark, stop_signal)
            for name, (pid, mark, stop_signal) in read_json(self._record).get("children", {}).items()
            if mark is not None and start_mark(pid) == mark  # the number alone may be another's by now
        }
        for pid, _, stop_signal in left.values():
            with suppress(ProcessLookupError):
                os.kill(pid, stop_signal)
        give_up = time.monotonic() + LEFTOVER_SECONDS
        for pid, mark, _ in left.values():
            while start_mark(pid) == mark and time.monotonic() < give_up:
                time.sleep(0.05)
            if start_mark(pid) == mark:
                with suppress(ProcessLookupError):
                    os.killpg(pid, SIGKILL)
        return list(left)
