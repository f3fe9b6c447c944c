"""What `make bench` is asked for: OPTIONS="--matters 1,20 --runs 1 --only streaming"."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from benchmarks.llm import Shape
from benchmarks.programs import ROOT

PARTS = ("streaming", "matters", "extremes")
RESULTS = ROOT / "benchmarks" / "results"


@dataclass(frozen=True)
class Options:
    """`matters`: how many at once, each number measured for itself. `viewers`: of the crowd."""

    matters: tuple[int, ...]
    runs: int
    chunks: int
    parts: tuple[str, ...]
    viewers: int
    growth: bool
    servers: bool
    results: Path

    @property
    def shape(self) -> Shape:
        """Streams of 40 chunks a second; 400 of them are a text of 6,000 characters."""
        return Shape(chunks=self.chunks)


def read_options(arguments: list[str] | None = None) -> Options:
    """The options of a command line; ends the program with usage for what it does not know."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--matters", type=_numbers, default=None, help="how many at once (1,20,100)")
    parser.add_argument("--runs", type=int, default=3, help="how often each side is measured, in turns (3)")
    parser.add_argument("--chunks", type=int, default=400, help="chunks of a stream (400)")
    parser.add_argument("--only", type=_parts, default=PARTS, help=f"some of {','.join(PARTS)}")
    parser.add_argument("--viewers", type=int, default=1000, help="viewers of one matter (1000)")
    parser.add_argument("--growth", action="store_true", help="how the product grows, instead of the comparison")
    parser.add_argument("--servers", action="store_true", help="the product behind each ASGI server, instead")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for latest.json and the plot")
    given = parser.parse_args(arguments)
    matters = given.matters or ((1, 20, 100, 300) if given.growth else (1, 20, 100))
    return Options(
        matters, given.runs, given.chunks, given.only, given.viewers, given.growth, given.servers, given.results
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _parts(text: str) -> tuple[str, ...]:
    parts = tuple(text.split(","))
    if unknown := [part for part in parts if part not in PARTS]:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}")
    return parts
