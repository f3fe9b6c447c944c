"""Flower's view of the workers: the events that a worker process sends."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from celery import Celery

from tests.processes import Installation, wait_until
from tests.test_journey import submit


def test_a_step_is_told_of_by_its_name_while_it_is_worked_on(tmp_path: Path) -> None:
    """Nothing else is done meanwhile, so that no buffer runs over."""
    told: list[str] = []
    with (
        Installation(tmp_path, SWEEP_SECONDS="600") as product,
        Celery(broker=product.env["REDIS_URL"], set_as_current=False) as app,
        app.connection_for_read() as connection,
        ThreadPoolExecutor(1) as pool,
    ):
        product.llm.set(reply_delay=60)
        receiver = app.events.Receiver(connection, handlers={"task-received": lambda event: told.append(event["name"])})
        listening = pool.submit(receiver.capture, limit=None, timeout=30)
        try:
            submit(product)
            wait_until(lambda: "plan_search" in told, "the first step is told of", 20)
        finally:
            receiver.should_stop = True
        listening.result()
