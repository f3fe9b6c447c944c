"""The faults of processes: killed, frozen, ended in the middle of the work.

A fault is any object with

- `name`: its line in the table that `make chaos` prints, and
- `strike(product, load)`: breaks something of the `Breakable` while the `Load` is being worked on, looks at what must
  hold just then (plain asserts), and puts things right again: two workers, beat, web process, broker and database are
  there when it returns. The load need not have ended.

Begin a strike with `load.wait_for_text()`, so that it meets work and not a rest, and submit more (`load.submit(2)`,
which rides over every refusal) where a promise is about what comes meanwhile. A fault that makes workers lose claims in
another way than `product.kill_workers` adds their number to `product.claims_lost`.

The short form is a test: strike eight matters, `load.wait_until_ended`, `account_for(product, load)
.assert_nothing_lost()`. The long form is its line in `tests/faults/table.py`.
"""

import os
import signal
from dataclasses import dataclass
from typing import ClassVar, Protocol

from tests.faults.breakable import LEASE, SWEEP, Breakable
from tests.faults.load import Load
from tests.processes import wait_until

# The sweeper asks again for what is overdue by half a sweep, every sweep; the rest is for a busy machine.
TAKEOVER_SECONDS = LEASE + 1.5 * SWEEP + 10.0
STOP_SECONDS = 30.0


class Fault(Protocol):
    """What the table is made of; the module's first lines say what is expected of it."""

    @property
    def name(self) -> str: ...

    def strike(self, product: Breakable, load: Load) -> None: ...


class OneWorkerKilled:
    name = "SIGKILL one worker in mid-stream"

    def strike(self, product: Breakable, load: Load) -> None:
        load.wait_for_text()
        abandoned = product.kill_workers(product.workers[:1])
        taken_over_after = product.wait_for_takeover(abandoned)
        assert taken_over_after < TAKEOVER_SECONDS, f"a takeover took {taken_over_after:.1f} s"
        product.start_workers()


class EveryWorkerKilled:
    name = "SIGKILL every worker at once"

    def strike(self, product: Breakable, load: Load) -> None:
        load.wait_for_text()
        abandoned = product.kill_workers()
        product.start_workers()
        taken_over_after = product.wait_for_takeover(abandoned)
        assert taken_over_after < TAKEOVER_SECONDS, f"a takeover took {taken_over_after:.1f} s"


class BeatKilled:
    """Nothing is swept until it is back: what a worker left behind meanwhile waits for it."""

    name = "SIGKILL beat, and a worker"

    def strike(self, product: Breakable, load: Load) -> None:
        load.wait_for_text()
        assert product.beat is not None
        product.beat.kill()
        abandoned = product.kill_workers(product.workers[:1])
        product.start_workers()
        product.start_beat()
        taken_over_after = product.wait_for_takeover(abandoned)
        assert taken_over_after < TAKEOVER_SECONDS, f"a takeover took {taken_over_after:.1f} s"


class WorkerFrozen:
    """It comes back behind its lease, when its steps are somebody else's, and goes on to write.

    Locks that it holds are taken from it one after another, each with the session that keeps it: hence the minute.
    """

    name = "a worker frozen beyond its lease"

    def strike(self, product: Breakable, load: Load) -> None:
        load.wait_for_text()
        frozen = product.workers[0]

        def refusals() -> int:
            return frozen.log.read_text(errors="replace").count("what it would store is refused")

        os.kill(frozen.pid, signal.SIGSTOP)
        try:
            product.wait_for_takeover(product.claimed(), 60)
            before = refusals()
        finally:
            os.kill(frozen.pid, signal.SIGCONT)
        wait_until(lambda: refusals() > before, "the frozen worker goes on, and what it would store is refused")


@dataclass(frozen=True)
class Deploys:
    """A new worker comes, an old one is told to end, so often, under load."""

    times: int = 3
    name: ClassVar[str] = "SIGTERM, a deploy loop"

    def strike(self, product: Breakable, load: Load) -> None:
        for _ in range(self.times):
            load.submit(2)
            load.wait_for_text(1)
            product.start_workers(len(product.workers) + 1)
            old = product.workers.pop(0)
            assert old.stop(STOP_SECONDS) <= STOP_SECONDS
