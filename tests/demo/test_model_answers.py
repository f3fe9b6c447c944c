"""How the demo model reads people's answers, kind by kind."""

from typing import Any

import pytest

from demo.model.answers import normalise_answer
from tests.workers.steps import samples
from workers.steps.normalise_answer import build_request

CHOICES = ("employee", "contractor", "independent contractor", "removed for cause", "removed without cause")


def _reply(kind: str, answer: str) -> dict[str, Any]:
    request = build_request(samples.answered(kind, answer, CHOICES if kind == "choice" else ()))
    return normalise_answer(request.messages[1]["content"])


@pytest.mark.parametrize(
    ("kind", "answer", "value"),
    [
        ("yes_no", "Yes", "yes"),
        ("yes_no", "yep, since March", "yes"),
        ("yes_no", "Correct.", "yes"),
        ("yes_no", "She is.", "yes"),
        ("yes_no", "no", "no"),
        ("yes_no", "Nope", "no"),
        ("yes_no", "We have never done that", "no"),
        ("yes_no", "She isn't", "no"),
        ("date", "2025-11-03", "2025-11-03"),
        ("date", "Nov 3 2025", "2025-11-03"),
        ("date", "November 3rd, 2025", "2025-11-03"),
        ("date", "on 3 November 2025, a Monday", "2025-11-03"),
        ("date", "the 3rd of Nov. 2025", "2025-11-03"),
        ("date", "11/03/2025", "2025-11-03"),
        ("date", "13/11/2025", "2025-11-13"),
        ("date", "3.11.2025", "2025-11-03"),
        ("date", "Sept 9 2025", "2025-09-09"),
        ("date", "today", "2026-11-21"),
        ("date", "yesterday", "2026-11-20"),
        ("date", "last Friday", "2026-11-20"),
        ("date", "next Monday", "2026-11-23"),
        ("date", "3 Nov 2025, that is 2025-11-03", "2025-11-03"),
        ("money", "$180k", {"amount": 180000, "currency": "USD"}),
        ("money", "185,000 USD", {"amount": 185000, "currency": "USD"}),
        ("money", "about 1.2 million dollars", {"amount": 1200000, "currency": "USD"}),
        ("money", "€50.000 a year", {"amount": 50000, "currency": "EUR"}),
        ("money", "€0.250", {"amount": 0.25, "currency": "EUR"}),
        ("money", "GBP 99.50", {"amount": 99.5, "currency": "GBP"}),
        ("money", "-$2,500.75", {"amount": -2500.75, "currency": "USD"}),
        ("money", "185000", {"amount": 185000, "currency": "USD"}),
        ("money", "$185k as of Jan 1 2026", {"amount": 185000, "currency": "USD"}),
        ("number", "12 people", 12),
        ("number", "twelve", 12),
        ("number", "twenty-five", 25),
        ("number", "eleven and a half days", 11.5),
        ("number", "We are 1,250 in total", 1250),
        ("number", "33.3%", 33.3),
        ("number", "none", 0),
        ("choice", "Employee", "employee"),
        ("choice", "she is an independent contractor", "independent contractor"),
        ("choice", "removed without cause.", "removed without cause"),
        ("text", " She was late.\nTwice. ", "She was late. Twice."),
        ("text", "Not on any vesting schedule", "Not on any vesting schedule"),
    ],
)
def test_an_answer_is_read_as_its_kind(kind: str, answer: str, value: object) -> None:
    reply = _reply(kind, answer)
    assert (reply["value"], reply["readable"], reply["problem"]) == (value, True, None)


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("yes_no", "It depends on the agreement that they may have signed back then"),
        ("yes_no", "yes and no"),
        ("yes_no", "maybe"),
        ("yes_no", "I don't know"),
        ("date", "November 3"),
        ("date", "in November 2025"),
        ("date", "Feb 30 2025"),
        ("date", "Nov 3 2025 or Nov 4 2025"),
        ("date", "soon"),
        ("money", "a lot"),
        ("money", "$180k base and $20k bonus"),
        ("number", "10 or 12"),
        ("number", "a few"),
        ("number", "1.234,567"),
        ("number", "0,500"),
        ("money", "€1.000,000"),
        ("choice", "both"),
        ("choice", "not an employee"),
        ("choice", "employee, or maybe removed for cause"),
        ("text", "no idea"),
        ("text", "???"),
        ("text", ""),
    ],
)
def test_an_answer_that_gives_no_value_is_unreadable_and_says_why(kind: str, answer: str) -> None:
    reply = _reply(kind, answer)
    assert (reply["readable"], reply["value"]) == (False, None), f"{answer!r} was read as {reply['value']!r}"
    assert reply["problem"]


@pytest.mark.parametrize(
    ("kind", "answer", "unit"),
    [
        ("money", "$15k/month", "USD per month"),
        ("money", "185,000 USD annually", "USD per year"),
        ("money", "$1", "USD"),
        ("number", "12 employees", "employees"),
        ("number", "20%", "%"),
        ("number", "12", None),
    ],
)
def test_the_unit_is_what_the_answer_says(kind: str, answer: str, unit: str | None) -> None:
    assert _reply(kind, answer)["unit"] == unit


def test_an_assumed_currency_is_said_to_be_assumed() -> None:
    assert "assumed" in _reply("money", "185000")["statement"]
    assert "assumed" not in _reply("money", "$185000")["statement"]
