"""`/facts`: the company's ledger, for its own programs alone."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client

from companies.models import ApiKey, Company
from matters.models import CompanyFact
from matters.states import About
from tests.api.answers import read_problem
from tests.api.conftest import MATTERS, Program
from tests.api.test_openapi import described
from tests.disputes import asked, disputed, read_in_document, say

pytestmark = pytest.mark.django_db
FACTS = "/api/v1/facts"


def items(response: HttpResponse) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.content
    return list(json.loads(response.content)["items"])


def test_the_facts_are_listed_and_found_by_status_subject_and_key(api: Program, company: Company) -> None:
    line, _ = disputed(company)
    say(asked(company, key="incorporation_state", kind="text"), "Delaware")
    say(asked(company, About.PERSON, key="salary"), "1", subject="rippling:w-1")
    assert [f["key"] for f in items(api.get(FACTS))] == ["salary", "incorporation_state", "headcount"]
    for query, found in (
        ({"status": "disputed"}, ["headcount"]),
        ({"subject": "rippling:w-1"}, ["salary"]),
        ({"subject": ""}, ["incorporation_state", "headcount"]),
        ({"key": "incorporation_state", "status": "known"}, ["incorporation_state"]),
        ({"key": "salar"}, []),
    ):
        assert [f["key"] for f in items(api.get(FACTS, **query))] == found
    page = json.loads(api.get(FACTS, limit=2).content)
    assert [f["key"] for f in items(api.get(FACTS, limit=2, cursor=page["next"]))] == ["headcount"]
    for query in ({"status": "stale"}, {"key": "a\x00"}, {"cursor": "?"}):
        read_problem(api.get(FACTS, **query), 400)
    assert items(api.get(FACTS))[2]["id"] == str(line.pk)


def test_a_foreign_fact_answers_as_a_missing_one(stranger: Program, company: Company) -> None:
    line, _ = disputed(company)
    assert items(stranger.get(FACTS)) == []
    for fact in (line.pk, uuid4()):
        read_problem(stranger.get(f"{FACTS}/{fact}"), 404)
        read_problem(stranger.post(f"{FACTS}/{fact}/settle", {"value": "12"}), 404)
    line.refresh_from_db()
    assert line.status == "disputed"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"choose": 1, "value": "12"},
        {"choose": "1"},
        {"choose": 2**63},
        {"choose": 1, "unit": "x"},
        {"unit": "x"},
        {"value": ""},
        {"value": "a\x00"},
        {"value": "12", "why": "so"},
        {"value": "12", "unit": "u" * 101},
    ],
)
def test_a_decision_that_is_none_is_refused(api: Program, company: Company, body: dict[str, Any]) -> None:
    line, _ = disputed(company)
    assert read_problem(api.post(f"{FACTS}/{line.pk}/settle", body), 400)["errors"]


def test_to_settle_needs_the_scope_to_write(company: Company) -> None:
    line, _ = disputed(company)
    reader = Program(Authorization=f"Bearer {ApiKey.issue(company, ['read'])[1]}")
    read_problem(reader.post(f"{FACTS}/{line.pk}/settle", {"value": "12"}), 403)


def test_what_concerns_one_matter_is_listed_while_it_is_in_dispute(api: Program, company: Company) -> None:
    question = asked(company, About.MATTER, key="planned_date", kind="date")
    say(question, "2026-12-01")
    say(question, "2026-12-31", "document", record_id="d-1")
    (fact,) = items(api.get(FACTS))
    assert (fact["about"], fact["matter"]) == ("matter", str(question.matter_id))
    settled = api.post(f"{FACTS}/{fact['id']}/settle", {"value": "2026-12-15"})
    assert json.loads(settled.content)["source"] == "founder"
    assert items(api.get(FACTS)) == []


def test_a_value_from_a_document_has_its_name_and_place(api: Program, company: Company) -> None:
    question = asked(company)
    say(question, "12")
    read_in_document(question, "14")
    (line,) = items(api.get(FACTS))
    one = json.loads(api.get(f"{FACTS}/{line['id']}").content)
    for values in (line["disputed"], one["disputed"], one["history"]):
        assert [each["document"] for each in values] == ["", "cap table.pdf, page 3"]


def test_answers_are_as_the_description_says(api: Program, company: Company, client: Client) -> None:
    description = dict(client.get("/api/v1/openapi.json").json())
    line, matter = disputed(company)
    question = matter.questions.get()
    fact, settle, assign = f"{FACTS}/{{fact_id}}", f"{FACTS}/{{fact_id}}/settle", "questions/{question_id}/assign"
    described(description, FACTS, "get", api.get(FACTS))
    described(description, fact, "get", api.get(f"{FACTS}/{line.pk}"))
    described(description, fact, "get", api.get(f"{FACTS}/{uuid4()}"))
    for value in ("x", "12", "14"):
        described(description, settle, "post", api.post(f"{FACTS}/{line.pk}/settle", {"value": value}))
    assert CompanyFact.objects.get().value == "12"
    here = f"{MATTERS}/{matter.pk}/questions/{question.pk}/assign"
    for email in ("x", None):
        described(description, f"{MATTERS}/{{matter_id}}/{assign}", "post", api.post(here, {"email": email}))
