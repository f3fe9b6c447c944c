"""The floor: NOTIFY, LISTEN, WebSocket, and nothing between them. What any server on this machine needs at least."""

import os
import sys

from benchmarks.llm import Shape
from benchmarks.programs import Program
from benchmarks.side import Viewer
from benchmarks.websocket import connect
from benchmarks.world import World
from config.run import children
from config.run.listen import listen


class FloorViewer(Viewer):
    """Reads chunks as they were notified."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape.size)
        self._length = shape.chunks * shape.size

    def take(self, payload: bytes, now: int) -> None:
        """One chunk."""
        self.dated.add(payload.decode(), now)
        if self.dated.length >= self._length:
            self.end()


class Floor:
    """Daphne as the product runs it, with an application of its own."""

    name = "floor"

    def __init__(self, world: World) -> None:
        self._world = world
        self._runs = 0

    async def start(self) -> None:
        """Returns when the web process listens."""
        self._environment = dict(os.environ) | {"DATABASE_URL": self._world.create_database(self.name)}
        with listen("127.0.0.1", 0, "PORT") as socket:
            self._port = int(socket.getsockname()[1])
            (_, *options, _) = children.web("--fd", str(socket.fileno()))
            command = children.with_this_python(("daphne", *options, "benchmarks.floor_app:application"))
            web = self._world.program("floor-web", command, self._environment, (socket.fileno(),))
        self.web = web.pid
        await web.says("Listening on")

    async def begin_streams(self, count: int, shape: Shape) -> tuple[list[Viewer], Program]:
        """So many viewers, each of a stream, and the writer that begins when it is told a line."""
        self._runs += 1
        size = [str(shape.chunks), str(shape.interval), str(shape.size)]
        command = [sys.executable, "-m", "benchmarks.floor_writer", str(count), *size]
        writer = self._world.program(f"floor-writer-{self._runs}", command, self._environment)
        await writer.says("ready")
        viewers: list[Viewer] = []
        for stream in range(count):
            viewer = FloorViewer(shape)
            viewer.socket = await connect(self._port, f"/{stream}", viewer.take)
            viewers.append(viewer)
        return viewers, writer
