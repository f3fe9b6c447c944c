"""One run of a child: its process group, its output, its end."""

import asyncio
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from config.embedded.processes import start_mark
from config.env import BASE_DIR
from config.run.child import Child

LAST_LINES = 12


class Process:
    """A started child, in a session of its own: Ctrl-C in the terminal reaches the supervisor only."""

    def __init__(self, child: Child, on_line: Callable[[str], None]) -> None:
        """Starts it, inside a running event loop. Raises OSError when there is no such program."""
        self.child = child
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self.has_said_ready = not child.ready_words
        self._on_line = on_line
        self._rest = b""
        self._output, writer = os.pipe()
        os.set_blocking(self._output, False)
        try:
            self._popen = subprocess.Popen(
                child.command,
                stdin=subprocess.DEVNULL,
                stdout=writer,
                stderr=writer,
                start_new_session=True,
                env=dict(child.environment),
                pass_fds=child.pass_fds,
                cwd=BASE_DIR,
            )
        except OSError:
            os.close(self._output)
            raise
        finally:
            os.close(writer)
        self.pid = self._popen.pid
        self.mark = start_mark(self.pid)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._output, self._read)
        self._ended = asyncio.Event()
        threading.Thread(target=self._wait_in_thread, name=f"wait for {child.name}", daemon=True).start()

    async def wait(self) -> int:
        """Its return code, as subprocess counts them (-9: killed by signal 9), once it is over and its output read."""
        await self._ended.wait()
        self._finish_reading()
        self.kill_group()  # what it left behind
        return int(self._popen.returncode)

    async def end(self, seconds: float) -> bool:
        """Ends it politely, and by SIGKILL when it overstays; whether it went by itself."""
        if not self._ended.is_set():
            self._popen.send_signal(self.child.stop_signal)
        try:
            await asyncio.wait_for(self._ended.wait(), seconds)
        except TimeoutError:
            self.kill_group()
            return False
        finally:
            await self.wait()
        return True

    def kill_group(self) -> None:
        """SIGKILL to it and whatever it started (what made a session of its own apart, as PostgreSQL's parts do)."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _wait_in_thread(self) -> None:
        self._popen.wait()
        self._loop.call_soon_threadsafe(self._ended.set)

    def _read(self) -> bool:
        """Reads what is there; whether more may come."""
        try:
            data = os.read(self._output, 65536)
        except BlockingIOError:
            return False
        if not data:
            self._loop.remove_reader(self._output)
            return False
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(line)
        return True

    def _take(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip()
        self.last_lines.append(text)
        self.has_said_ready = self.has_said_ready or self.child.ready_words in text
        self._on_line(text)

    def _finish_reading(self) -> None:
        if self._output < 0:
            return
        while self._read():
            pass
        if self._rest:
            self._take(self._rest)
        self._loop.remove_reader(self._output)
        os.close(self._output)
        self._output = -1
