"""The product as `make run` starts it on this machine: web, a worker for each core, beat."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from benchmarks.http_client import HttpClient
from benchmarks.programs import ROOT, Program
from benchmarks.side import Side, Viewer
from benchmarks.web_servers import READY, web_command
from benchmarks.websocket import connect
from benchmarks.world import World
from config.run import children
from config.run.listen import listen

QUESTION = "We hired the wrong person as CTO and must let them go. What do we owe, and in which order? Case"
ANSWER = "The agreement of March 2024 says so."
_COMPANY = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from companies.models import Company
Company.objects.create(name="Bench, Inc.", slug="bench", tier="pro")
"""


class MatterViewer(Viewer):
    """Reads a matter's events by WebSocket, and answers every question at once, as its founder."""

    def __init__(self, size: int, http: HttpClient, matter: str) -> None:
        super().__init__(size)
        self.matter, self.cursor = matter, ""
        self._http = http
        self._answers: set[asyncio.Task[Any]] = set()

    def take(self, payload: bytes, now: int) -> None:
        """One event."""
        event = json.loads(payload)
        kind, data = event["type"], event["data"]
        self.cursor = event["id"]
        if kind == "advice.delta":
            self.dated.add(data["text"], now)
        elif kind == "question.updated" and data["status"] == "awaiting_founder":
            self._answer(data["question"])
        elif kind == "advice.completed":
            self.end() if data["status"] == "complete" else self.fail(f"the advice is {data['status']}")
        elif kind == "matter.failed":
            self.fail(data["message"])

    def closed(self, closed: asyncio.Future[int]) -> None:
        """The server ends the connection behind the last event; earlier is a fault."""
        if not closed.cancelled():
            self.fail(f"the connection was closed with {closed.result()} after {self.dated.length} characters")

    def _answer(self, question: str) -> None:
        path = f"/api/v1/matters/{self.matter}/questions/{question}/answer"
        task = asyncio.create_task(self._http.call("POST", path, {"answer": ANSWER}))
        self._answers.add(task)
        task.add_done_callback(self._answered)

    def _answered(self, task: asyncio.Task[Any]) -> None:
        self._answers.discard(task)
        if not task.cancelled() and task.exception():
            self.fail(f"an answer was not taken: {task.exception()}")


class Product(Side):
    """Web and workers of this checkout, on a database of their own."""

    def __init__(
        self,
        world: World,
        *,
        name: str = "product",
        workers: int = 0,
        threads: int = 100,
        server: str = "daphne",
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """`settings`: variables that are set otherwise than for a measurement."""
        self.name, self._server, self._settings = name, server, settings or {}
        self._world, self._threads = world, threads
        self._worker_count = workers or os.cpu_count() or 1
        self._advised: list[MatterViewer] = []
        self._workers: list[int] = []
        self._programs: list[Program] = []
        self._submitted = 0

    async def start(self) -> None:
        """Returns when web and workers are ready."""
        world = self._world
        self.database = world.create_database(self.name)
        self._environment = world.environment(self.database) | {
            "LLM_MODEL": self.name, "LLM_ADVICE_MODEL": self.name, "DEBUG": "0", "HOST": "127.0.0.1",
            "API_RATE": "1000000",  # all founders are one key here
            "LLM_FIRST_CONTENT_SECONDS": "600", "LLM_CALL_SECONDS": "1200",  # streams wait until all can begin
        } | dict(self._settings)  # fmt: skip
        for code in (["-m", "config.setup"], ["-c", _COMPANY]):
            self._python(code)
        key = self._python(["manage.py", "create_api_key", "--company", "bench"]).strip()
        await self._start_processes()
        self._headers = {"Authorization": f"Bearer {key}"}
        self.http = HttpClient(self._port, self._headers)

    async def _start_processes(self) -> None:
        with listen("127.0.0.1", 0, "PORT") as socket:
            self._port = int(socket.getsockname()[1])
            self._environment["PORT"] = str(self._port)
            command = children.with_this_python(web_command(self._server, socket.fileno()))
            web = self._program("web", command, (socket.fileno(),))
        self.web = web.pid
        workers = [self._worker(number) for number in range(1, self._worker_count + 1)]
        self._program("beat", children.with_this_python(children.beat(str(self._world.folder / f"{self.name}-beat"))))
        await web.says(READY[self._server])
        for worker in workers:
            await worker.says(" ready.")

    def _worker(self, number: int) -> Program:
        name = f"worker{number}"
        command = children.worker(name, self._threads, streams=children.takes_streams(number))
        started = self._program(name, children.with_this_python(command))
        self._workers.append(started.pid)
        return started

    def _program(self, name: str, command: list[str], pass_fds: tuple[int, ...] = ()) -> Program:
        started = self._world.program(f"{self.name}-{name}", command, self._environment, pass_fds)
        self._programs.append(started)
        return started

    def stop(self) -> None:
        """Ends its processes, in no order and without waiting for what they work on."""
        for program in self._programs:
            program.stop(seconds=2)

    def _python(self, arguments: list[str]) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{arguments}: {done.stderr[-2000:]}")
        return done.stdout

    def pids(self) -> list[int]:
        return [self.web, *self._workers]

    async def submit(self, size: int) -> MatterViewer:
        self._submitted += 1
        question = f"{QUESTION} {self._submitted}"  # unlike any before: a reply to the same is used again
        made = await self.http.call("POST", "/api/v1/matters", {"question": question})
        viewer = await self._view(made["id"], size)
        viewer.ended.add_done_callback(lambda ended: self._keep(viewer, ended))
        return viewer

    async def submit_unseen(self) -> None:
        """A new matter that nobody looks at."""
        self._submitted += 1
        await self.http.call("POST", "/api/v1/matters", {"question": f"{QUESTION} {self._submitted}"})

    def _keep(self, viewer: MatterViewer, ended: asyncio.Future[float]) -> None:
        if not ended.cancelled() and ended.exception() is None:
            self._advised.append(viewer)

    async def _view(self, matter: str, size: int, after: str = "") -> MatterViewer:
        viewer = MatterViewer(size, self.http, matter)
        viewer.socket = await connect(self._port, f"/ws/matters/{matter}/?after={after}", viewer.take, self._headers)
        viewer.socket.closed.add_done_callback(viewer.closed)
        return viewer

    async def begin_streams(self, count: int, size: int, viewers: int = 1) -> list[list[Viewer]]:
        chosen = self._advised[:count]
        if len(chosen) < count:
            raise RuntimeError(f"only {len(chosen)} matters were brought to their advice, {count} are needed")
        return list(await asyncio.gather(*(self._stream(earlier, size, viewers) for earlier in chosen)))

    async def _stream(self, earlier: MatterViewer, size: int, viewers: int) -> list[Viewer]:
        """The advice of an advised matter is written anew: a stream without the calls before it."""
        if earlier.socket is not None:
            await earlier.socket.closed  # its last events are here: the cursor is the end's
        await self.http.call("POST", f"/api/v1/matters/{earlier.matter}/regenerate")
        made = [await self._view(earlier.matter, size, earlier.cursor) for _ in range(viewers)]
        place = self._advised.index(earlier)
        self._advised[place] = made[0]
        return list(made)

    async def calls_of_one(self, viewer: MatterViewer) -> int:
        """How many calls of the model that matter took."""
        found = await self.http.call("GET", f"/api/v1/matters/{viewer.matter}")
        return int(found["usage"]["calls"])

    @property
    def ready(self) -> int:
        """How many matters have their advice."""
        return len(self._advised)
