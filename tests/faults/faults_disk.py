"""The disk under PostgreSQL is full: nothing that can't be kept is acknowledged, and nothing acknowledged is lost."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.faults.accounting import account_for
from tests.faults.breakable import Breakable, ask_little
from tests.faults.faults_postgres import in_work
from tests.faults.load import Load
from tests.processes import wait_until

SIZE = "384m"
BLOCK = bytes(64 * 1024)
END_SECONDS = 120.0


class CannotMountError(Exception):
    """This machine lets nobody make a small disk; the message is its own."""


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """`folder`, on a disk of its own with 384 MB in memory, gone afterwards. Raises CannotMountError."""
    if sys.platform != "linux":
        raise CannotMountError("a small disk in memory is made on Linux only")
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "matterstream-test", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotMountError(f"a small disk can't be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Not a byte is left on the disk that holds `folder`."""
    filler = folder / "filler"
    try:
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(BLOCK)
        assert shutil.disk_usage(folder).free < len(BLOCK)
        yield
    finally:
        filler.unlink(missing_ok=True)


@dataclass(frozen=True)
class DiskFull:
    """On a product of its own, whose database is on a small disk; that which the table breaks has a large one."""

    matters: int = 8
    seconds: float = 5.0
    workers: int = 1
    name: ClassVar[str] = "the disk under PostgreSQL full"

    def strike(self, product: Breakable, load: Load) -> None:
        with (
            small_disk(product.folder / f"small-disk-{os.urandom(3).hex()}" / "postgres") as disk,
            Breakable(disk.parent, workers=self.workers) as own,
        ):
            ask_little(own)
            with Load(own, self.matters) as work:
                self.fill(own, disk, work)
                work.wait_until_ended(END_SECONDS)
                own.claims_lost = claims_without_a_call(own)
                account_for(own, work).assert_nothing_lost()
                assert {viewer.status for viewer in work.viewers} == {"advised"}, "a full disk has failed a matter"

    def fill(self, product: Breakable, disk: Path, load: Load) -> None:
        """For so many seconds. Clients submit until one is refused, and then come again with the same key."""
        load.wait_for_text()
        with in_work(product):
            with filled(disk):
                full_until = time.monotonic() + self.seconds
                while not refused(load) or time.monotonic() < full_until:
                    assert time.monotonic() < full_until + 30, "nothing is refused: the disk is not full"
                    load.begin(2 if len(load.viewers) < 5 * self.matters else 0)
                    time.sleep(0.2)
            start_again(product)
        wait_until(lambda: all(v.matter for v in load.viewers), "everybody is accepted once there is space", 60)
        outcomes = {call.outcome for viewer in load.viewers for call in viewer.calls}
        assert outcomes == {202, 503}, f"answers beside 202 and 503: {outcomes}"


def claims_without_a_call(product: Breakable) -> int:
    """Claims of steps that ask a model, whose calls, if they made any, could not be put on record."""
    ((count,),) = product.sql(
        """SELECT sum(greatest(0, attempt - (SELECT count(DISTINCT c.attempt) FROM matters_llmcall c
                                              WHERE c.step_id = s.id)))
             FROM matters_step s WHERE kind <> 'search_playbooks'"""
    )
    return int(count)


def refused(load: Load) -> bool:
    return any(call.outcome == 503 for viewer in load.viewers for call in viewer.calls)


def start_again(product: Breakable) -> None:
    """PostgreSQL ends where not even its log has space; whoever supervises it starts it again."""
    if not product.postgres.is_ready():
        product.postgres.stop()
        product.postgres.start()
