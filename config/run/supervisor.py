"""Keeps children alive, and ends them in order."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from signal import Signals

from config.run.child import STOP_SECONDS, Child
from config.run.console import Console
from config.run.process import Process

DEATHS_ALLOWED = 5
WITHIN_SECONDS = 60.0
FIRST_DELAY_SECONDS = 0.5
READY_SECONDS = 60.0
READY_POLL_SECONDS = 0.05


class GiveUpError(Exception):
    """Everything must stop; the message says why, the child's last words included."""


@dataclass(frozen=True)
class End:
    """How a process ended."""

    how: str
    code: int = 1
    last_lines: tuple[str, ...] = ()

    def __str__(self) -> str:
        words = "".join(f"\n    {line}" for line in self.last_lines)
        return f"{self.how}. Its last words:{words}" if words else self.how


class Supervisor:
    """Children by name. One that dies is started again, later each time; its fifth death in a minute is a GiveUpError.

    `on_change` is called with the running processes whenever one was started or ended.
    """

    def __init__(self, console: Console, on_change: Callable[[Iterable[Process]], None] = lambda _: None) -> None:
        self._console = console
        self._on_change = on_change
        self._running: dict[str, Process] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}

    async def start(self, child: Child, ready_within: float = READY_SECONDS) -> None:
        """Starts a child that is to stay, and returns when it is ready. Raises GiveUpError."""
        keeper = asyncio.create_task(self._keep(child), name=child.name)
        self._keepers[child.name] = keeper
        give_up = time.monotonic() + ready_within
        while not await self._is_ready(child):
            if keeper.done():
                keeper.result()  # raises why it gave up
            if time.monotonic() > give_up:
                raise GiveUpError(f"{child.name} was not ready within {ready_within:g} s; its log has more")
            await asyncio.sleep(READY_POLL_SECONDS)

    async def run_once(self, child: Child) -> list[str]:
        """Runs a child to its end, its words in its log only; answers its lines. Raises GiveUpError when it fails."""
        lines: list[str] = []

        def take(line: str) -> None:
            lines.append(line)
            self._console.keep(child.name, line)

        try:
            end = await self._wait(self._spawn(child, take))
        except OSError as error:
            raise GiveUpError(f"{child.name} could not be started: {error}") from error
        if end.code != 0:
            raise GiveUpError(f"{child.name} {end}")
        return lines

    async def watch(self) -> None:
        """Never returns; raises the GiveUpError of the first child that dies too often."""
        done, _ = await asyncio.wait(self._keepers.values(), return_when=asyncio.FIRST_COMPLETED)
        for keeper in done:
            keeper.result()

    async def stop(self) -> None:
        """Ends every child, stage by stage; afterwards none is left."""
        for keeper in self._keepers.values():
            keeper.cancel()
        await asyncio.gather(*self._keepers.values(), return_exceptions=True)
        processes = sorted(self._running.values(), key=lambda process: process.child.stage)
        for stage, group in groupby(processes, key=lambda process: process.child.stage):
            await asyncio.gather(*(self._end(process, STOP_SECONDS[stage]) for process in group))

    async def _keep(self, child: Child) -> None:
        deaths: deque[float] = deque(maxlen=DEATHS_ALLOWED)
        while True:
            end = await self._live(child)
            deaths.append(time.monotonic())
            recent = [death for death in deaths if death > deaths[-1] - WITHIN_SECONDS]
            if len(recent) == DEATHS_ALLOWED:
                raise GiveUpError(
                    f"{child.name} died {DEATHS_ALLOWED} times within a minute, so everything stops; "
                    f"the last time it {end}"
                )
            delay = FIRST_DELAY_SECONDS * 2 ** (len(recent) - 1)
            self._console.say(f"{child.name} {end.how}; it is started again in {delay:g} s")
            await asyncio.sleep(delay)

    async def _live(self, child: Child) -> End:
        """One life of a child."""
        try:
            if child.before:
                await asyncio.to_thread(child.before)
            process = self._spawn(child, lambda line: self._console.write(child.name, line))
        except (OSError, RuntimeError) as error:  # no such program, or a server that could not be prepared
            return End(f"could not be started: {error}")
        return await self._wait(process)

    async def _wait(self, process: Process) -> End:
        code = await process.wait()
        del self._running[process.child.name]
        self._on_change(self._running.values())
        how = f"was killed by {Signals(-code).name}" if code < 0 else f"ended with code {code}"
        return End(how, code, tuple(process.last_lines))

    def _spawn(self, child: Child, on_line: Callable[[str], None]) -> Process:
        process = self._running[child.name] = Process(child, on_line)
        self._on_change(self._running.values())
        return process

    async def _is_ready(self, child: Child) -> bool:
        process = self._running.get(child.name)
        if process is None or not process.has_said_ready:
            return False
        return child.is_ready is None or await asyncio.to_thread(child.is_ready)

    async def _end(self, process: Process, seconds: float) -> None:
        if not await process.end(seconds):
            self._console.say(f"{process.child.name} did not end within {seconds:g} s and was killed")
        del self._running[process.child.name]
        self._on_change(self._running.values())
