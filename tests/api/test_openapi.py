"""The description at `/api/v1/openapi.json` is OpenAPI 3.1, and what the API answers is as it says."""

import itertools
import json
import re
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator

from advice.models import AttemptStatus, Check
from companies.models import Company
from matters.models import Fact, FactStatus, Matter, Question
from matters.states import AnswerKind, MatterStatus, QuestionStatus, WaitingFor
from tests.api.conftest import MATTERS, Program
from tests.databases import ROOT
from tests.rows import advising, append, begun, ended, gathering

pytestmark = pytest.mark.django_db
MATTER = f"{MATTERS}/{{matter_id}}"
ANSWER = f"{MATTER}/questions/{{question_id}}/answer"


@pytest.fixture
def description(client: Client) -> dict[str, Any]:
    return dict(client.get("/api/v1/openapi.json").json())


def described(description: dict[str, Any], path: str, method: str, response: HttpResponse) -> None:
    """Fails where `response` is not as the description says of this status."""
    responses = description["paths"][path][method]["responses"]
    assert str(response.status_code) in responses, f"{response.status_code} is not described: {response.content!r}"
    (media_type,) = responses[str(response.status_code)]["content"]
    assert response["Content-Type"].partition(";")[0] == media_type
    schema = responses[str(response.status_code)]["content"][media_type]["schema"]
    whole = {"components": description["components"], "allOf": [_closed(schema, description)]}
    value = json.loads(response.content) if media_type.endswith("json") else response.content.decode()
    Draft202012Validator(whole, format_checker=FormatChecker()).validate(value)


def _closed(schema: Any, description: dict[str, Any]) -> Any:
    """The schema, in which every object has the named fields only: what is answered must be described."""
    for part in description["components"]["schemas"].values():
        if "properties" in part:
            part["additionalProperties"] = False
            part["required"] = [name for name in part["properties"] if name != "errors"]
    return schema


def test_it_is_openapi(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(description).iter_errors()] == []


def test_it_says_of_each_field_that_need_not_be_sent_that_it_may_be_null(description: dict[str, Any]) -> None:
    bodies = {name: body for name, body in description["components"]["schemas"].items() if name.endswith("Body")}
    assert {"SubmitBody", "AnswerBody", "ShareBody", "EndpointBody"} <= bodies.keys()
    for name, body in bodies.items():
        for field in body["properties"].keys() - set(body.get("required", [])):
            assert {"type": "null"} in body["properties"][field].get("anyOf", []), f"{name}.{field}"


def test_every_call_of_the_contract_is_in_it(description: dict[str, Any]) -> None:
    calls = {(method, path) for path, methods in description["paths"].items() for method in methods}
    assert calls == {
        ("post", MATTERS),
        ("get", MATTERS),
        ("get", MATTER),
        ("post", f"{MATTER}/cancel"),
        ("post", f"{MATTER}/retry"),
        ("post", f"{MATTER}/regenerate"),
        ("post", ANSWER),
        ("get", f"{MATTER}/documents"),
        ("post", f"{MATTER}/documents"),
        ("get", f"{MATTER}/documents/{{document_id}}"),
        ("delete", f"{MATTER}/documents/{{document_id}}"),
        ("get", f"{MATTER}/documents/{{document_id}}/content"),
        ("get", f"{MATTER}/advice"),
        ("get", f"{MATTER}/advice.md"),
        ("get", f"{MATTER}/advice.pdf"),
        ("get", f"{MATTER}/advice.docx"),
        ("get", f"{MATTER}/review.json"),
        ("post", f"{MATTER}/shares"),
        ("get", f"{MATTER}/shares"),
        ("delete", "/api/v1/shares/{share_id}"),
        ("get", f"{MATTER}/events"),
        ("get", f"{MATTER}/events/stream"),
        ("post", f"{MATTER}/questions/{{question_id}}/assign"),
        ("get", "/api/v1/facts"),
        ("get", "/api/v1/facts/{fact_id}"),
        ("post", "/api/v1/facts/{fact_id}/settle"),
        ("get", f"{MATTER}/deliveries"),
        ("post", "/api/v1/batches"),
        ("get", "/api/v1/batches"),
        ("get", "/api/v1/batches/{batch_id}"),
        ("post", "/api/v1/batches/{batch_id}/cancel"),
        ("post", "/api/v1/webhook-endpoints"),
        ("get", "/api/v1/webhook-endpoints"),
        ("get", "/api/v1/webhook-endpoints/{endpoint_id}"),
        ("delete", "/api/v1/webhook-endpoints/{endpoint_id}"),
        ("post", "/api/v1/webhook-endpoints/{endpoint_id}/rotate-secret"),
        ("get", "/api/v1/webhook-endpoints/{endpoint_id}/deliveries"),
        ("post", "/api/v1/deliveries/{delivery_id}/resend"),
        ("post", "/api/v1/webhook-secret/rotate"),
        ("get", "/api/v1/usage"),
        ("get", "/api/v1/dead-letters"),
        ("post", "/api/v1/dead-letters/{step_id}/retry"),
        ("post", "/api/v1/dead-letters/{step_id}/discard"),
        ("get", "/api/v1/connections"),
        ("post", "/api/v1/connections"),
        ("get", "/api/v1/connections/{connection_id}"),
        ("delete", "/api/v1/connections/{connection_id}"),
        ("post", "/api/v1/connections/{connection_id}/test"),
        ("get", "/api/v1/connections/{connection_id}/issuers"),
        ("post", "/api/v1/connections/{connection_id}/issuer"),
    }


