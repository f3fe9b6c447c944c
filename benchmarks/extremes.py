"""What is measured once, not run against run: many viewers, long answers, WAL, and how many calls a worker carries."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.figures import percentile
from benchmarks.llm import Shape
from benchmarks.measuring import measure_streams, time_limit, wait_for_end
from benchmarks.node_peer import Peer
from benchmarks.proc import resident_bytes
from benchmarks.product import Product
from benchmarks.side import Side
from benchmarks.world import World

_SAMPLE_SECONDS, _WATCHED_SECONDS = 0.1, 10.0


@dataclass(frozen=True)
class Crowd:
    """Many viewers of one matter. Bytes of the web process for each: `waiting` for the text, `memory` at its most."""

    side: str
    viewers: int
    waiting: float
    memory: float
    connections: int
    finished: int
    p50: float
    p99: float


@dataclass(frozen=True)
class LongAnswer:
    """One answer of many characters: did it come to its end, and was its end as quick as its beginning?"""

    side: str
    characters: int
    completed: bool
    stored: int
    first_quarter_p50: float
    last_quarter_p50: float


@dataclass(frozen=True)
class InFlight:
    """Calls of the model that one worker process had running, on average, with more work than threads."""

    threads: int
    calls: float
    latency: float
    per_second: float


async def measure_crowd(world: World, side: Side, viewers: int, shape: Shape) -> Crowd:
    """Connect the viewers while the text waits to begin, look at memory and connections, then let it run."""
    await world.shape(replace(shape, gate=True))
    without = resident_bytes([side.web])
    (crowd,) = await side.begin_streams(1, shape.size, viewers)
    await world.wait_for_streams(1)
    await asyncio.sleep(1)  # what the connections' beginning left to do is done
    waiting = resident_bytes([side.web])
    connections = world.connections(side.database)
    await world.go()
    unfinished, most = await watching(side.web, wait_for_end(crowd, time_limit(shape)))
    equal = sum(viewer.dated.length == shape.chunks * shape.size for viewer in crowd)
    ages = [age for viewer in crowd for age in viewer.dated.ages] or [0]
    return Crowd(
        side=side.name,
        viewers=viewers,
        waiting=(waiting - without) / viewers,
        memory=(most - without) / viewers,
        connections=connections,
        finished=min(equal, viewers - unfinished),
        p50=percentile(ages, 50) / 1000,
        p99=percentile(ages, 99) / 1000,
    )


async def watching(process: int, until: Coroutine[Any, Any, int]) -> tuple[int, int]:
    """What `until` comes to, and the most bytes that `process` held meanwhile."""
    task, most = asyncio.create_task(until), 0
    while not task.done():
        most = max(most, resident_bytes([process]))
        await asyncio.wait([task], timeout=_SAMPLE_SECONDS)
    return task.result(), most


async def measure_long(world: World, side: Side, shape: Shape) -> LongAnswer:
    """One long answer with one viewer."""
    run = await measure_streams(world, side, 1, shape)
    stored = side.stored() if isinstance(side, Peer) else (shape.chunks * shape.size, not run.unfinished)
    return LongAnswer(
        side=side.name,
        characters=shape.chunks * shape.size,
        completed=not run.unfinished and stored == (shape.chunks * shape.size, True),
        stored=stored[0],
        first_quarter_p50=run.first_quarter_p50,
        last_quarter_p50=run.last_quarter_p50,
    )


async def measure_in_flight(world: World, threads: int = 100, latency: float = 2.0, matters: int = 150) -> InFlight:
    """One worker process beside nothing else of the product but the web, with far more steps due than threads."""
    product = Product(world, name="saturated", workers=1, threads=threads)
    await product.start()
    await world.shape(Shape(delay=latency))
    try:
        await asyncio.gather(*(product.submit_unseen() for _ in range(matters)))
        await asyncio.sleep(2 * latency)
        samples, calls, seconds = await _sample(world, product.name)
    finally:
        product.stop()
    return InFlight(threads=threads, calls=sum(samples) / len(samples), latency=latency, per_second=calls / seconds)


async def _sample(world: World, name: str) -> tuple[list[int], int, float]:
    """What the model is answering, ten times a second; how many calls began meanwhile, and in how many seconds."""
    loop, samples = asyncio.get_running_loop(), []
    before, began = (await world.counts())["calls"][name], loop.time()
    while loop.time() < began + _WATCHED_SECONDS:
        samples.append(int((await world.counts())["answering"]))
        await asyncio.sleep(_SAMPLE_SECONDS)
    return samples, (await world.counts())["calls"][name] - before, loop.time() - began
