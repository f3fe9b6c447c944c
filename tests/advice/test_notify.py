"""What the triggers say, and that they never stand in the way of the text."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection, transaction

from advice.models import Attempt, AttemptStatus
from advice.notify import CHANNEL, ChunkWake, EventWake, Ping, parse_payload
from advice.services import end_attempt, folded_text
from companies.async_pool import database_dsn
from companies.models import Company
from matters.events import NewEvent, append_events
from matters.models import Matter
from matters.states import MatterStatus
from tests import rows

pytestmark = pytest.mark.django_db(transaction=True)
ID = "7f4f2ad6-1a4e-4b60-8f0b-1c2d3e4f5a6b"
Heard = list[EventWake | ChunkWake | Ping | None]


@pytest.fixture
def matter(company: Company) -> Matter:
    return rows.advising(company)


@pytest.fixture
def attempt(matter: Matter) -> Attempt:
    return rows.begun(matter)


@pytest.fixture
def listener(attempt: Attempt) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_dsn(), autocommit=True) as conn:
        conn.execute(f"LISTEN {CHANNEL}")
        yield conn


def heard(listener: psycopg.Connection) -> Heard:
    listener.execute("SELECT 1")
    return [parse_payload(n.payload) for n in listener.notifies(timeout=0)]


def test_an_event_wakes_whoever_reads_the_matter_with_what_it_is(listener: psycopg.Connection, matter: Matter) -> None:
    with transaction.atomic():
        rows.happened(matter)
        rows.happened(matter)
        assert heard(listener) == [], "a notification came before the commit"
    events = list(matter.events.order_by("-number")[:2])[::-1]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT data::text FROM matters_event WHERE id = ANY(%s) ORDER BY number", [[e.pk for e in events]]
        )
        said = [data for (data,) in cursor.fetchall()]
    assert heard(listener) == [
        EventWake(matter.pk, event.number, event.type, event.at, data) for event, data in zip(events, said, strict=True)
    ]


@pytest.mark.parametrize("to", [MatterStatus.ADVISED, MatterStatus.CANCELED])
def test_an_event_that_ends_the_matter_is_announced_without_itself(
    listener: psycopg.Connection, matter: Matter, to: MatterStatus
) -> None:
    """Whether anything follows is for the rows to say."""
    Attempt.objects.filter(matter=matter).update(status=AttemptStatus.COMPLETE)
    rows.move(matter, to)
    matter.refresh_from_db()
    assert heard(listener) == [EventWake(matter.pk, matter.event_number)]


def test_an_event_that_is_large_is_announced_without_itself(listener: psycopg.Connection, matter: Matter) -> None:
    append_events(matter.pk, [NewEvent("question.updated", {"answer": "é" * 3_750})])
    matter.refresh_from_db()
    assert heard(listener) == [EventWake(matter.pk, matter.event_number)]


def test_the_checks_of_an_advice_wake_nobody_but_the_event_that_ends_it(
    listener: psycopg.Connection, attempt: Attempt
) -> None:
    check = {"start": 0, "end": 1, "verdict": "supported", "sources": ["P1"], "reason": ""}
    with transaction.atomic():
        end_attempt(attempt, AttemptStatus.COMPLETE, checks=[check] * 20)
    assert rows.event_types(attempt.matter)[-2:] == ["advice.checked", "advice.completed"]
    attempt.matter.refresh_from_db()
    assert heard(listener) == [EventWake(attempt.matter_id, attempt.matter.event_number)], "a notification for each"


@pytest.mark.parametrize("text", ["a", " two  words\nand a line ", "𝄞 é \\ ' \" %", "chunk event", "a" * 7_499])
def test_small_text_rides_along(listener: psycopg.Connection, attempt: Attempt, text: str) -> None:
    rows.append(attempt, text)
    rows.append(attempt, "!")
    place = (attempt.matter_id, attempt.version, attempt.number)
    assert heard(listener) == [ChunkWake(*place, 0, text), ChunkWake(*place, len(text), "!")]


@pytest.mark.parametrize("text", ["a" * 7_500, "é" * 3_750, "𝄞" * 2_000, "a" * 8_000, "𝄞" * 100_000])
def test_large_text_is_announced_without_itself_and_stored(
    listener: psycopg.Connection, attempt: Attempt, text: str
) -> None:
    rows.append(attempt, text)
    assert heard(listener) == [ChunkWake(attempt.matter_id, attempt.version, attempt.number, 0, None)]
    assert folded_text(attempt.pk) == text


def test_the_largest_header_still_fits(listener: psycopg.Connection, attempt: Attempt) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(version=2**31 - 1, number=2**31 - 1)
    attempt.chunks.create(attempt=attempt, offset=2**31 - 1, text="a" * 7_499)
    assert heard(listener) == [ChunkWake(attempt.matter_id, 2**31 - 1, 2**31 - 1, 2**31 - 1, "a" * 7_499)]


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "?",
        "event",
        "event x",
        f"event {ID}",
        f"event {ID} 1 a b",
        f"event {ID} 1 a b {{}}",
        "chunk",
        f"chunk {ID}",
        f"chunk {ID} 1 2",
        f"chunk {ID} 1 x 3 t",
    ],
)
def test_what_is_not_ours_is_passed_over(payload: str) -> None:
    assert parse_payload(payload) is None
