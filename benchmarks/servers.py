"""The product behind each ASGI server, in turns: `make bench OPTIONS=--servers`. Prints a table."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median

from benchmarks.campaign import CROWD_CHUNKS, QUICK
from benchmarks.extremes import Crowd, measure_crowd
from benchmarks.measuring import StreamRun, measure_matters, measure_streams
from benchmarks.options import Options
from benchmarks.product import Product
from benchmarks.web_servers import READY
from benchmarks.world import World

STREAMS, SPREAD, CROWD = 20, 300, 300  # streams; viewers of them; viewers of one matter


@dataclass(frozen=True)
class Run:
    """One server in one turn."""

    server: str
    streams: StreamRun
    spread: StreamRun
    crowd: Crowd


_COLUMNS: dict[str, Callable[[Run], float]] = {
    f"{STREAMS} streams: p50 ms": lambda run: run.streams.p50,
    "p99 ms": lambda run: run.streams.p99,
    "cores": lambda run: run.streams.cpu / run.streams.seconds,
    f"{SPREAD} viewers of them: p50 ms": lambda run: run.spread.p50,
    "p99 ms ": lambda run: run.spread.p99,
    "cores ": lambda run: run.spread.cpu / run.spread.seconds,
    f"{CROWD} viewers of one: p99 ms": lambda run: run.crowd.p99,
}


async def measure(options: Options) -> str:
    """Measures; answers what is to be printed."""
    async with World() as world:
        products = {}
        for server in READY:
            _say(f"starting behind {server}")
            products[server] = await _started(world, server)
        runs = []
        for turn in range(1, options.runs + 1):
            for server, product in products.items():
                await world.settle([pid for each in products.values() for pid in each.pids()])
                _say(f"run {turn}, {server}")
                runs.append(await _measured(world, product, server, options))
    return tell(runs)


async def _started(world: World, server: str) -> Product:
    product = Product(world, name=server, server=server)
    await product.start()
    while product.ready < STREAMS:
        await measure_matters(world, product, STREAMS - product.ready, QUICK)
    await measure_streams(world, product, 2, QUICK)
    return product


async def _measured(world: World, product: Product, server: str, options: Options) -> Run:
    streams = await measure_streams(world, product, STREAMS, options.shape)
    spread = await measure_streams(world, product, STREAMS, options.shape, SPREAD // STREAMS)
    crowd = await measure_crowd(world, product, CROWD, replace(options.shape, chunks=CROWD_CHUNKS))
    return Run(server, streams, spread, crowd)


def tell(runs: list[Run]) -> str:
    """A table with a line for each server: medians, and how many of all viewers did not read to the end."""
    lines = [f"| server | {' | '.join(_COLUMNS)} | unfinished |", f"|{' --- |' * (len(_COLUMNS) + 2)}"]
    for server in READY:
        mine = [run for run in runs if run.server == server]
        figures = [f"{median(figure(run) for run in mine):.2f}" for figure in _COLUMNS.values()]
        missing = sum(r.streams.unfinished + r.spread.unfinished + CROWD - r.crowd.finished for r in mine)
        lines.append(f"| {server} | {' | '.join(figures)} | {missing} |")
    return "\n".join([*lines, ""])


def _say(words: str) -> None:
    sys.stderr.write(f"  {words} …\n")
    sys.stderr.flush()
