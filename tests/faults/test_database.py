"""Every session of the database ends in the middle of the work, as by a restart: nothing is lost or done twice."""

import pytest

from tests.api.transports import Event, by_sse, text_of
from tests.processes import Installation, wait_until
from tests.test_journey import submit

SEARCH = "search_playbooks"  # the one step that asks no model
pytestmark = pytest.mark.xdist_group("database")


def end_all_sessions(product: Installation) -> int:
    """Returns how many there were."""
    ((ended,),) = product.sql(
        """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()"""
    )
    return int(ended)


def wait_for_web(product: Installation, matter: str) -> None:
    """The web process says 503 once for each connection that broke in its pools."""
    path = f"/api/v1/matters/{matter}/events"
    wait_until(lambda: all(product.api.get(path).status_code == 200 for _ in range(8)), "the web process is well again")


def test_no_answer_of_the_model_and_no_text_is_lost(product: Installation) -> None:
    product.llm.set(reply_delay=0.5)
    matter = submit(product)
    wait_until(lambda: product.llm.counts()["calls"] >= 2, "the candidates are judged")
    assert end_all_sessions(product) > 3, "there are no pooled connections to be broken"
    wait_for_web(product, matter)

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
    assert product.llm.counts()["calls"] == asked, "the model was asked the same twice"
