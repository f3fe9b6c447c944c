"""What the two embedded servers have in common: prepared on disk, run in the foreground, ended by a signal."""

import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals

from config.embedded.files import make_private_folder
from config.embedded.processes import processes_in

START_SECONDS = 60.0
RETRY_SECONDS = 10.0  # for as long may a killed predecessor be in the way (reference: 1–2 s were seen)
POLL_SECONDS = 0.02
LOG_LINES_SHOWN = 5


class ServerError(RuntimeError):
    """A server did not start; the message ends with its last words."""


class EmbeddedServer(ABC):
    """One server with its data in `data_dir`. `start()` and `stop()` are for tests and scripts.

    The supervisor uses the parts: `prepare()`, then `command()` as a child, then `is_ready()`.
    """

    stop_signal: Signals = SIGTERM

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.absolute()
        self.log_path = self.data_dir / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Its address with its password; known after `prepare()`."""

    @abstractmethod
    def prepare(self) -> None:
        """Makes or repairs what is on disk, waits for a dying predecessor, chooses the port (the last one if free).

        Safe before every start; refuses with ServerError while a server runs on this folder.
        """

    @abstractmethod
    def command(self, die_with_parent: bool = True) -> list[str]:
        """The command line that runs it in the foreground.

        `die_with_parent`: the kernel sends it `stop_signal` when the thread that starts it dies (Linux).
        """

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether the server on this `data_dir`, whoever started it, takes connections now."""

    def start(self, die_with_parent: bool = True) -> str:
        """Starts it and answers its address when it takes connections. Raises ServerError."""
        retry_until = time.monotonic() + RETRY_SECONDS
        while not self._try_start(die_with_parent):
            if time.monotonic() > retry_until:
                raise ServerError(f"{type(self).__name__} did not start: {self._last_words()}")
            time.sleep(POLL_SECONDS)
        return self.url

    def _try_start(self, die_with_parent: bool) -> bool:
        make_private_folder(self.data_dir)
        self.prepare()
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(die_with_parent),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.data_dir,
            )
        return self._wait_until_ready(self._process)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> bool:
        give_up = time.monotonic() + START_SECONDS
        while process.poll() is None:
            if self.is_ready():
                return True
            if time.monotonic() > give_up:
                self.stop()
                raise ServerError(f"not ready after {START_SECONDS:.0f} s: {self._last_words()}")
            time.sleep(POLL_SECONDS)
        return False

    def stop(self, timeout: float = 20.0) -> None:
        """Ends the server that `start()` started; nothing to do when there is none. Killed after `timeout` seconds."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(self.stop_signal)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.send_signal(SIGKILL)
            process.wait()

    def _wait_for_predecessor(self, folder: Path, program: str) -> None:
        give_up = time.monotonic() + RETRY_SECONDS
        while pids := processes_in(folder, program):
            if time.monotonic() > give_up:
                raise ServerError(f"{program} is running on {folder} already (pid {pids[0]})")
            time.sleep(POLL_SECONDS)

    def _last_words(self) -> str:
        lines = self.log_path.read_text(errors="replace").splitlines() if self.log_path.exists() else []
        return " / ".join(lines[-LOG_LINES_SHOWN:])