def test_every_call_says_how_to_sign_in_and_what_may_go_wrong(description: dict[str, Any]) -> None:
    for path, methods in description["paths"].items():
        for method, call in methods.items():
            assert call["security"] == [{"ApiKey": []}, {"Session": []}]
            errors = {status: list(r["content"]) for status, r in call["responses"].items() if int(status) >= 400}
            assert {"401", "403", "429", "500", "503"} <= errors.keys(), f"{method} {path}"
            assert set(map(tuple, errors.values())) == {("application/problem+json",)}, f"{method} {path}"
            assert ("404" in errors) == ("{" in path)
            assert ("413" in errors) == ("requestBody" in call), f"{method} {path}: a body may be too large"


def test_answers_are_as_it_says(api: Program, company: Company, description: dict[str, Any]) -> None:
    described(description, MATTERS, "post", api.post(MATTERS, {"question": "How?"}))
    described(description, MATTERS, "post", api.post(MATTERS, {"question": ""}))
    described(description, MATTERS, "post", api.post(MATTERS, b" " * 70_000))
    described(description, MATTERS, "get", api.get(MATTERS))
    described(description, MATTERS, "get", Program().get(MATTERS))
    matter = gathering(company, 3, QuestionStatus.AWAITING_FOUNDER)
    question = matter.questions.all()[0]
    Fact.objects.create(
        matter=matter, question=question, key="a", value="1", unit="USD", as_of="2026-01-01", source="founder"
    )
    here = f"{MATTERS}/{matter.pk}"
    described(description, MATTER, "get", api.get(here))
    described(description, ANSWER, "post", api.post(f"{here}/questions/{question.pk}/answer", {"answer": "Yes"}))
    described(description, ANSWER, "post", api.post(f"{here}/questions/{question.pk}/answer", {"answer": "No"}))
    described(description, f"{MATTER}/regenerate", "post", api.post(f"{here}/regenerate"))
    described(description, f"{MATTER}/retry", "post", api.post(f"{here}/retry"))
    for _ in range(2):
        described(description, f"{MATTER}/cancel", "post", api.post(f"{here}/cancel"))
    described(description, f"{MATTER}/advice", "get", api.get(f"{here}/advice"))


