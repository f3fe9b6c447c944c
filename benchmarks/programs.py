"""Processes of the benchmark: started with a log, asked whether they are ready, ended by their id."""

import asyncio
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from signal import SIGTERM

from config.embedded.processes import with_parent_death

ROOT = Path(__file__).resolve().parents[1]
READY_SECONDS = 60.0


class ProgramError(RuntimeError):
    """A process did not start, or ended; holds its last words."""


class Program:
    """One process. It ends with the benchmark, however that ends."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        pass_fds: tuple[int, ...] = (),
    ) -> None:
        self.name, self._log = name, log
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                with_parent_death(SIGTERM, list(command)),
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                pass_fds=pass_fds,
                start_new_session=True,
            )
        self.pid = self._popen.pid

    def words(self) -> str:
        """All that it has said."""
        return self._log.read_text(errors="replace")

    async def wait_for(self, holds: Callable[[], bool], seconds: float = READY_SECONDS) -> None:
        """Returns once `holds()`. Raises ProgramError when the process ends before, or after `seconds`."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + seconds
        while not holds():
            if self._popen.poll() is not None or loop.time() > give_up:
                raise ProgramError(f"{self.name} is not ready:\n{self.words()[-2000:]}")
            await asyncio.sleep(0.02)

    async def says(self, words: str) -> None:
        """Returns once its log holds `words`. Raises ProgramError."""
        await self.wait_for(lambda: words in self.words())

    def tell(self, line: str) -> None:
        """A line to its standard input."""
        assert self._popen.stdin is not None
        self._popen.stdin.write(line.encode() + b"\n")
        self._popen.stdin.flush()

    def stop(self, seconds: float = 15.0) -> None:
        """SIGTERM, and SIGKILL after `seconds`."""
        assert self._popen.stdin is not None
        self._popen.stdin.close()
        self._popen.terminate()
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
