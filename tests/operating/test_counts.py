"""Under load `/metrics` tells what the rows tell: of the very moment where nothing moves, and else between two."""

import os
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from tests.operating.counted_rows import GROWING, MEDIANS, MOVING, Numbers, chunks_that_came, counted, only, shown
from tests.processes import Installation, Process, wait_until
from tests.test_journey import submit

pytestmark = pytest.mark.xdist_group("operating")
MATTERS = 20
ALL = GROWING | MOVING | MEDIANS


@contextmanager
def stopped(processes: Sequence[Process]) -> Iterator[None]:
    """They do nothing meanwhile."""
    for process in processes:
        os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process.pid, signal.SIGCONT)


def at_one_moment(product: Installation) -> tuple[Numbers, Numbers]:
    """What is shown and what is counted, while the rows stay as they are."""

    def unmoved() -> tuple[Numbers, Numbers] | None:
        before, seen, after = counted(product, ALL), shown(product), counted(product, ALL)
        return (only(seen, ALL), after) if before == after else None

    found: tuple[Numbers, Numbers] = wait_until(unmoved, "the rows stay as they are for a moment")
    return found


def of_processes(numbers: Numbers, name: str) -> float:
    """The sum over all processes."""
    return sum(number for key, number in numbers.items() if key[0] == name)


def test_under_load_the_metrics_agree_with_the_rows(product: Installation) -> None:
    faults = [{"kind": kind, "schema": "plan_search"} for kind in ("invalid_json", "invalid_json", "bad_request")]
    pace = {"text": None, "text_size": 1_200, "chunk": 30, "interval": 0.03}
    product.llm.set(**pace, replies={"judge_relevance": {"relevant": False}}, fail_next=faults)
    with stopped(product.workers):
        matters = [submit(product) for _ in range(MATTERS)]
        numbers, rows = at_one_moment(product)
    assert numbers == pytest.approx(rows)
    assert numbers["steps_due", "plan_search"] == MATTERS, "there was no queue"
    going_on = "SELECT count(*) FROM matters_matter WHERE id = ANY(%s::uuid[]) AND completed_at IS NULL"
    most_streaming = 0.0
    while product.sql(going_on, matters) != [(0,)]:
        before, seen, after = counted(product, GROWING), shown(product), counted(product, GROWING)
        for key, most in after.items():
            assert before.get(key, 0) - 1e-9 <= seen.get(key, 0) <= most + 1e-9, key
        with stopped(product.workers):
            numbers, rows = at_one_moment(product)
        assert numbers == pytest.approx(rows)
        most_streaming = max(most_streaming, of_processes(numbers, "advice_streaming"))
    assert most_streaming > 1, "there was no load"

    numbers, rows = at_one_moment(product)
    assert numbers == pytest.approx(rows)
    outcomes = Counter({key[2]: number for key, number in rows.items() if key[:2] == ("llm_calls", "plan_search")})
    assert min(outcomes[outcome] for outcome in ("ok", "invalid", "error")) >= 1, outcomes
    assert rows["llm_cost_dollars", "fake-model"] > 0
    came = chunks_that_came(product)
    assert came > MATTERS
    wait_until(lambda: of_processes(shown(product), "writer_batch_streams_sum") == came, "every chunk was counted")
    wait_until(lambda: of_processes(shown(product), "steps_running") == 0, "no step is in work")
