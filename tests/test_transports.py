"""A long advice arrives whole, byte for byte, by every transport, and by all of them in turn."""

import hashlib
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.transports import Event, by_poll, by_sse, by_websocket, text_of
from tests.processes import Installation
from tests.test_journey import submit, wait_for_status

pytestmark = pytest.mark.xdist_group("transports")
LONG = ("Clef 𝄞, scales ⚖️, é and plain words, over and over, " * 2_000)[:99_990] + "to its end"
Transport = Callable[[Installation, str, str], Iterator[Event]]


@pytest.fixture
def writing(installation: Installation) -> str:
    """A matter whose long advice is about to be written; it needs no facts."""
    installation.llm.set(
        text=LONG,
        chunk=60,
        interval=0.001,
        first_token=1,
        replies={"judge_relevance": {"relevant": False}},
    )
    matter = submit(installation)
    wait_for_status(installation, matter, "advising")
    return matter


def by_all_in_turn(product: Installation, matter: str, after: str) -> Iterator[Event]:
    """Seven events by one way, then the next one, from the cursor of the last event."""
    for transport in itertools.cycle([by_poll, by_sse, by_websocket]):
        events = transport(product, matter, after)
        for event in itertools.islice(events, 7):
            yield event
            after = event["id"]
            if event["data"].get("status") == "advised":
                return
        events.close()  # type: ignore[attr-defined] # a generator: the connection is left in the middle


def read_all(transport: Transport, product: Installation, matter: str) -> list[Event]:
    return list(transport(product, matter, ""))


def test_a_hundred_thousand_characters_arrive_whole_by_every_way(installation: Installation, writing: str) -> None:
    ways: list[Transport] = [by_poll, by_sse, by_websocket, by_all_in_turn]
    with ThreadPoolExecutor(len(ways)) as pool:
        reading = {way.__name__: pool.submit(read_all, way, installation, writing) for way in ways}
        read = {name: events.result(timeout=60) for name, events in reading.items()}

    ((stored, digest),) = installation.sql("SELECT text, sha256 FROM advice_attempt WHERE matter_id = %s", writing)
    assert stored == LONG
    assert hashlib.sha256(LONG.encode()).hexdigest() == digest
    for name, events in read.items():
        assert text_of(events) == stored, f"{name} brought another text"
        assert [e["type"] for e in events[-2:]] == ["advice.completed", "matter.updated"], name
    others = [[e for e in events if e["type"] != "advice.delta"] for events in read.values()]
    assert others[0] == others[1] == others[2] == others[3]
    assert installation.api.get(f"/api/v1/matters/{writing}/advice").json()["content"] == stored
