"""The faults of the broker, and of what stands between a commit and its message."""

import time
from dataclasses import dataclass
from typing import ClassVar

import redis
from celery import Celery

from tests.faults.breakable import Breakable
from tests.faults.load import Load, Viewer
from tests.processes import wait_until

ACCEPTED_WITHIN = 5.0  # seconds on a busy machine; who waits for a broker that is away waits for longer


class KilledBeforePublishing:
    """A process dies between the commit that inserts steps and the message that wakes a worker for them."""

    def __init__(self, who: str) -> None:
        self.who = who
        self.name = f"kill between insert and publish: {who}"

    def strike(self, product: Breakable, load: Load) -> None:
        product.broker.gate.hold(b'"task": "plan_search"' if self.who == "web" else b'"task": "judge_relevance"')
        try:
            new = load.begin(4) if self.who == "web" else load.submit(4)
            wait_until(product.broker.gate.held, f"{self.who} is about to publish")
            kill_web(product) if self.who == "web" else product.kill_workers()
        finally:
            product.broker.gate.let_go()
        assert not without_steps(product, load), "a matter is stored, and no step of it"
        product.restart_web() if self.who == "web" else product.start_workers()
        wait_until(lambda: all(v.matter for v in new), "every matter is accepted", 60)


def kill_web(product: Breakable) -> None:
    assert product.web is not None
    product.web.kill()


def without_steps(product: Breakable, load: Load) -> list[tuple[str]]:
    """Matters that nobody will ever work on: not ended, not waiting for a person, and without a step to be done."""
    return product.sql(
        """SELECT m.id::text FROM matters_matter m
            WHERE m.metadata->>'load' = %s AND m.status NOT IN ('advised', 'failed', 'canceled', 'awaiting_founder')
              AND NOT EXISTS
                  (SELECT FROM matters_step s WHERE s.matter_id = m.id AND s.state IN ('ready', 'running'))""",
        load.name,
    )


class BrokerEmptied:
    name = "Redis: FLUSHALL"

    def strike(self, product: Breakable, load: Load) -> None:
        load.wait_for_text()
        with redis.Redis.from_url(product.broker.url) as broker:
            broker.flushall()
        assert_taken_at_once(load.submit(2))


class BrokerRestarted:
    name = "Redis: killed and started again"

    def strike(self, product: Breakable, load: Load) -> None:
        load.wait_for_text()
        product.broker.kill()
        product.broker.start()
        load.submit(2)


@dataclass(frozen=True)
class BrokerAway:
    """`seconds` without a Redis, which comes back empty; matters are submitted meanwhile."""

    seconds: float = 6.0
    name: ClassVar[str] = "Redis: down"

    def strike(self, product: Breakable, load: Load) -> None:
        load.wait_for_text()
        product.broker.kill()
        back_at = time.monotonic() + self.seconds
        while time.monotonic() < back_at:
            assert_taken_at_once(load.submit(2))
            time.sleep(self.seconds / 6)
        product.broker.start_emptied()


def assert_taken_at_once(viewers: list[Viewer]) -> None:
    for viewer in viewers:
        (only,) = viewer.calls
        assert only.outcome == 202, f"a POST was answered {only.outcome}"
        assert only.seconds < ACCEPTED_WITHIN, f"a POST took {only.seconds:.2f} s"


class Redelivered:
    """As when a task outlives the visibility timeout: the broker gives every message out again, twice."""

    name = "messages redelivered while their tasks run"

    def strike(self, product: Breakable, load: Load) -> None:
        load.wait_for_text()
        steps = product.sql("SELECT kind, id FROM matters_step WHERE state IN ('ready', 'running')")
        with Celery(broker=product.broker.url, set_as_current=False) as app:
            for kind, step in [*steps, *steps]:
                app.send_task(kind, args=[step], queue="advice" if kind == "draft_advice" else "steps")
