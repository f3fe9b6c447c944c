"""Every session of the database ends in the middle of the work, as by a restart: nothing is lost or done twice."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.transports import Event, by_sse, text_of
from tests.processes import Installation, wait_until
from tests.test_journey import submit, wait_for_status

SEARCH = "search_playbooks"  # the one step that asks no model
pytestmark = pytest.mark.xdist_group("faults: database")


def end_all_sessions(product: Installation) -> int:
    """Returns how many there were."""
    ((ended,),) = product.sql(
        """SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()"""
    )
    return int(ended)


def test_a_session_that_ended_fails_no_request(product: Installation) -> None:
    def ask(path: str) -> int:
        with product.client(product.api_key) as client:
            return client.get(path).status_code

    matter = submit(product)
    paths = [f"/api/v1/matters/{matter}", f"/api/v1/matters/{matter}/events"] * 8
    with ThreadPoolExecutor(len(paths)) as pool:
        for _ in range(3):
            assert set(pool.map(ask, paths)) == {200}
            assert end_all_sessions(product) > 3, "there are no pooled connections to be broken"
        assert set(pool.map(ask, paths)) == {200}, "who comes after a restart of PostgreSQL pays for it"
    wait_for_status(product, matter, "advised")


def test_no_answer_of_the_model_and_no_text_is_lost(product: Installation) -> None:
    product.llm.set(reply_delay=0.5, text_size=4_000, chunk=20, interval=0.02)
    before = product.llm.counts()["calls"]
    matter = submit(product)
    wait_until(lambda: product.llm.counts()["calls"] >= before + 2, "the candidates are judged")
    assert end_all_sessions(product) > 3, "there are no pooled connections to be broken"

    events: list[Event] = []
    outages = [2_000, 500]  # at so many characters of the advice
    for event in by_sse(product, matter, ""):
        events.append(event)
        if outages and event["data"].get("offset", 0) > outages[-1]:
            outages.pop()
            end_all_sessions(product)
    assert not outages
    assert events[-1]["data"]["status"] == "advised"
    stored = product.sql("SELECT status, text FROM advice_attempt WHERE matter_id = %s", matter)
    assert stored == [("complete", text_of(events))]
    ((asked,),) = product.sql("SELECT count(*) FROM matters_step WHERE matter_id = %s AND kind <> %s", matter, SEARCH)
    assert product.llm.counts()["calls"] == before + asked, "the model was asked the same twice"
