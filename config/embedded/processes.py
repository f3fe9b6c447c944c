"""What can be known and done about processes that this one did not necessarily start."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from signal import Signals

PROC = Path("/proc")


@cache
def _setpriv() -> str | None:
    """util-linux's setpriv where it knows --pdeathsig (busybox's does not)."""
    path = shutil.which("setpriv") if sys.platform == "linux" else None
    if path is None:
        return None
    probe = subprocess.run([path, "--pdeathsig", "TERM", "true"], capture_output=True, check=False)
    return path if probe.returncode == 0 else None


def with_parent_death(signal: Signals, command: list[str]) -> list[str]:
    """`command`, sent `signal` by the kernel when the thread that starts it dies (Linux; elsewhere unchanged).

    It must stand innermost, beside the program itself: a change of user forgets the setting (prctl(2)).
    """
    setpriv = _setpriv()
    return [setpriv, "--pdeathsig", signal.name.removeprefix("SIG"), *command] if setpriv else command


def start_mark(pid: int) -> str | None:
    """A text that differs between two processes that were given the same pid; None when there is no such process.

    A zombie counts as ended: it holds nothing any more.
    """
    if sys.platform == "linux":
        return _linux_start_mark(pid)
    listing = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return listing.stdout.strip() or None


def _linux_start_mark(pid: int) -> str | None:
    try:
        stat = (PROC / str(pid) / "stat").read_text()
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    values = stat.rpartition(")")[2].split()  # the name may hold spaces and brackets; proc(5) counts from it
    state, started = values[0], values[19]
    return None if state in "ZX" else f"{boot}:{started}"


def processes_in(folder: Path, program: str) -> list[int]:
    """Pids of the processes of that name whose working directory is `folder` (Linux; elsewhere empty)."""
    if sys.platform != "linux":
        return []
    pids = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if works_in(pid, folder, program)]


def works_in(pid: int, folder: Path, program: str) -> bool:
    """Whether this process has that name and that working directory (off Linux: whether it exists)."""
    if sys.platform != "linux":
        return start_mark(pid) is not None
    try:
        found = os.readlink(PROC / str(pid) / "cwd"), (PROC / str(pid) / "comm").read_text().strip()
    except OSError:  # it ended, is a zombie, or belongs to somebody else
        return False
    return found == (os.path.realpath(folder), program)
