"""Nothing is planned but what is on the list of operations, and of that only what the operation takes."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests.workers.steps import samples
from workers.steps.base import ReplyInvalid, parse_reply
from workers.steps.operations import SPECS, Component, Operation, operations_of
from workers.steps.request_record import NoPlan, Plan, RequestRecordReply, build_request, to_plan

CARTA, RIPPLING = samples.planned("carta"), samples.planned("rippling", "What is the salary?", "money")


def reply(**fields: Any) -> RequestRecordReply:
    given = {"reason": "Carta keeps it.", "component": None, "on": None, "on_answer_to": None} | fields
    return RequestRecordReply.model_validate(given)


def test_a_plan_has_what_its_operation_takes_and_nothing_else() -> None:
    planned = to_plan(RIPPLING, reply(operation="compensation", component="annual_salary", on="2026-11-30"))
    assert planned == Plan(
        operation=Operation.COMPENSATION, component=Component.ANNUAL_SALARY, reason="Carta keeps it."
    )


def test_the_day_is_that_of_the_question_which_asks_for_it() -> None:
    planned = to_plan(CARTA, reply(operation="vested_on", on="2026-11-30", on_answer_to="planned_date"))
    assert isinstance(planned, Plan)
    assert (planned.on, planned.on_answer_to) == (None, "planned_date")


def test_a_day_in_the_founders_words_is_a_day() -> None:
    planned = to_plan(CARTA, reply(operation="vested_on", on="2026-11-30"))
    assert isinstance(planned, Plan)
    assert (planned.on, planned.on_answer_to) == (date(2026, 11, 30), None)


@pytest.mark.parametrize(
    "fields",
    [
        {"operation": "annual_salary"},  # of a parameter, and no operation
        {"operation": "delete_worker"},
        {"operation": "vested_on", "url": "https://evil.example"},
        {"operation": "vested_on", "host": "evil.example"},
        {"operation": "vested_on", "method": "DELETE"},
        {"operation": "../workers"},
        {"operation": "compensation", "component": "ssn"},
    ],
)
def test_an_unknown_operation_field_host_or_method_is_no_reply_at_all(fields: dict[str, Any]) -> None:
    body = {"reason": "r", "component": None, "on": None, "on_answer_to": None} | fields
    with pytest.raises(ReplyInvalid):
        parse_reply(build_request(CARTA), json.dumps(body))


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        (CARTA, {"operation": "headcount"}),  # of the other provider
        (RIPPLING, {"operation": "compensation"}),  # without what it takes
        (CARTA, {"operation": "vested_on", "on": "2026-02-30"}),
        (CARTA, {"operation": "vested_on", "on": "tomorrow"}),
        (CARTA, {"operation": "vested_on", "on_answer_to": "birth_date"}),  # nobody asks for that
    ],
)
def test_what_breaks_the_rules_of_an_operation_is_rejected(given: Any, fields: dict[str, Any]) -> None:
    planned = to_plan(given, reply(**fields))
    assert isinstance(planned, NoPlan)
    assert planned.rejected
    assert "is not one that is allowed, so nothing was sent." in planned.reason


def test_no_record_is_no_rejection() -> None:
    planned = to_plan(RIPPLING, reply(operation="none", reason="Sums paid over time are in no record."))
    assert planned == NoPlan(
        "Rippling keeps no record that answers this: Sums paid over time are in no record.", rejected=False
    )


def test_an_operation_of_another_kind_than_the_question_needs_asks_nobody() -> None:
    planned = to_plan(CARTA, reply(operation="next_vesting_date"))
    assert planned == NoPlan("What Carta has on this is not the number that is needed.", rejected=False)


@pytest.mark.parametrize("provider", ["rippling", "carta"])
def test_the_schema_lists_the_providers_own_operations_and_the_dates_that_are_asked_for(provider: str) -> None:
    given = samples.planned(provider)
    schema = build_request(given).schema["properties"]
    assert schema["operation"]["enum"] == [*operations_of(provider), "none"]
    assert schema["on_answer_to"] == {"anyOf": [{"type": "string", "enum": ["planned_date"]}, {"type": "null"}]}
    assert build_request(replace(given, dates={})).schema["properties"]["on_answer_to"] == {"type": "null"}


def test_the_prompt_holds_the_founders_words_and_the_playbooks_and_every_operation() -> None:
    content = build_request(CARTA).messages[1]["content"]
    assert samples.QUESTION in content
    assert CARTA.text in content
    assert all(f"- `{operation}`: {SPECS[operation].about}" in content for operation in operations_of("carta"))
