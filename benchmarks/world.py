"""What both sides stand on: one PostgreSQL, one Redis, one model, in a temporary folder."""

import asyncio
import json
import os
import secrets
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from cryptography.fernet import Fernet

from benchmarks.http_client import HttpClient
from benchmarks.llm import Shape
from benchmarks.proc import cpu_seconds, machine_seconds, tree
from benchmarks.programs import Program
from config.embedded.postgres import PostgresServer
from config.embedded.redis import RedisServer

# Whether one falls into a run is chance. One that does writes pages whole, of which five minutes' answers would have
# their share, and may keep every commit waiting for half a second, while it has its files flushed.
NO_CHECKPOINTS = {"checkpoint_timeout": "1d", "max_wal_size": "32GB"}
RESTING = 0.2  # seconds of CPU in a second that beats, heartbeats and idle connections may take


class WorldError(RuntimeError):
    """Something did not come to be within its time."""


@dataclass(frozen=True)
class Reading:
    """What was used up to one moment: seconds of CPU, bytes of WAL."""

    own: float
    """Of the processes that are measured."""
    postgres: float
    wal: float
    commits: float
    """Of the whole server; PostgreSQL counts them up to a second late."""
    everything: float
    """Of all processes of the benchmark."""
    machine: float

    def since(self, before: "Reading") -> "Reading":
        """What was used between two readings."""
        mine, earlier = asdict(self), asdict(before)
        return Reading(**{name: mine[name] - earlier[name] for name in mine})


class World:
    """`async with World() as world:` serves until the end of the block."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="matterstream-bench-"))
        self.folder.chmod(0o700)
        self.postgres, self.redis = PostgresServer(self.folder), RedisServer(self.folder)
        self._numbers = iter(range(1, 16))
        self._ends = ExitStack()
        self._ends.callback(shutil.rmtree, self.folder, ignore_errors=True)

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            self._ends.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._ends.close()

    async def _start(self) -> None:
        self._ends.callback(self.postgres.stop)
        self.url = self.postgres.start()
        self._ends.callback(self.redis.stop)
        self._redis_url = self.redis.start()
        self._admin = self._ends.enter_context(psycopg.connect(self.url, autocommit=True))
        for name, value in NO_CHECKPOINTS.items():
            self._admin.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
        self._admin.execute("SELECT pg_reload_conf()")
        self.llm = self.program("llm", [sys.executable, "-m", "benchmarks.llm"], dict(os.environ))
        await self.llm.says("}")
        self.llm_port = int(json.loads(self.llm.words())["port"])
        self._control = HttpClient(self.llm_port)

    def program(
        self, name: str, command: list[str], environment: dict[str, str], pass_fds: tuple[int, ...] = ()
    ) -> Program:
        """A process that ends with this world."""
        started = Program(name, command, environment, self.folder / f"{name}.log", pass_fds)
        self._ends.callback(started.stop)
        return started

    def environment(self, database: str) -> dict[str, str]:
        """What a side's processes are told: a database and a Redis database of their own, and the model."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LLM_", "OPENAI_"))}
        return kept | {
            "DATABASE_URL": database,
            "REDIS_URL": f"{self._redis_url.rpartition('/')[0]}/{next(self._numbers)}",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{self.llm_port}/v1",
            "OPENAI_API_KEY": "benchmark",
            "DATA_DIR": str(self.folder),
            "SECRET_KEY": secrets.token_urlsafe(50),
            "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "PYTHONUNBUFFERED": "1",
        }

    def create_database(self, name: str) -> str:
        """A new, empty database; answers its address."""
        self._admin.execute(f'CREATE DATABASE "{name}"'.encode())
        return f"{self.url.rpartition('/')[0]}/{name}"

    async def shape(self, shape: Shape) -> None:
        """How the model answers from now on; its counts begin anew."""
        await self._control.call("POST", "/settings", asdict(shape))

    async def go(self) -> None:
        """Let the streams that wait begin."""
        await self._control.call("POST", "/go")

    async def wait_for_streams(self, count: int, seconds: float = 180.0) -> None:
        """Until so many streams wait for `go`. Raises WorldError."""
        give_up = time.monotonic() + seconds
        while (waiting := (await self.counts())["waiting"]) < count:
            if time.monotonic() > give_up:
                raise WorldError(f"only {waiting} of {count} streams began within {seconds:.0f} s")
            await asyncio.sleep(0.05)

    async def counts(self) -> dict[str, Any]:
        """What the model has counted since `shape`."""
        return dict(await self._control.call("GET", "/counts"))

    async def settle(self, roots: list[int], seconds: float = 300.0) -> None:
        """Until the processes `roots` and PostgreSQL have nothing left to do: who is behind must not disturb the next.

        Raises WorldError when they still work after `seconds`.
        """
        give_up = time.monotonic() + seconds
        used = cpu_seconds([*roots, self.postmaster])
        while True:
            await asyncio.sleep(1)
            before, used = used, cpu_seconds([*roots, self.postmaster])
            if used - before < RESTING:
                return
            if time.monotonic() > give_up:
                raise WorldError(f"the sides are still at work {seconds:.0f} s after their last measurement")

    def read(self, roots: list[int]) -> Reading:
        """What the processes `roots`, PostgreSQL and everything have used so far."""
        (wal,) = self._row("SELECT pg_current_wal_insert_lsn() - '0/0'")
        (commits,) = self._row("SELECT sum(xact_commit) FROM pg_stat_database")
        return Reading(
            own=cpu_seconds(roots),
            postgres=cpu_seconds([self.postmaster]),
            wal=float(wal),
            commits=float(commits),
            everything=cpu_seconds([os.getpid()]),
            machine=machine_seconds()[0],
        )

    @property
    def postmaster(self) -> int:
        """The pid of PostgreSQL's first process."""
        return next(pid for pid in tree(os.getpid()) if _name(pid) == "postgres")

    def connections(self, database: str) -> int:
        """How many connections that database has now."""
        name = database.rpartition("/")[2]
        return int(self._row("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", name)[0])

    def version(self) -> str:
        """PostgreSQL's."""
        return str(self._row("SHOW server_version")[0]).split()[0]

    def _row(self, query: str, *parameters: Any) -> tuple[Any, ...]:
        row = self._admin.execute(query.encode(), parameters).fetchone()
        assert row is not None
        return tuple(row)


def _name(pid: int) -> str:
    try:
        return (Path("/proc") / str(pid) / "comm").read_text().strip()
    except OSError:
        return ""
