"""The product as an operator runs it: web, workers and beat as processes of their own, with a database of their own."""

import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Self

import httpx2
import psycopg

from config.run import children
from tests import preloading
from tests.databases import FOUNDER, KEY, PASSWORD, ROOT, STAFF, create_database, drop_database
from tests.fakes.llm import FakeLLM

START_SECONDS = 120.0  # two products that start side by side take 20, or 45 in a machine's slow hour
_numbers = itertools.count()


def wait_until(holds: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
    """Ask until `holds()` gives something true, and return that; fails with `what` after `seconds`."""
    ends_at = time.monotonic() + seconds
    while True:
        if result := holds():
            return result
        assert time.monotonic() < ends_at, f"after {seconds} s still not: {what}"
        time.sleep(0.02)


def free_port() -> int:
    """A TCP port of the loopback interface that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """One child with its log. It and its children are killed by process id, nothing else is."""

    def __init__(self, name: str, command: tuple[str, ...], env: dict[str, str], log: Path) -> None:
        self.name, self.log = name, log
        log.touch()
        self._process = preloading.start(command, env, log)
        self.pid = self._process.pid or 0

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def kill(self) -> None:
        """SIGKILL: as a crash would."""
        self._signal(signal.SIGKILL)
        self._wait(10)

    def stop(self, seconds: float = 30.0) -> float:
        """SIGTERM; returns after how many seconds it had ended."""
        began = time.monotonic()
        self._signal(signal.SIGTERM)
        try:
            self._wait(seconds)
        except TimeoutError:
            self.kill()
            raise
        return time.monotonic() - began

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self.is_alive():
                os.kill(self.pid, number)

    def _wait(self, seconds: float) -> None:
        self._process.join(seconds)
        if self.is_alive():
            raise TimeoutError(f"{self.name} did not end within {seconds:g} s")

    def says(self, words: str) -> bool:
        """Whether its log has `words`."""
        assert self.is_alive(), f"{self.name} ended:\n{self.log.read_text()[-3000:]}"
        return words in self.log.read_text(errors="replace")


class Installation:
    """A product that runs: `with Installation(tmp_path) as product: product.api.post(…)`.

    `llm` is the fake model. The lease and the sweep are short, so that a takeover takes seconds. `server`: the address
    of the PostgreSQL server that has its database; that of the test run, unless given. `streaming`: how many of the
    workers take advices; of two to four `make run` has one that does.
    """

    def __init__(
        self,
        folder: Path,
        *,
        workers: int = 1,
        streaming: int = 1,
        threads: int = 24,
        server: str | None = None,
        **variables: str,
    ) -> None:
        self.folder, self.server = folder, server
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.llm = FakeLLM()
        self.workers: list[Process] = []
        self.streaming: list[Process] = []  # those of the workers that take advices
        self.web: Process | None = None
        self.beat: Process | None = None
        self._wanted_workers, self._threads, self._variables = workers, threads, variables
        self._wanted_streaming = streaming
        self._worker_names = (f"worker{number}" for number in itertools.count(1))
        self.founder_email, self.founder_password, self.staff_email = FOUNDER, PASSWORD, STAFF
        self.api_key = KEY

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        for process in [*self.workers, self.web, self.beat]:
            if process is not None and process.is_alive():
                process.kill()
        self.llm.stop()
        if hasattr(self, "api"):
            self.api.close()
        if hasattr(self, "database_url"):
            drop_database(self.database_url)

    def _start(self) -> None:
        self.llm.start()
        self.database_url = create_database(self.server)
        self.env = os.environ | {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": f"{os.environ['REDIS_URL'].rpartition('/')[0]}/{1 + next(_numbers) % 15}",
            "PORT": str(self.port),
            "OPENAI_BASE_URL": self.llm.base_url,
            "STEP_LEASE_SECONDS": "3",
            "SWEEP_SECONDS": "1",
            "LLM_CACHE_SECONDS": "0",  # the same question again asks the model again
            **self._variables,
        }
        self._empty_broker()
        self.start_web()
        self.start_beat()
        for _ in range(self._wanted_workers):
            self.start_worker()
        self.api = self.client(self.api_key)
        wait_until(self._is_ready, "the web process answers /readyz with 200", START_SECONDS)
        for worker in self.workers:
            wait_until(partial(worker.says, " ready."), f"{worker.name} is ready", START_SECONDS)

    def _empty_broker(self) -> None:
        import redis

        with redis.Redis.from_url(self.env["REDIS_URL"]) as broker:
            broker.flushdb()

    def _is_ready(self) -> bool:
        assert self.web is not None
        assert self.web.is_alive(), f"the web process ended:\n{self.web.log.read_text()[-3000:]}"
        with contextlib.suppress(httpx2.HTTPError):
            return self.api.get("/readyz").status_code == 200
        return False

    def start_web(self) -> Process:
        self.web = self._process("web", children.serve("127.0.0.1", self.port))
        return self.web

    def start_worker(self) -> Process:
        """One more; it takes advices where too few do that live."""
        name = next(self._worker_names)  # one that died keeps its own
        self.streaming = [worker for worker in self.streaming if worker.is_alive()]
        streams = len(self.streaming) < self._wanted_streaming
        self.workers.append(self._process(name, children.worker(name, self._threads, streams=streams)))
        self.streaming.extend(self.workers[-1:] if streams else [])
        return self.workers[-1]

    def start_beat(self) -> Process:
        self.beat = self._process("beat", children.beat(str(self.folder / "celerybeat-schedule")))
        return self.beat

    def _process(self, name: str, command: tuple[str, ...]) -> Process:
        return Process(name, command, self.env, self.folder / f"{name}.log")

    def client(self, key: str | None = None) -> httpx2.Client:
        """An HTTP client of the web process, with an API key if there is one."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=30)

    def manage(self, *arguments: str) -> str:
        """What `manage.py` prints."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of a query on the installation's database."""
        with psycopg.connect(self.database_url.partition("?")[0], autocommit=True) as conn:
            cursor = conn.execute(query, parameters)
            return cursor.fetchall() if cursor.description else []


def iterate(pages: Callable[[str], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """All events of a matter by poll: `pages(cursor)` gives one answer."""
    cursor = ""
    while True:
        page = pages(cursor)
        yield from page["events"]
        cursor = page["cursor"]
        if page["done"]:
            return
