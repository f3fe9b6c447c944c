"""What /proc tells of processes: CPU time and memory, of whole trees."""

import os
from pathlib import Path

PROC = Path("/proc")
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from `state` on (proc(5), field 3)."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def tree(root: int) -> list[int]:
    """`root` and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
            except OSError:  # it has just ended
                continue
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def cpu_seconds(roots: list[int]) -> float:
    """CPU that these processes and all that descend from them have used, those that have ended included."""
    ticks = 0
    for root in roots:
        for pid in tree(root):
            try:
                ticks += sum(int(field) for field in _stat(pid)[11:15])  # own, and of children that were waited for
            except OSError:
                continue
    return ticks / _TICK


def resident_bytes(roots: list[int]) -> int:
    """Memory that these processes and their descendants hold now (RSS, shared pages counted for each).

    A process that has ended holds none.
    """
    pages = 0
    for root in roots:
        for pid in tree(root):
            try:
                pages += int((PROC / str(pid) / "statm").read_text().split()[1])
            except OSError:
                continue
    return pages * _PAGE


def machine_seconds() -> tuple[float, float]:
    """CPU time that the whole machine has used, and that its host took away from it (steal)."""
    user, nice, system, _, _, irq, softirq, steal = (
        int(field) for field in (PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + irq + softirq) / _TICK, steal / _TICK
