"""A matter's events: one order, the same for whoever reads while others write."""

import random
import threading
import time

import pytest
from django.db import IntegrityError, transaction

from companies.models import Company
from matters.events import NewEvent, append_events
from matters.models import Event, Matter
from tests import rows
from tests.threads import at_once, in_background

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS, EACH = 4, 60


def append(matter: Matter, *types: str) -> int:
    return append_events(matter.pk, [NewEvent(type_, {}) for type_ in types])


def test_numbers_have_no_gap_and_follow_the_order_given(company: Company) -> None:
    matter = rows.submitted(company)
    assert append(matter, "a", "b", "c") == 4
    with pytest.raises(IntegrityError):
        append_and_fail(matter)
    assert append(matter, "d") == 5
    events = list(matter.events.order_by("number").values_list("number", "type"))
    assert events == [(1, "matter.updated"), (2, "a"), (3, "b"), (4, "c"), (5, "d")]


@transaction.atomic
def append_and_fail(matter: Matter) -> None:
    append(matter, "undone")
    Event.objects.create(matter=matter, number=1, type="twice", data={}, at="2026-01-01T00:00:00Z")


def test_a_reader_behind_a_cursor_never_skips_one(company: Company) -> None:
    """Numbers from a sequence are visible out of order: 7 may be committed while 6 is still open."""
    matter = rows.submitted(company)
    written = threading.Event()
    reading = in_background(lambda: read_until(matter, written))
    try:
        at_once(*[lambda: write(matter)] * WRITERS)
    finally:
        written.set()
    assert reading.result(timeout=30) == list(range(1, 2 + WRITERS * EACH))


def write(matter: Matter) -> None:
    for _ in range(EACH):
        with transaction.atomic():
            append(matter, "written")
            time.sleep(random.uniform(0, 0.002))  # transactions of different lengths, so that they overtake each other


def read_until(matter: Matter, written: threading.Event) -> list[int]:
    """The numbers in the order in which somebody sees them who asks for what is behind the last one."""
    seen, cursor, at_end = [], 0, False
    while not at_end:
        at_end = written.is_set()
        new = list(matter.events.filter(number__gt=cursor).order_by("number").values_list("number", flat=True))
        seen += new
        cursor = new[-1] if new else cursor
    return seen
