"""Records: what is not listed stays outside, and one bad field costs no more than itself."""

from typing import Any

import pytest

from workers.provider_http import Record
from workers.provider_http.paging import MOST_PAGES, Page, walk
from workers.provider_http.records import Listing
from workers.provider_http.values import Day, Identifier, Number


class Event(Record):
    on: Day = None


class Grant(Record):
    id: Identifier
    shares: Number = None
    events: tuple[Event, ...] = ()


def test_a_field_that_is_not_listed_stays_outside() -> None:
    grant = Grant.model_validate({"id": "1", "ssn": "900-10-4000"})
    assert "900-10" not in repr(grant) + repr(grant.model_dump()) + repr(vars(grant))


def test_one_unreadable_field_is_left_out_and_named() -> None:
    grant = Grant.model_validate({"id": "1", "shares": "many", "events": [{"on": "2026-01-31"}]})
    assert (grant.shares, grant.unreadable, len(grant.events)) == (None, ("shares",), 1)
    assert grant.made_no_sense("shares")
    assert not grant.made_no_sense("events")


def test_an_unreadable_part_is_named_by_the_whole() -> None:
    grant = Grant.model_validate({"id": "1", "events": [{"on": "2026-01-31"}, {"on": "soon"}]})
    assert grant.unreadable == ("events.on",)
    assert grant.made_no_sense("events"), "a sum over the events would be too small"


def test_an_unreadable_whole_is_one_in_each_of_its_parts() -> None:
    grant = Grant.model_validate({"id": "1", "events": "soon"})
    assert grant.made_no_sense("events.on")
    assert not grant.made_no_sense("eventually")


def test_a_record_without_an_id_is_none() -> None:
    bodies: list[Any] = [{"shares": "1"}, {"id": None}, {"id": ["1"]}, [], "1"]
    for body in bodies:
        with pytest.raises(ValueError, match="Grant"):
            Grant.model_validate(body)


def test_what_is_wrong_is_told_without_quoting_it() -> None:
    with pytest.raises(ValueError, match="Grant") as refused:
        Grant.model_validate({"id": ["900-10-4000"]})
    assert "900-10" not in str(refused.value)


def test_a_field_is_withheld_with_all_its_parts() -> None:
    grant = Grant(id="1", redacted={"events.on": "no permission"})
    assert grant.withheld("events") == "no permission"
    assert grant.withheld("event") is None


def _pages(*following: str | None) -> Listing[Grant]:
    left = iter(following)

    def fetch(place: str) -> Page[Grant]:
        return Page(((place, Grant(id=place or "first")),), next(left))

    return walk("", fetch)


def test_all_pages_are_walked() -> None:
    listing = _pages("a", "b", None)
    assert [grant.id for grant in listing] == ["first", "a", "b"]
    assert listing.complete


def test_a_page_that_comes_again_ends_the_walk_and_the_list_is_not_complete() -> None:
    listing = _pages("a", "b", "a")
    assert len(listing) == 3
    assert not listing.complete, "nobody may count what is in it"


def test_a_list_without_end_is_cut() -> None:
    listing = _pages(*(str(number) for number in range(MOST_PAGES + 1)))
    assert (len(listing), listing.complete) == (MOST_PAGES, False)


def test_a_record_that_moved_to_the_next_page_is_kept_once() -> None:
    pages = iter([Page((("1", Grant(id="1")),), "a"), Page((("1", Grant(id="1")), ("2", Grant(id="2"))), None)])
    assert [grant.id for grant in walk("", lambda _: next(pages))] == ["1", "2"]
