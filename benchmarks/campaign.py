"""One run of the benchmark: both sides on the same servers, warmed, measured in turns."""

import os
import sys
from dataclasses import dataclass, field, replace
from math import ceil

from benchmarks.extremes import Crowd, InFlight, LongAnswer, measure_crowd, measure_in_flight, measure_long
from benchmarks.floor import Floor
from benchmarks.llm import Shape
from benchmarks.measuring import MatterRun, StreamRun, measure_floor, measure_matters, measure_streams
from benchmarks.node_peer import Peer, missing
from benchmarks.options import Options
from benchmarks.product import Product
from benchmarks.replies import QUESTIONS
from benchmarks.side import Side
from benchmarks.world import World

CALLS_WITHOUT_JUDGES = 2 + 3 * QUESTIONS + 1  # plan, derive; route, ask, normalise of each question; the advice
QUICK = Shape(delay=0.01, first=0.01, interval=0.005, chunks=20)  # for what is not measured
LONG_SIZE = 250  # characters of a chunk: 400 make 100 KB
WIDE_SIZE, WIDE_STREAMS = 60, 20  # 24 KB
CROWD_CHUNKS = 100


def threads_for(streams: int) -> int:
    """Threads of a worker process: each stream takes one, and the default of 100 carries few more than that."""
    return max(100, ceil(streams / (os.cpu_count() or 1)) + 10)


@dataclass
class Results:
    """Everything that was measured."""

    streams: list[StreamRun] = field(default_factory=list)
    wide: list[StreamRun] = field(default_factory=list)
    """Answers of 24 KB; the peer's without texts in its notifications, for with them it fails."""
    matters: list[MatterRun] = field(default_factory=list)
    crowds: list[Crowd] = field(default_factory=list)
    longs: list[LongAnswer] = field(default_factory=list)
    in_flight: InFlight | None = None
    notes: list[str] = field(default_factory=list)


class Campaign:
    """The sides and what was measured of them so far."""

    def __init__(self, world: World, options: Options) -> None:
        self.world, self.options = world, options
        self.results = Results()
        self.product, self.floor = Product(world, threads=threads_for(max(options.matters))), Floor(world)
        self.peer: Peer | None = None

    async def run(self) -> Results:
        """Measure all that the options ask for."""
        await self.start(with_peer=True)
        if "extremes" in self.options.parts:
            await self._crowds()
        for count in self.options.matters:
            await self._matters(count)
            await self._streams(count)
        if "extremes" in self.options.parts:
            await self._long_answers()
            await self.turn("calls in flight of one worker process")
            self.results.in_flight = await measure_in_flight(self.world)
        return self.results

    @property
    def sides(self) -> list[Side]:
        """Those that are compared, in their turns."""
        return [self.product, self.peer] if self.peer else [self.product]

    async def start(self, *, with_peer: bool) -> None:
        """Start and warm the product, the floor and, where it can be had, the peer."""
        why_not = missing() if with_peer else "The peer was not asked for."
        self.say("starting")
        await self.product.start()
        await self.floor.start()
        judges = await self._judges()
        if why_not:
            self.results.notes.append(why_not)
        else:
            self.peer = Peer(self.world, judges)
            await self.peer.start()
        for side in self.sides:  # twice: once to load what is loaded late, once to have used every path
            await measure_matters(self.world, side, 2, QUICK)
            await measure_streams(self.world, side, 2, QUICK)
        await measure_floor(self.world, self.floor, 2, QUICK)

    async def _judges(self) -> int:
        """How many playbooks the product has judged for the question: the peer makes as many calls."""
        await self.world.shape(QUICK)
        viewer = await self.product.submit(QUICK.size)
        await viewer.ended
        return await self.product.calls_of_one(viewer) - CALLS_WITHOUT_JUDGES

    async def _matters(self, count: int) -> None:
        if "matters" in self.options.parts:
            for run in range(1, self.options.runs + 1):
                for side in self.sides:
                    await self.turn(f"{count} whole matters, run {run}, {side.name}")
                    self.results.matters.append(await measure_matters(self.world, side, count, self.options.shape))

    async def bring_to_advice(self, count: int) -> None:
        """So many of the product's matters have their advice, so that it can be streamed again."""
        while self.product.ready < count:
            self.say(f"bringing {count - self.product.ready} matters to their advice, unmeasured")
            await measure_matters(self.world, self.product, count - self.product.ready, QUICK)

    async def _streams(self, count: int) -> None:
        if "streaming" not in self.options.parts:
            return
        await self.bring_to_advice(count)
        for run in range(1, self.options.runs + 1):
            for side in self.sides:
                await self.turn(f"{count} streams, run {run}, {side.name}")
                self.results.streams.append(await measure_streams(self.world, side, count, self.options.shape))
            await self.turn(f"{count} streams, run {run}, floor")
            self.results.streams.append(await measure_floor(self.world, self.floor, count, self.options.shape))

    async def _crowds(self) -> None:
        shape = replace(self.options.shape, chunks=CROWD_CHUNKS)
        for side in self.sides:
            await self.turn(f"{self.options.viewers} viewers of one matter, {side.name}")
            self.results.crowds.append(await measure_crowd(self.world, side, self.options.viewers, shape))

    async def _long_answers(self) -> None:
        shape = replace(self.options.shape, size=LONG_SIZE)
        for side in self.sides:
            await self.turn(f"an answer of {shape.size * shape.chunks:,} characters, {side.name}")
            self.results.longs.append(await measure_long(self.world, side, shape))
        await self._wide_answers()

    async def _wide_answers(self) -> None:
        count, shape = min(WIDE_STREAMS, max(self.options.matters)), replace(self.options.shape, size=WIDE_SIZE)
        await self.bring_to_advice(count)
        if self.peer:
            self.peer.notify_texts(False)
        for run in range(1, self.options.runs + 1):
            for side in self.sides:
                await self.turn(f"{count} answers of {shape.size * shape.chunks:,} characters, run {run}, {side.name}")
                self.results.wide.append(await measure_streams(self.world, side, count, shape))
        if self.peer:
            self.peer.notify_texts(True)

    async def turn(self, words: str) -> None:
        """Say whose turn it is, and let the one before come to rest."""
        self.say(words)
        await self.world.settle([pid for side in self.sides for pid in side.pids()])

    def say(self, words: str) -> None:
        """Words for whoever waits."""
        sys.stderr.write(f"  {words} …\n")
        sys.stderr.flush()
