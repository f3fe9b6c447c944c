"""Paging through matters while new ones come."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from companies.models import Company
from matters.models import Matter
from matters.states import QuestionStatus
from tests.api.conftest import MATTERS, Program
from tests.rows import advised, advising, append, begun, gathering, submitted

pytestmark = pytest.mark.django_db


def page_of(api: Program, **query: Any) -> tuple[list[str], str | None]:
    response = api.get(MATTERS, **query)
    assert response.status_code == 200, response.content
    page = json.loads(response.content)
    assert page.keys() == {"items", "next"}
    return [item["id"] for item in page["items"]], page["next"]


def test_it_shows_each_matter_once_while_new_ones_come(api: Program, company: Company) -> None:
    before = [str(submitted(company).pk) for _ in range(7)]
    seen, cursor = page_of(api, limit=3)
    while cursor is not None:
        submitted(company)
        ids, cursor = page_of(api, limit=3, cursor=cursor)
        seen += ids
    assert seen == list(reversed(before)), "newest first, none twice, none left out"


def test_matters_of_the_same_instant_are_all_shown(api: Program, company: Company) -> None:
    ids = {str(submitted(company).pk) for _ in range(5)}
    Matter.objects.update(submitted_at=Matter.objects.values_list("submitted_at", flat=True)[0])
    seen, cursor = page_of(api, limit=2)
    while cursor is not None:
        more, cursor = page_of(api, limit=2, cursor=cursor)
        seen += more
    assert len(seen) == 5
    assert set(seen) == ids


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_last_page_has_no_next(api: Program, company: Company, count: int) -> None:
    for _ in range(count):
        submitted(company)
    ids, cursor = page_of(api, limit=3)
    assert (len(ids), cursor) == (count, None)


def test_a_page_has_twenty_matters_unless_asked(api: Program, company: Company) -> None:
    for _ in range(21):
        submitted(company)
    ids, cursor = page_of(api)
    assert len(ids) == 20
    assert cursor is not None
    assert len(page_of(api, limit=100)[0]) == 21


def test_a_matter_in_a_list_is_the_matter_itself(api: Program, company: Company) -> None:
    matter = gathering(company, 2, QuestionStatus.AWAITING_FOUNDER)
    (item,) = json.loads(api.get(MATTERS).content)["items"]
    assert item == json.loads(api.get(f"{MATTERS}/{matter.pk}").content)


def test_a_longer_page_costs_no_more_queries(api: Program, company: Company) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert api.get(MATTERS).status_code == 200
        return len(queries)

    gathering(company, 3, QuestionStatus.AWAITING_FOUNDER)
    one = cost()
    for _ in range(5):
        matter = advising(company)
        attempt = begun(matter)
        append(attempt, "First, ")
        advised(matter, attempt)
        gathering(company, 3, QuestionStatus.AWAITING_FOUNDER)
    assert cost() == one


def test_a_matter_counts_all_its_attempts_and_shows_the_newest(api: Program, company: Company) -> None:
    matter = advising(company)
    append(begun(matter), "lost")
    second = begun(matter)
    append(second, "Pay 😀 ")
    append(second, "at once.")
    shown = json.loads(api.get(f"{MATTERS}/{matter.pk}").content)
    assert shown["attempts"] == 2
    assert shown["advice"] == {"version": 1, "attempt": 2, "status": "streaming", "length": 14}
