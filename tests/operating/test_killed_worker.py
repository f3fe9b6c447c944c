"""A worker that is killed is seen by its silence."""

import pytest

from tests.operating.counted_rows import shown
from tests.processes import Installation, wait_until
from tests.test_journey import wait_for_status

pytestmark = pytest.mark.xdist_group("operating")


def test_a_killed_worker_is_seen_and_its_work_is_taken_over(product: Installation) -> None:
    product.llm.set(
        replies={"judge_relevance": {"relevant": False}}, text=None, text_size=3_000, chunk=10, interval=0.02
    )
    matter = product.api.post("/api/v1/matters", json={"question": "How?"}).json()["id"]
    holds = "SELECT 1 FROM matters_step WHERE matter_id = %s AND kind = 'draft_advice' AND state = 'running'"
    wait_until(lambda: product.sql(holds, matter), "the advice is being written")
    for worker in product.workers:
        worker.kill()
    product.start_worker()
    wait_until(lambda: shown(product)["processes", "worker"] == 1, "the killed ones are not counted any more", 60)
    silent = [key for key in shown(product) if key[:2] == ("process_seen_seconds", "worker")]
    assert len(silent) == 3, "a worker that was killed is still seen, by its silence"
    wait_for_status(product, matter, "advised")
