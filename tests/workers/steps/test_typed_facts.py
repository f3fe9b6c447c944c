"""From a normalised answer to a fact: what is accepted for each kind, and what goes back to the founder."""

import json
from datetime import date
from typing import Any

import pytest

from tests.workers.steps import samples
from workers.steps.base import ReplyInvalid, parse_reply
from workers.steps.normalise_answer import build_request
from workers.steps.typed_facts import FactValue, Unreadable, to_fact

CHOICES = ("employee", "contractor")


def _fact(kind: str, value: Any, choices: tuple[str, ...] = (), **changes: Any) -> FactValue | Unreadable:
    given = samples.answered(kind, "words", choices)
    reply = {"problem": None, "readable": True, "unit": None, "as_of": None, "statement": "It is so.", "value": value}
    return to_fact("key", given, parse_reply(build_request(given), json.dumps(reply | changes)))


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("text", "  At\nwill. ", "At will."),
        ("yes_no", "no", "no"),
        ("date", "2024-02-29", "2024-02-29"),
        ("number", 12, "12"),
        ("number", 33.333333333333336, "33.333333"),
        ("number", -0.0, "0"),
        ("number", 1e12, "1000000000000"),
        ("number", 1200.50, "1200.5"),
        ("choice", "contractor", "contractor"),
    ],
)
def test_a_value_is_stored_in_one_canonical_form(kind: str, value: Any, stored: str) -> None:
    fact = _fact(kind, value, CHOICES if kind == "choice" else ())
    assert isinstance(fact, FactValue)
    assert (fact.value, fact.statement) == (stored, "It is so.")


@pytest.mark.parametrize(
    ("unit", "stored"),
    [
        (None, "USD"),
        ("USD per year", "USD per year"),
        ("dollars per year", "USD per year"),
        ("per month", "USD per month"),
    ],
)
def test_the_unit_of_money_begins_with_its_currency(unit: str | None, stored: str) -> None:
    fact = _fact("money", {"amount": 185000, "currency": "USD"}, unit=unit)
    assert isinstance(fact, FactValue)
    assert (fact.value, fact.unit) == ("185000", stored)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("date", "2025-02-29"),
        ("date", "2025-13-01"),
        ("date", "20250101"),
        ("date", "2025-W01-1"),
        ("date", "0001-01-01"),
        ("date", "tomorrow"),
        ("number", 5e-324),
        ("text", "  \t"),
        ("money", {"amount": 1, "currency": "XXX"}),
        ("text", None),
        ("yes_no", None),
        ("date", None),
        ("money", None),
        ("number", None),
    ],
)
def test_what_no_schema_can_rule_out_is_unreadable_with_a_reason(kind: str, value: Any) -> None:
    fact = _fact(kind, value)
    assert isinstance(fact, Unreadable), f"{value!r} was taken as a {kind}"
    assert fact.reason


def test_an_unreadable_answer_carries_the_models_problem_even_with_a_value() -> None:
    fact = _fact("yes_no", "yes", readable=False, problem="Which of the two agreements?")
    assert fact == Unreadable("Which of the two agreements?")


def test_a_blank_problem_still_gives_a_reason() -> None:
    fact = _fact("yes_no", None, problem=" ")
    assert isinstance(fact, Unreadable)
    assert fact.reason.strip()


def test_a_choice_is_one_of_the_questions_choices() -> None:
    assert isinstance(_fact("choice", "employee", CHOICES), FactValue)
    assert _fact("choice", "founder", CHOICES) == Unreadable("Please choose one of: employee, contractor.")


def test_the_schema_of_a_choice_lists_the_choices_once_each() -> None:
    schema = build_request(samples.answered("choice", "a", ("b", "a", "b"))).schema
    assert schema["properties"]["value"]["anyOf"][0]["enum"] == ["b", "a"]


def test_a_choice_without_choices_is_read_as_text() -> None:
    assert _fact("choice", "anything", ("only one",)) == FactValue("key", "anything", None, None, "It is so.")


@pytest.mark.parametrize(("as_of", "stored"), [("2025-11-03", date(2025, 11, 3)), ("2025-11-31", None), (None, None)])
def test_an_as_of_date_that_does_not_exist_is_dropped(as_of: str | None, stored: date | None) -> None:
    fact = _fact("number", 1, as_of=as_of)
    assert isinstance(fact, FactValue)
    assert fact.as_of == stored


def test_a_blank_statement_is_made_from_question_and_value() -> None:
    fact = _fact("number", 12, statement=" ", unit="people")
    assert isinstance(fact, FactValue)
    assert fact.statement == "What is it? 12 people"


def test_a_number_beyond_a_trillion_breaks_the_schema() -> None:
    with pytest.raises(ReplyInvalid):
        _fact("number", 10**12 + 1)
