"""The faults of the database: restarted, away, and the one session ended that listens for all viewers."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from config.embedded.postgres import PostgresServer
from config.embedded.processes import processes_in
from tests.api.transports import by_poll
from tests.faults.breakable import Breakable
from tests.faults.load import MATTERS, QUESTION, Load, Viewer
from tests.processes import wait_until


def stop_at_once(postgres: PostgresServer) -> None:
    """`pg_ctl stop -m immediate`: every session is cut, nothing is tidied up, the next start recovers from the log."""
    cluster = postgres.data_dir / "pg" / "cluster"
    os.kill(int((cluster / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
    wait_until(lambda: not processes_in(cluster, "postgres"), "PostgreSQL has ended")
    postgres.stop()


@contextmanager
def in_work(product: Breakable) -> Iterator[None]:
    """While inside, nothing can be stored. Afterwards what was claimed goes on: some of it with another claim.

    A lease can't be renewed meanwhile, so a step may be taken over whose worker lives, and its call is made again.
    """
    held = product.claimed()
    yield
    held = product.claimed() | held
    wait_until(lambda: not (held.items() & product.claimed().items()), "what was in work goes on", 60)
    epochs = dict(product.sql("SELECT id, epoch FROM matters_step WHERE id = ANY(%s)", list(held)))
    product.claims_lost += sum(epochs[step] - epoch for step, epoch in held.items())


@contextmanager
def down(product: Breakable) -> Iterator[None]:
    """Without a database; it is back afterwards."""
    with in_work(product):
        stop_at_once(product.postgres)
        try:
            yield
        finally:
            product.postgres.start()


def open_streams(load: Load) -> list[Viewer]:
    """Who reads by SSE or WebSocket just now, and has read without a break."""
    return [v for v in load.going_on() if v.way is not by_poll and v.events and not v.breaks]


class PostgresRestarted:
    name = "PostgreSQL: -m immediate, and started again"

    def strike(self, product: Breakable, load: Load) -> None:
        load.wait_for_text()
        reading = open_streams(load)
        with down(product):
            pass
        load.submit(2)
        assert_unbroken(reading)


@dataclass(frozen=True)
class PostgresAway:
    """`seconds` without a database, while clients submit and read."""

    seconds: float = 5.0
    name: ClassVar[str] = "PostgreSQL: down"

    def strike(self, product: Breakable, load: Load) -> None:
        load.wait_for_text()
        reading = open_streams(load)
        with down(product):
            back_at = time.monotonic() + self.seconds
            new = load.begin(2)
            assert_refused_for_a_while(product)
            wait_until(lambda: all(503 in _outcomes(v) for v in new), "those who submit are told to come again")
            time.sleep(max(0.0, back_at - time.monotonic()))
        wait_until(lambda: all(v.matter for v in new), "who comes again with the same key is accepted", 30)
        assert set().union(*map(_outcomes, new)) == {503, 202}
        assert_unbroken(reading)


class ListenerTerminated:
    """Three times, so that it has to be made anew more than once."""

    name = "the listener's session terminated"

    def strike(self, product: Breakable, load: Load) -> None:
        load.wait_for_text()
        reading = open_streams(load)
        for _ in range(3):
            wait_until(lambda: end_listener(product), "somebody listens", 15)
        assert_unbroken(reading)


def end_listener(product: Breakable) -> list[int]:
    """The process ids of the sessions that listened, which have ended now."""
    rows = product.sql(
        "SELECT pid, pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'hub'"
    )
    return [pid for pid, has_ended in rows if has_ended]


def assert_refused_for_a_while(product: Breakable) -> None:
    """A POST is answered 503, with the seconds after which to try again."""
    response = product.api.post(MATTERS, json={"question": QUESTION})
    assert response.status_code == 503, response.text
    assert int(response.headers["Retry-After"]) > 0


def assert_unbroken(reading: list[Viewer]) -> None:
    """Open streams wait for the database instead of ending."""
    broken = [viewer.number for viewer in reading if viewer.breaks]
    assert not broken, f"the streams of {broken} broke, of {len(reading)}"


def _outcomes(viewer: Viewer) -> set[int | str]:
    return {call.outcome for call in viewer.calls}
