"""One measurement: streams that have all begun, whole matters, or the floor. Results are plain data."""

import asyncio
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain

from benchmarks.figures import percentile
from benchmarks.floor import Floor
from benchmarks.llm import Shape
from benchmarks.side import Side, UnfinishedError, Viewer
from benchmarks.world import Reading, World

CALLS_ON_PATH = 6  # plan, judge, derive, then of each question: route, ask, normalise. The advice's stream comes last.
PATIENCE = 180.0  # seconds over its critical path after which a matter is given up


@dataclass(frozen=True)
class StreamRun:
    """Streams that were all begun. Milliseconds, seconds of CPU, bytes; `late`: of the model's pieces."""

    side: str
    streams: int
    viewers: int
    size: int
    chunks: int
    p50: float
    p99: float
    first_quarter_p50: float
    last_quarter_p50: float
    unfinished: int
    seconds: float
    cpu: float
    cpu_postgres: float
    wal: float
    commits: float
    late_p99: float
    foreign: float
    """Share of the machine's CPU that others used meanwhile."""


@dataclass(frozen=True)
class MatterRun:
    """Whole matters, submitted at once. Milliseconds over the critical path, seconds of CPU."""

    side: str
    matters: int
    overhead_p50: float
    overhead_p99: float
    unfinished: int
    calls: int
    cpu: float
    cpu_postgres: float
    commits: float
    foreign: float


def critical_path(shape: Shape) -> float:
    """Seconds that a matter needs when nothing but the model takes time."""
    return shape.delay * CALLS_ON_PATH + shape.first + (shape.chunks - 1) * shape.interval


async def measure_streams(world: World, side: Side, count: int, shape: Shape, viewers: int = 1) -> StreamRun:
    """All streams begin together, once every viewer is connected."""
    shape = replace(shape, gate=True)
    await world.shape(shape)
    groups = await side.begin_streams(count, shape.size, viewers)
    await world.wait_for_streams(count)
    await asyncio.sleep(0.5)  # what the beginning left to do is done
    before, began = world.read(side.pids()), asyncio.get_running_loop().time()
    await world.go()
    everybody = list(chain.from_iterable(groups))
    unfinished = await wait_for_end(everybody, time_limit(shape))
    seconds = asyncio.get_running_loop().time() - began
    used = world.read(side.pids()).since(before)
    late = (await world.counts())["late_p99"]
    return _stream_run(side.name, everybody, unfinished, seconds, used, late, (count, viewers), shape)


async def measure_floor(world: World, floor: Floor, count: int, shape: Shape) -> StreamRun:
    """The same of the floor, whose writer keeps the time itself."""
    viewers, writer = await floor.begin_streams(count, shape)
    before, began = world.read([floor.web]), asyncio.get_running_loop().time()
    writer.tell("go")
    unfinished = await wait_for_end(viewers, time_limit(shape))
    seconds = asyncio.get_running_loop().time() - began
    used = world.read([floor.web]).since(before)
    for viewer in viewers:
        viewer.leave()
    return _stream_run(floor.name, viewers, unfinished, seconds, used, 0.0, (count, 1), shape)


async def measure_matters(world: World, side: Side, count: int, shape: Shape) -> MatterRun:
    """`count` matters submitted at once, from the request to the end of the advice."""
    await world.shape(shape)
    before, began = world.read(side.pids()), asyncio.get_running_loop().time()
    times = await asyncio.gather(*(_one_matter(side, shape) for _ in range(count)))
    seconds = asyncio.get_running_loop().time() - began
    used = world.read(side.pids()).since(before)
    given_up = critical_path(shape) + PATIENCE  # so long, at least, does one take that did not end
    over = [((given_up if time is None else time) - critical_path(shape)) * 1000 for time in times]
    return MatterRun(
        side=side.name,
        matters=count,
        overhead_p50=percentile(over, 50),
        overhead_p99=percentile(over, 99),
        unfinished=times.count(None),
        calls=(await world.counts())["calls"].get(side.name, 0),
        cpu=used.own,
        cpu_postgres=used.postgres,
        commits=used.commits,
        foreign=_foreign(used, seconds),
    )


async def _one_matter(side: Side, shape: Shape) -> float | None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    viewer = await side.submit(shape.size)
    if await wait_for_end([viewer], critical_path(shape) + PATIENCE):
        return None
    if viewer.dated.length != shape.chunks * shape.size:
        raise UnfinishedError(f"{side.name}: {viewer.dated.length} characters came")
    return viewer.ended.result() - began


async def wait_for_end(viewers: Iterable[Viewer], seconds: float) -> int:
    """Until all have read to the end; how many did not."""
    waiting = list(viewers)
    await asyncio.wait([viewer.ended for viewer in waiting], timeout=seconds)
    failed = 0
    for viewer in waiting:
        if not viewer.ended.done() or viewer.ended.cancelled() or viewer.ended.exception() is not None:
            failed += 1
            viewer.leave()
    if failed:
        sys.stderr.write(f"    {failed} of {len(waiting)} did not end: {_why(waiting)}\n")
    return failed


def _why(viewers: list[Viewer]) -> str:
    """The first reason that one of them was told."""
    told = (viewer.ended for viewer in viewers if viewer.ended.done() and not viewer.ended.cancelled())
    return next((str(ended.exception()) for ended in told if ended.exception()), "out of time")


def time_limit(shape: Shape) -> float:
    """Seconds after which a stream is given up."""
    return shape.first + shape.chunks * shape.interval * 2 + 30


def _stream_run(
    name: str,
    viewers: list[Viewer],
    unfinished: int,
    seconds: float,
    used: Reading,
    late: float,
    counts: tuple[int, int],
    shape: Shape,
) -> StreamRun:
    ages = _ages(viewers)
    quarter = max(1, shape.chunks // 4)
    first = [age for viewer in viewers for age in viewer.dated.ages[:quarter]] or [0]
    last = [age for viewer in viewers for age in viewer.dated.ages[-quarter:]] or [0]
    return StreamRun(
        side=name,
        streams=counts[0],
        viewers=counts[1],
        size=shape.size,
        chunks=shape.chunks,
        p50=percentile(ages, 50) / 1000,
        p99=percentile(ages, 99) / 1000,
        first_quarter_p50=percentile(first, 50) / 1000,
        last_quarter_p50=percentile(last, 50) / 1000,
        unfinished=unfinished,
        seconds=seconds,
        cpu=used.own,
        cpu_postgres=used.postgres,
        wal=used.wal,
        commits=used.commits,
        late_p99=late,
        foreign=_foreign(used, seconds),
    )


def _ages(viewers: list[Viewer]) -> list[int]:
    """Ages of the chunks that were read after all streams had begun; of all, where one has none."""
    begun = [viewer.dated.seen[0] for viewer in viewers if viewer.dated.seen]
    all_begun = max(begun) if len(begun) == len(viewers) else 0
    ages = [
        age
        for viewer in viewers
        for age, seen in zip(viewer.dated.ages, viewer.dated.seen, strict=True)
        if seen - age >= all_begun
    ]
    return ages or [age for viewer in viewers for age in viewer.dated.ages] or [0]


def _foreign(used: Reading, seconds: float) -> float:
    share = (used.machine - used.everything) / (seconds * (os.cpu_count() or 1))
    return min(1.0, max(0.0, share))  # the two are not read at the same moment
