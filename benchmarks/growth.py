"""How the product grows: `make bench-growth`. More streams, more viewers, longer answers; the floor beside the streams.

Prints tables and what they grow by, and writes results/growth.json and results/growth.svg.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from statistics import linear_regression, median

from benchmarks.campaign import LONG_SIZE, WIDE_SIZE, Campaign
from benchmarks.measuring import StreamRun, measure_floor, measure_streams
from benchmarks.options import Options
from benchmarks.plot import Line, chart
from benchmarks.report import versions
from benchmarks.world import World

VIEWERS = (1, 100, 1000)
SPREAD_OVER = 20  # streams that share the viewers
FAR = 10_000  # streams
SIZES = (15, WIDE_SIZE, LONG_SIZE)
_COLUMNS: dict[str, Callable[[StreamRun], float]] = {
    "p50 ms": lambda run: run.p50,
    "p99 ms": lambda run: run.p99,
    "web and worker cores": lambda run: run.cpu / run.seconds,
    "PostgreSQL cores": lambda run: run.cpu_postgres / run.seconds,
    "commits/s": lambda run: run.commits / run.seconds,
    "WAL KB/s": lambda run: run.wal / run.seconds / 1000,
    "unfinished": lambda run: float(run.unfinished),
}


async def measure(options: Options) -> str:
    """Measures, writes the files, and answers what is to be printed."""
    async with World() as world:
        campaign = Campaign(world, options)
        await campaign.start(with_peer=False)
        await campaign.bring_to_advice(max(*options.matters, SPREAD_OVER))
        runs = {
            "streams": await _streams(campaign),
            "viewers of one matter": await _viewers(campaign, 1),
            f"viewers of {SPREAD_OVER} matters": await _viewers(campaign, SPREAD_OVER),
            "length": await _lengths(campaign),
        }
        found = versions(world.version(), "")
    kept = {"versions": found, "runs": {name: [asdict(run) for run in part] for name, part in runs.items()}}
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "growth.json").write_text(json.dumps(kept, indent=1) + "\n")
    (options.results / "growth.svg").write_text(_plot(runs["streams"]))
    return "\n".join(_told(name, part) for name, part in runs.items()) + _fit(runs["streams"])


async def _streams(campaign: Campaign) -> list[StreamRun]:
    runs, shape = [], campaign.options.shape
    for count in campaign.options.matters:
        for run in range(1, campaign.options.runs + 1):
            await campaign.turn(f"{count} streams, run {run}")
            runs.append(await measure_streams(campaign.world, campaign.product, count, shape))
            runs.append(await measure_floor(campaign.world, campaign.floor, count, shape))
    return runs


async def _viewers(campaign: Campaign, streams: int) -> list[StreamRun]:
    runs = []
    for viewers in VIEWERS:
        if viewers >= streams:
            for run in range(1, campaign.options.runs + 1):
                await campaign.turn(f"{viewers} viewers of {streams} streams, run {run}")
                each = viewers // streams
                runs.append(
                    await measure_streams(campaign.world, campaign.product, streams, campaign.options.shape, each)
                )
    return runs


async def _lengths(campaign: Campaign) -> list[StreamRun]:
    runs = []
    for size in SIZES:
        shape = replace(campaign.options.shape, size=size)
        for run in range(1, campaign.options.runs + 1):
            await campaign.turn(f"answers of {size * shape.chunks:,} characters, run {run}")
            runs.append(await measure_streams(campaign.world, campaign.product, SPREAD_OVER, shape))
    return runs


def _key(run: StreamRun) -> tuple[str, int, int, int]:
    return run.side, run.streams, run.viewers, run.size * run.chunks


def _told(name: str, runs: Sequence[StreamRun]) -> str:
    """A table with a line for each kind of run: medians."""
    head = ["side", "streams", "viewers of each", "characters", *_COLUMNS]
    lines = [f"## {name}", "", f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    for key in dict.fromkeys(_key(run) for run in runs):
        mine = [run for run in runs if _key(run) == key]
        figures = [f"{median(figure(run) for run in mine):.2f}" for figure in _COLUMNS.values()]
        lines.append(f"| {' | '.join([*map(str, key), *figures])} |")
    return "\n".join([*lines, ""])


def _fit(runs: Sequence[StreamRun]) -> str:
    """What one more stream costs, by a straight line through all runs of the product."""
    mine = [run for run in runs if run.side == "product"]
    if len({run.streams for run in mine}) < 2:
        return ""
    lines = ["", "## What one more stream costs (a straight line through all runs)", ""]
    for name in ("web and worker cores", "PostgreSQL cores", "commits/s", "WAL KB/s"):
        slope, start = linear_regression([run.streams for run in mine], [_COLUMNS[name](run) for run in mine])
        lines.append(f"- {name}: {start:.3f} + {slope:.5f} × streams; {FAR:,} would need {start + slope * FAR:,.1f}")
    lines.append(f"\nMeasured up to {max(run.streams for run in mine)} streams; what {FAR:,} need is extrapolated.")
    return "\n".join([*lines, ""])


def _plot(runs: Sequence[StreamRun]) -> str:
    lines = []
    for name, colour in (("p50 ms", "#0b7a75"), ("p99 ms", "#1d4ed8")):
        for side in ("product", "floor"):
            counts = sorted({run.streams for run in runs if run.side == side})
            points = [
                (float(count), median(_COLUMNS[name](run) for run in runs if (run.side, run.streams) == (side, count)))
                for count in counts
            ]
            if points:
                lines.append(Line(f"{side} {name[:3]}", colour, points, dashed=side == "floor"))
    return chart("Latency of a chunk as streams grow", "streams of 40 chunks a second", "ms", lines)
