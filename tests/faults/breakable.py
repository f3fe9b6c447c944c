"""A product whose every part may be broken: processes, broker and database are its own, and each can be had again."""

import os
import shutil
import signal
import time
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from config.embedded.postgres import PostgresServer
from config.embedded.processes import processes_in
from config.embedded.redis import RedisServer
from tests.api.gate import Gate
from tests.processes import START_SECONDS, Installation, Process, wait_until

LEASE, SWEEP = 3.0, 1.0  # seconds
VARIABLES = {
    "STEP_LEASE_SECONDS": str(LEASE),
    "SWEEP_SECONDS": str(SWEEP),
    "API_RATE": "0",
    "LLM_FIRST_CONTENT_SECONDS": "4",
    "LLM_BETWEEN_CONTENTS_SECONDS": "3",
}
Claimed = dict[int, int]  # epoch by step
_LEFT = """
SELECT id, kind, epoch, attempt, calls_seen, (due_at - clock_timestamp())::text FROM matters_step WHERE id = ANY(%s)
"""
_OPEN = """
SELECT pid, state, wait_event, (clock_timestamp() - xact_start)::text, pg_blocking_pids(pid), left(query, 80)
  FROM pg_stat_activity WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid()
"""


class Broker:
    """A Redis that can be killed, and started again with what it has on disk or without.

    Clients are to come through its `gate`: another program may take the port of a server that is away.
    """

    def __init__(self, folder: Path) -> None:
        self._server = RedisServer(folder)
        self._server.start()
        self.gate = Gate(self._port)

    @property
    def url(self) -> str:
        """Its own address, now."""
        return self._server.url

    @property
    def gated_url(self) -> str:
        """The address that stays."""
        return self.url.replace(f":{self._port}/", f":{self.gate.port}/")

    @property
    def _port(self) -> int:
        return urlsplit(self.url).port or 0

    def kill(self) -> None:
        for pid in processes_in(self._server.data_dir, "valkey-server"):
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self._server.is_ready(), "the broker is dead")
        self._server.stop()

    def start(self) -> None:
        self._server.start()
        self.gate.target = self._port

    def start_emptied(self) -> None:
        for kept in self._server.data_dir.glob("appendonlydir"):
            shutil.rmtree(kept)
        self.start()

    def is_ready(self) -> bool:
        return self._server.is_ready()

    def stop(self) -> None:
        self.gate.shut()
        self._server.stop()


class Breakable(Installation):
    """An `Installation` with its own PostgreSQL and Redis.

    `claims_lost` counts the claims that died with their workers: so many calls of the model may have nobody who
    recorded them. `takeovers`: after how many seconds each fault's abandoned steps were somebody else's.
    """

    postgres: PostgresServer
    broker: Broker

    def __init__(self, folder: Path, *, workers: int = 2, threads: int = 24, **variables: str) -> None:
        super().__init__(folder, workers=workers, streaming=1, threads=threads, **(VARIABLES | variables))
        self.claims_lost = 0
        self.takeovers: list[float] = []
        self._struck: tuple[Claimed, float] | None = None
        self._servers = ExitStack()

    def _start(self) -> None:
        self.postgres = PostgresServer(self.folder / "postgres")
        self._servers.callback(self.postgres.stop)
        self.server = f"{self.postgres.start()}?pool=0"
        self.broker = Broker(self.folder / "broker")
        self._servers.callback(self.broker.stop)
        self._variables["REDIS_URL"] = self.broker.gated_url
        super()._start()

    def __exit__(self, *error: object) -> None:
        with self._servers:
            super().__exit__(*error)

    def kill_workers(self, workers: Iterable[Process] | None = None) -> Claimed:
        """SIGKILL `workers`, all unless given; returns the claims that nobody works on now, or that may be such."""
        for worker in list(self.workers if workers is None else workers):
            worker.kill()
            self.workers.remove(worker)
        struck_at = time.monotonic()
        abandoned = self.claimed()
        self._struck = abandoned, struck_at
        self.claims_lost += len(abandoned)
        return abandoned

    def claimed(self) -> Claimed:
        return dict(self.sql("SELECT id, epoch FROM matters_step WHERE state = 'running'"))

    def _claimed_before(self, when: datetime) -> Claimed:
        """The claims that have not been made or renewed since."""
        query = "SELECT id, epoch FROM matters_step WHERE state = 'running' AND due_at <= %s"
        return dict(self.sql(query, when + timedelta(seconds=LEASE)))

    def start_workers(self, count: int = 2) -> None:
        """Have so many workers, and wait until they are ready."""
        while len(self.workers) < count:
            self.start_worker()
        for worker in self.workers:
            wait_until(partial(worker.says, " ready."), f"{worker.name} is ready", START_SECONDS)

    def restart_web(self) -> None:
        """After it was killed: wait until it answers again."""
        self.start_web()
        wait_until(self._is_ready, "the web process is ready again", START_SECONDS)

    def mend(self) -> None:
        """Have everything again, whatever a fault that failed itself has left."""
        self.broker.gate.let_go()
        if not self.postgres.is_ready():
            self.postgres.start()
        if not self.broker.is_ready():
            self.broker.start_emptied()
        if self.web is None or not self.web.is_alive():
            self.restart_web()
        if self.beat is None or not self.beat.is_alive():
            self.start_beat()
        self.workers = [worker for worker in self.workers if worker.is_alive()]
        self.start_workers()

    def wait_for_takeover(self, abandoned: Claimed, seconds: float = 30) -> float:
        """Until no claim of `abandoned` holds a step any more, but for those that somebody renews: their workers live.

        Returns how long that took from now on, in seconds. What is remembered began when workers were killed, where
        they were.
        """
        began = time.monotonic()
        ((now,),) = self.sql("SELECT clock_timestamp()")
        try:
            wait_until(
                lambda: not (abandoned.items() & self._claimed_before(now).items()),
                "what dead workers held is taken over",
                seconds,
            )
        except AssertionError as error:
            error.add_note(self._who_holds(abandoned, now))
            raise
        struck_at = self._struck[1] if self._struck and self._struck[0] is abandoned else began
        self.takeovers.append(time.monotonic() - struck_at)
        return time.monotonic() - began

    def _who_holds(self, abandoned: Claimed, when: datetime) -> str:
        """For a takeover that does not come: the steps, the transactions that are open, and the workers."""
        left = list(abandoned.items() & self._claimed_before(when).items())
        steps = self.sql(_LEFT, [step for step, _epoch in left])
        workers = {worker.name: "alive" if worker.is_alive() else "dead" for worker in self.workers}
        return f"steps {steps}\ntransactions {self.sql(_OPEN)}\nworkers {workers}"


def ask_little(product: Installation) -> None:
    """A matter goes straight to its advice, with nothing to be asked, and takes about four seconds in all."""
    _set_pace(product, replies={"judge_relevance": {"relevant": False}})


def ask_questions(product: Installation) -> None:
    """A matter goes the whole way, with three questions."""
    _set_pace(product, replies={}, questions=3)


def _set_pace(product: Installation, **settings: Any) -> None:
    pace = {"text_size": 1_500, "chunk": 40, "interval": 0.05, "reply_delay": 0.15, "astral": True}
    product.llm.set(**pace, always=None, probability=0.0, random_faults=[], **settings)
