"""Children of a few lines of Python, and folders whose paths are as long as real ones."""

import io
import os
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from config.embedded.postgres import PostgresServer
from config.embedded.redis import RedisServer
from config.run import supervisor as supervisor_module
from config.run.child import Child, Stage
from config.run.console import Console
from config.run.supervisor import Supervisor

MakeChild = Callable[..., Child]


@pytest.fixture
def terminal() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def console(tmp_path: Path, terminal: io.StringIO) -> Iterator[Console]:
    console = Console(tmp_path / "logs", terminal)
    yield console
    console.close()


@pytest.fixture
async def supervisor(console: Console, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Supervisor]:
    """A supervisor that waits less between two lives; whatever it started is ended with the test."""
    monkeypatch.setattr(supervisor_module, "FIRST_DELAY_SECONDS", 0.01)
    supervisor = Supervisor(console)
    yield supervisor
    await supervisor.stop()


@pytest.fixture
def make_child() -> MakeChild:
    """Makes a child out of a few lines of Python."""

    def make(name: str, code: str, stage: Stage = Stage.FRONT, **options: object) -> Child:
        prelude = "import os, signal, subprocess, sys, time\n"
        command = (sys.executable, "-u", "-c", prelude + textwrap.dedent(code))
        return Child(name, command, stage, dict(os.environ), **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL that has not been started yet."""
    server = PostgresServer(tmp_path / "postgres")
    yield server
    server.stop()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that has not been started yet."""
    server = RedisServer(tmp_path / "redis")
    yield server
    server.stop()
