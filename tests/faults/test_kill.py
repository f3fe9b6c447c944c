"""Workers, broker and web process are killed in the middle; the work goes on, and every reader learns how."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
import redis

from tests.api.transports import Event, by_poll, by_sse, by_websocket, text_of
from tests.faults.breakable import Breakable
from tests.processes import wait_until
from tests.test_journey import matter_of, submit, wait_for_status

pytestmark = pytest.mark.xdist_group("faults: kill")


@pytest.fixture(autouse=True)
def _long_advice(product: Breakable, _quick_matters: None) -> None:
    product.llm.set(text_size=4_000, chunk=20, interval=0.02)


def streamed(product: Breakable, matter: str) -> int:
    """Code points in the chunks of the attempt that streams."""
    ((length,),) = product.sql(
        "SELECT coalesce(sum(char_length(c.text)), 0) FROM advice_attempt a JOIN advice_chunk c ON c.attempt_id = a.id"
        " WHERE a.matter_id = %s AND a.status = 'streaming'",
        matter,
    )
    return int(length)


def wait_for_text(product: Breakable, matter: str) -> None:
    wait_until(lambda: streamed(product, matter) > 500, "some of the advice is written", 40)


def kill_all_workers(product: Breakable) -> None:
    product.kill_workers()
    product.start_workers()


def test_an_advice_is_written_by_a_worker_that_takes_none_when_those_that_do_are_gone(product: Breakable) -> None:
    """`make run` lets few workers take advices, for streams that share a process share its commits."""
    assert product.beat is not None
    product.beat.kill()
    product.kill_workers(product.streaming)
    matter = submit(product)
    try:
        with redis.Redis.from_url(product.env["REDIS_URL"]) as broker:
            wait_until(lambda: broker.llen("advice"), "the advice waits for a worker that takes it")
        assert product.sql("SELECT state FROM matters_step WHERE kind = 'draft_advice' AND matter_id = %s", matter) == [
            ("ready",)
        ]
    finally:
        product.start_beat()
    wait_for_status(product, matter, "advised")
    product.start_workers()


SAID_OF_ATTEMPTS = ("advice.started", "advice.superseded", "advice.completed")


def types_of(events: list[Event], version: int = 1) -> list[str]:
    """What became of the attempts of a version, without deltas and checks."""
    return [f"{e['type'][7:]} {e['data']['attempt']}" for e in events if e["type"] in SAID_OF_ATTEMPTS]


def ids_of(events: list[Event]) -> list[str]:
    return [e["id"] for e in events if e["type"] in SAID_OF_ATTEMPTS]


def test_the_advice_is_taken_over_when_every_worker_is_killed_in_the_middle_of_it(product: Breakable) -> None:
    matter = submit(product)
    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(lambda: list(by_sse(product, matter, "")))
        wait_for_text(product, matter)
        kill_all_workers(product)
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
    assert ids_of(late) == ids_of(live), "an event has another id for who reads it later"
    assert (text_of(late, attempt=1), text_of(late, attempt=2)) == ("", whole)
    assert [e["type"] for e in late[-2:]] == ["advice.completed", "matter.updated"]


def read_until_far_on(events: Iterator[Event]) -> None:
    assert any(event["data"].get("offset", 0) > 1_000 for event in events), "the text does not go on"
    events.close()  # type: ignore[attr-defined] # a generator: the connection is left in the middle


def test_text_needs_no_broker(product: Breakable) -> None:
    matter = submit(product)
    wait_for_text(product, matter)
    seen = by_websocket(product, matter, "")
    next(seen)
    product.broker.kill()
    try:
        new = by_websocket(product, matter, "")
        for socket in (seen, new):  # open sockets stay open, and new ones open
            read_until_far_on(socket)
        wait_for_status(product, matter, "advised")
    finally:
        product.broker.start_emptied()
    events = list(by_poll(product, matter, ""))
    assert types_of(events) == ["started 1", "completed 1"]
    assert product.sql("SELECT text FROM advice_attempt WHERE matter_id = %s", matter) == [(text_of(events),)]


def read_and_kill_the_web_process(product: Breakable, matter: str, read: list[Event]) -> None:
    assert product.web is not None
    for event in by_sse(product, matter, ""):
        read.append(event)
        if event["type"] == "advice.delta" and product.web.is_alive():
            product.web.kill()


def test_a_reader_goes_on_from_its_cursor_when_the_web_process_is_killed(product: Breakable) -> None:
    matter = submit(product)
    wait_for_text(product, matter)
    before: list[Event] = []
    with pytest.raises(httpx2.HTTPError):
        read_and_kill_the_web_process(product, matter, before)
    product.restart_web()
    events = [*before, *by_sse(product, matter, before[-1]["id"])]
    stored = product.sql("SELECT text FROM advice_attempt WHERE matter_id = %s", matter)
    assert stored == [(text_of(events),)]
    assert types_of(events) == ["started 1", "completed 1"]
