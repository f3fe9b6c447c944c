"""Workers, broker and web process are killed in the middle; the work goes on, and every reader learns how."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.api.transports import Event, by_poll, by_sse, by_websocket, text_of
from tests.faults.conftest import Broker
from tests.processes import Installation, wait_until
from tests.test_journey import matter_of, submit, wait_for_status

pytestmark = pytest.mark.xdist_group("kill")


def streamed(product: Installation, matter: str) -> int:
    """Code points in the chunks of the attempt that streams."""
    ((length,),) = product.sql(
        "SELECT coalesce(sum(char_length(c.text)), 0) FROM advice_attempt a JOIN advice_chunk c ON c.attempt_id = a.id"
        " WHERE a.matter_id = %s AND a.status = 'streaming'",
        matter,
    )
    return int(length)


def wait_for_text(product: Installation, matter: str) -> None:
    wait_until(lambda: streamed(product, matter) > 500, "some of the advice is written", 40)


def kill_all_workers(product: Installation) -> None:
    for worker in product.workers:
        worker.kill()
    product.workers.clear()


def types_of(events: list[Event], version: int = 1) -> list[str]:
    """What became of the attempts of a version, without deltas and checks."""
    said = ("advice.started", "advice.superseded", "advice.completed")
    return [f"{e['type'][7:]} {e['data']['attempt']}" for e in events if e["type"] in said]


def test_the_advice_is_taken_over_when_every_worker_is_killed_in_the_middle_of_it(product: Installation) -> None:
    matter = submit(product)
    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(lambda: list(by_sse(product, matter, "")))
        wait_for_text(product, matter)
        kill_all_workers(product)
        product.start_worker()
        live = watching.result(timeout=60)

    assert matter_of(product, matter)["status"] == "advised"
    attempts = product.sql("SELECT status, text FROM advice_attempt WHERE matter_id = %s ORDER BY number", matter)
    assert [status for status, _ in attempts] == ["superseded", "complete"]
    partial, whole = (text for _, text in attempts)
    assert len(partial) > 500, "the partial text was not kept"
    assert len(whole) == 4_000

    assert types_of(live) == ["started 1", "superseded 1", "started 2", "completed 2"]
    assert (text_of(live, attempt=1), text_of(live, attempt=2)) == (partial, whole)
    late = list(by_poll(product, matter, ""))
    assert types_of(late) == types_of(live)
    assert (text_of(late, attempt=1), text_of(late, attempt=2)) == ("", whole)
    assert [e["type"] for e in late[-2:]] == ["advice.completed", "matter.updated"]


def read_until_far_on(events: Iterator[Event]) -> None:
    assert any(event["data"].get("offset", 0) > 1_000 for event in events), "the text does not go on"
    events.close()  # type: ignore[attr-defined] # a generator: the connection is left in the middle


def test_nothing_is_lost_when_the_broker_is_killed_and_emptied(product: Installation, broker: Broker) -> None:
    product.llm.set(reply_delay=0.3)
    matter = submit(product)
    wait_until(lambda: product.llm.counts()["calls"], "the work has begun")
    broker.kill()
    other = submit(product)  # is taken without a broker
    broker.start_emptied()
    wait_for_text(product, matter)

    seen = by_websocket(product, matter, "")
    next(seen)
    broker.kill()  # text needs none: open sockets stay open, and new ones open
    new = by_websocket(product, matter, "")
    for socket in (seen, new):
        read_until_far_on(socket)
    kill_all_workers(product)
    broker.start_emptied()
    product.start_worker()
    for each in (matter, other):
        wait_for_status(product, each, "advised", seconds=40)
    events = list(by_poll(product, matter, ""))
    assert types_of(events) == ["started 1", "superseded 1", "started 2", "completed 2"]
    stored = product.sql("SELECT text FROM advice_attempt WHERE matter_id = %s AND status = 'complete'", matter)
    assert stored == [(text_of(events, attempt=2),)]


def read_and_kill_the_web_process(product: Installation, matter: str, read: list[Event]) -> None:
    assert product.web is not None
    for event in by_sse(product, matter, ""):
        read.append(event)
        if event["type"] == "advice.delta" and product.web.is_alive():
            product.web.kill()


def test_a_reader_goes_on_from_its_cursor_when_the_web_process_is_killed(product: Installation) -> None:
    matter = submit(product)
    wait_for_text(product, matter)
    before: list[Event] = []
    with pytest.raises(httpx2.HTTPError):
        read_and_kill_the_web_process(product, matter, before)
    product.start_web()
    wait_until(lambda: product._is_ready(), "the web process is back")
    events = [*before, *by_sse(product, matter, before[-1]["id"])]
    stored = product.sql("SELECT text FROM advice_attempt WHERE matter_id = %s", matter)
    assert stored == [(text_of(events),)]
    assert types_of(events) == ["started 1", "completed 1"]