@pytest.mark.parametrize("status", [None, *[s for s in AttemptStatus if s != AttemptStatus.STREAMING]])
def test_an_advice_is_as_it_says(
    api: Program, company: Company, description: dict[str, Any], status: AttemptStatus | None
) -> None:
    attempt = begun(advising(company))
    append(attempt, "Pay [P1].")
    if status:
        Check.objects.create(attempt=attempt, start=0, end=9, verdict="supported", sources=["P1"], reason="it says so")
        ended(attempt, status)
    here = f"{MATTERS}/{attempt.matter_id}"
    described(description, MATTER, "get", api.get(here))
    described(description, f"{MATTER}/advice", "get", api.get(f"{here}/advice"))
    described(description, f"{MATTER}/advice.md", "get", api.get(f"{here}/advice.md"))
    described(description, f"{MATTER}/shares", "post", api.post(f"{here}/shares", {}))
    described(description, f"{MATTER}/shares", "get", api.get(f"{here}/shares"))
    if not status:
        described(description, f"{MATTER}/advice.pdf", "get", api.get(f"{here}/advice.pdf"))


def test_receivers_deliveries_and_batches_are_as_they_say(api: Program, description: dict[str, Any]) -> None:
    endpoints, batches, deliveries = (f"/api/v1/{name}" for name in ("webhook-endpoints", "batches", "deliveries"))
    added = api.post(endpoints, {"url": "https://8.8.8.8/", "events": ["matter.updated"]})
    described(description, endpoints, "post", added)
    described(description, endpoints, "get", api.get(endpoints))
    one, this = f"{endpoints}/{{endpoint_id}}", f"{endpoints}/{json.loads(added.content)['id']}"
    described(description, one, "get", api.get(this))
    described(description, f"{one}/rotate-secret", "post", api.post(f"{this}/rotate-secret"))
    described(description, "/api/v1/webhook-secret/rotate", "post", api.post("/api/v1/webhook-secret/rotate"))
    batch = api.post(batches, {"matters": [{"question": "How?", "custom_id": "a"}, {"question": "When?"}]})
    described(description, batches, "post", batch)
    described(description, batches, "get", api.get(batches))
    here = f"{batches}/{json.loads(batch.content)['id']}"
    described(description, f"{batches}/{{batch_id}}", "get", api.get(here))
    described(description, f"{batches}/{{batch_id}}/cancel", "post", api.post(f"{here}/cancel"))
    sent = api.get(f"{this}/deliveries")
    described(description, f"{one}/deliveries", "get", sent)
    delivery = json.loads(sent.content)["items"][0]
    described(description, f"{MATTER}/deliveries", "get", api.get(f"{MATTERS}/{delivery['matter']}/deliveries"))
    again = api.post(f"{deliveries}/{delivery['id']}/resend")
    described(description, f"{deliveries}/{{delivery_id}}/resend", "post", again)


def test_every_state_of_a_matter_and_a_question_can_be_shown(
    api: Program, company: Company, description: dict[str, Any]
) -> None:
    for status in MatterStatus:
        for waiting_for in (None, *WaitingFor):
            Matter.objects.create(company=company, question="How?", status=status, waiting_for=waiting_for)
    matter = Matter.objects.create(company=company, question="How?", metadata={"a": None, "b": [1, "2"]})
    for n, (state, kind) in enumerate(itertools.product(QuestionStatus, AnswerKind)):
        Question.objects.create(
            matter=matter, position=n, key=f"k{n}", text="?", why="!", status=state, kind=kind, choices=["a"]
        )
    for question, fact_status in zip(matter.questions.all(), FactStatus, strict=False):
        Fact.objects.create(matter=matter, question=question, key=question.key, source="founder", status=fact_status)
    error = {"code": "provider", "message": "The model is away.", "retryable": True}
    Matter.objects.create(company=company, question="How?", status=MatterStatus.FAILED, error=error)
    described(description, MATTERS, "get", api.get(MATTERS, limit=100))


def test_the_contract_names_every_field(description: dict[str, Any]) -> None:
    contract = (ROOT / "docs" / "contract.md").read_text()
    for name, schema in description["components"]["schemas"].items():
        for field in schema.get("properties", {}):
            assert re.search(rf"\b{field}\b", contract), f"docs/contract.md does not tell of {field} of {name}"
        for value in schema.get("enum", ()):
            assert f"`{value}`" in contract, f"docs/contract.md does not tell of {value} of {name}"
