"""The table, the JSON file, and whether the machine was quiet enough to believe either."""

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from benchmarks.campaign import Results
from benchmarks.figures import Spread
from benchmarks.options import Options
from benchmarks.targets import MANY, Row, rows

LATEST_PIECE = 5.0  # ms: later than that a fake model's pieces (p99, few streams) say that the machine was busy
FOREIGN = 0.1  # share of the machine's CPU that others may use
_HEAD = ("measure", "product", "peer", "ratio", "floor", "at least", "", "aim", "")


def noise(results: Results) -> list[str]:
    """Why the figures say nothing, a line for each reason; empty where the machine was quiet."""
    few = [run.late_p99 for run in results.streams if run.streams < MANY]
    foreign = [run.foreign for run in results.streams] + [run.foreign for run in results.matters]
    reasons = []
    if few and max(few) > LATEST_PIECE:
        reasons.append(
            f"the model's pieces were up to {max(few):.0f} ms late (p99 of a run), {LATEST_PIECE:g} are borne"
        )
    if foreign and max(foreign) > FOREIGN:
        reasons.append(
            f"other programs used up to {max(foreign):.0%} of the machine during a run, {FOREIGN:.0%} are borne"
        )
    return reasons


def versions(postgres: str, node: str) -> dict[str, str]:
    """What ran, and on what."""
    found = {name: version(name) for name in ("django", "channels", "daphne", "celery", "openai", "psycopg", "redis")}
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "postgresql": postgres,
        "node": node or "none",
        **found,
    }


def table(results: Results) -> str:
    """All figures as a Markdown table."""
    lines = [_line(_HEAD), _line(["---"] * len(_HEAD)), *(_line(_cells(row)) for row in rows(results))]
    return "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(row: Row) -> list[str]:
    return [
        row.measure,
        _figure(row.ours, row.unit),
        _figure(row.theirs, row.unit),
        f"{row.times:.2f}×" if row.times else "",
        _figure(row.floor, row.unit),
        row.bound,
        str(row.verdict or ""),
        row.aim,
        str(row.aim_verdict or ""),
    ]


def _figure(value: Spread | None, unit: str) -> str:
    if value is None:
        return ""
    digits = ".0f" if value.median >= 100 or float(value.median).is_integer() else ".1f"
    return f"{value:{digits}} {unit}".strip()


def remarks(results: Results, failures: str) -> list[str]:
    """What the table does not say: unfinished texts, what failed, notes, noise."""
    found = list(results.notes)
    streams = [(run.side, run.unfinished, f"{run.streams} streams") for run in [*results.streams, *results.wide]]
    matters = [(run.side, run.unfinished, f"{run.matters} matters") for run in results.matters]
    found += [
        f"{side}: {unfinished} unfinished of {what}" for side, unfinished, what in streams + matters if unfinished
    ]
    found += [
        f"{answer.side}: its answer of {answer.characters:,} characters ended at {answer.stored:,}"
        for answer in results.longs
        if not answer.completed
    ]
    if failures:
        found.append(f"the peer's worker says: {failures.splitlines()[0]}")
    if reasons := noise(results):
        found.append(f"TOO NOISY TO CONCLUDE: {'; '.join(reasons)}")
    return found


def write_json(results: Results, options: Options, found: dict[str, str], path: Path) -> None:
    """Every run, the lines of the table and the versions."""
    value = {
        "versions": found,
        "options": {"matters": options.matters, "runs": options.runs, "shape": asdict(options.shape)},
        "noise": noise(results),
        "rows": [asdict(row) for row in rows(results)],
        "runs": asdict(results),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")
