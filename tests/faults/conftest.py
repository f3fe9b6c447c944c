"""An installation of one's own with a broker of its own, both to be broken."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded import RedisServer
from config.embedded.processes import processes_in
from tests.processes import Installation, wait_until

FAST = {"judge_relevance": {"relevant": False}}  # straight to the advice: nothing to be asked


class Broker:
    """A Redis that can be killed, and started again without anything in it."""

    def __init__(self, folder: Path) -> None:
        self._server = RedisServer(folder)
        self.url = self._server.start()

    def kill(self) -> None:
        for pid in processes_in(self._server.data_dir, "valkey-server"):
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self._server.is_running(), "the broker is dead")
        self._server.stop()

    def start_emptied(self) -> None:
        for kept in self._server.data_dir.glob("appendonlydir"):
            shutil.rmtree(kept)
        assert self._server.start() == self.url

    def stop(self) -> None:
        self._server.stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    server = Broker(tmp_path / "broker")
    yield server
    server.stop()


@pytest.fixture
def product(tmp_path: Path, broker: Broker) -> Iterator[Installation]:
    """Two workers and the broker. Its advice takes about four seconds to be written."""
    with Installation(tmp_path, workers=2, REDIS_URL=broker.url) as running:
        running.llm.set(replies=FAST, text_size=4_000, chunk=20, interval=0.02, astral=True)
        yield running
