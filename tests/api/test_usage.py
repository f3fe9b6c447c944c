"""`GET /usage`: what was used of which model on which day."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from companies.models import ApiKey, Company
from matters.models import CallOutcome, LLMCall, Matter
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db
USAGE = "/api/v1/usage"


def call(matter: Matter, model: str = "m", at: datetime | None = None, **fields: Any) -> None:
    """A call of 100 and 10 tokens that cost 25 cents."""
    given = {"outcome": CallOutcome.OK, "prompt_tokens": 100, "completion_tokens": 10, "cost": Decimal("0.25")} | fields
    row = LLMCall.objects.create(
        step=matter.steps.get(), matter=matter, kind="plan_search", attempt=1, model=model, **given
    )
    if at:
        LLMCall.objects.filter(pk=row.pk).update(at=at)


def items(api: Program, **query: Any) -> list[dict[str, Any]]:
    response = api.get(USAGE, **query)
    assert response.status_code == 200, response.content
    page = json.loads(response.content)
    assert (page.keys(), page["next"]) == ({"items", "next"}, None)
    return list(page["items"])


def test_it_sums_by_day_and_model_newest_first(api: Program, matter: Matter) -> None:
    now = timezone.now()
    for model in ("b", "a", "a"):
        call(matter, model)
    call(matter, "a", at=now - timedelta(days=1), outcome=CallOutcome.ERROR)
    assert [(i["day"], i["model"], i["calls"], i["prompt_tokens"], i["completion_tokens"]) for i in items(api)] == [
        (now.date().isoformat(), "a", 2, 200, 20),
        (now.date().isoformat(), "b", 1, 100, 10),
        ((now - timedelta(days=1)).date().isoformat(), "a", 1, 100, 10),
    ]
    assert Decimal(items(api)[0]["cost"]) == Decimal("0.5")


def test_a_day_is_one_of_utc(api: Program, matter: Matter) -> None:
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    call(matter, at=midnight)
    call(matter, at=midnight - timedelta(microseconds=1))
    assert [item["day"] for item in items(api)] == [
        midnight.date().isoformat(),
        (midnight - timedelta(days=1)).date().isoformat(),
    ]
    assert len(items(api, days=1)) == 1


def test_replies_that_were_used_again_are_not_calls(api: Program, matter: Matter) -> None:
    call(matter, outcome=CallOutcome.CACHED, cost=0, prompt_tokens=0, completion_tokens=0)
    assert items(api) == []


def test_it_shows_nothing_of_other_companies(matter: Matter, stranger: Program) -> None:
    call(matter)
    assert items(stranger) == []


def test_it_needs_a_key_that_may_read(company: Company) -> None:
    assert Program().get(USAGE).status_code == 401
    writer = ApiKey.issue(company, ["write"])[1]
    assert Program(Authorization=f"Bearer {writer}").get(USAGE).status_code == 403


@pytest.mark.parametrize("days", ["0", "367", "many"])
def test_days_that_cannot_be_are_refused(api: Program, days: str) -> None:
    assert api.get(USAGE, days=days).status_code == 400


def test_the_answer_is_as_described(api: Program, matter: Matter) -> None:
    call(matter)
    (item,) = items(api)
    properties = json.loads(api.get("/api/v1/openapi.json").content)["components"]["schemas"]["DayOfUsage"]
    assert item.keys() == properties["properties"].keys()
