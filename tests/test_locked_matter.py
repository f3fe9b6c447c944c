"""Somebody keeps a matter locked for long, as by a transaction left open by hand: others go on, and nothing is lost."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.processes import Installation, wait_until
from tests.test_journey import answer_all, submit, wait_for_status

pytestmark = pytest.mark.xdist_group("locked matter")
READING = "SELECT count(*) FROM matters_step WHERE matter_id = %s AND kind = 'normalise_answer' AND state = 'running'"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
ASKED = "SELECT count(*) FROM matters_step WHERE matter_id = ANY(%s) AND kind <> 'search_playbooks'"


@contextmanager
def locked(product: Installation, matter: str) -> Iterator[None]:
    with psycopg.connect(product.database_url.partition("?")[0]) as conn:
        conn.execute("SELECT 1 FROM matters_matter WHERE id = %s FOR UPDATE", [matter])
        yield


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A product with leases as they are when nobody sets them: a worker whose connections all wait renews them late."""
    with Installation(tmp_path_factory.mktemp("installation"), STEP_LEASE_SECONDS="30") as product:
        yield product


def test_a_matter_that_is_kept_locked_keeps_no_other_from_its_advice(installation: Installation) -> None:
    llm, before = installation.llm, installation.llm.counts()["calls"]
    kept = submit(installation)
    wait_for_status(installation, kept, "awaiting_founder")
    llm.set(reply_delay=5)
    answer_all(installation, kept)
    wait_until(lambda: installation.sql(READING, kept) == [(12,)], "more answers are read than there are connections")

    with locked(installation, kept):
        wait_until(lambda: installation.sql(WAITING)[0][0] > 1, "answers of the model wait for the matter")
        llm.set(reply_delay=0, replies={"judge_relevance": {"relevant": False}})
        other = submit(installation)
        wait_for_status(installation, other, "advised", seconds=60)
        refused = installation.api.post(f"/api/v1/matters/{kept}/cancel")
        assert refused.status_code == 503, "a request waits for as long as somebody keeps its matter"
        assert "Somebody else is changing this" in refused.json()["detail"]
        assert "Retry-After" in refused.headers
        assert installation.sql(READING, kept) == [(12,)], "an answer of the model was given up"

    wait_for_status(installation, kept, "advised", seconds=60)
    ((asked,),) = installation.sql(ASKED, [kept, other])
    made = llm.counts()["calls"] - before
    assert made == asked, "an answer of the model was lost while its matter was locked, and asked for again"
