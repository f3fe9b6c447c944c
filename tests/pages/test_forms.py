"""What can be sent, and what the errors say."""

from typing import Any

import pytest

from matters.forms import AnswerForm, MatterForm
from matters.models import Question


def error_of(question: str) -> str:
    form = MatterForm({"question": question})
    assert not form.is_valid()
    return str(form.errors["question"][0])


@pytest.mark.parametrize("empty", ["", "   ", "\n\r\n\t", "\u00a0"])
def test_an_empty_question_is_asked_for(empty: str) -> None:
    assert error_of(empty).startswith("Write your question first")


def test_a_question_of_10_000_characters_is_taken_whatever_they_are() -> None:
    form = MatterForm({"question": "𝕊" * 10_000})
    assert form.is_valid()
    assert form.submission().question == "𝕊" * 10_000


def test_a_longer_one_is_told_by_how_much() -> None:
    assert error_of("a" * 10_412) == "This has 10,412 characters; the limit is 10,000. Shorten it by 412."


def test_line_ends_count_once_however_a_browser_sends_them() -> None:
    form = MatterForm({"question": "a\r\n" * 4_999 + "a"})
    assert form.is_valid(), "9,999 characters, as the person sees them"
    assert "\r" not in form.submission().question


@pytest.mark.parametrize(
    ("text", "words"), [("ab\x00c", "Character 3 is a NUL"), ("ab\ud800c", "Character 3 is incomplete")]
)
def test_what_can_not_be_stored_is_refused_by_its_place(text: str, words: str) -> None:
    assert error_of(text).startswith(words)


@pytest.mark.parametrize(
    ("question", "given"),
    [
        ("What is the executive's annual base salary?", "300000 USD per year"),
        ("How much rent is paid per month?", "300000 USD per month"),
        ("What is the Hourly rate?", "300000 USD per hour"),
        ("What was paid in total this year?", "300000 USD"),
        ("What is the semi-annual bonus?", "300000 USD"),
        ("What is the annual salary, in monthly instalments?", "300000 USD"),
    ],
)
def test_an_amount_is_kept_with_the_period_that_the_question_asks_for(question: str, given: str) -> None:
    form = AnswerForm(Question(kind="money", text=question), {"round": "1", "answer": "300,000"})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["given"] == given


def test_a_number_is_kept_as_it_is_counted_whatever_span_of_time_the_question_names() -> None:
    form = AnswerForm(Question(kind="number", text="How many days of leave per year?"), {"round": "1", "answer": "20"})
    assert form.is_valid()
    assert form.cleaned_data["given"] == "20"


def answered(kind: str, choices: list[str] | None = None, **data: Any) -> AnswerForm:
    return AnswerForm(Question(kind=kind, choices=choices or []), {"round": "1", **data})


@pytest.mark.parametrize(
    ("kind", "data", "given"),
    [
        ("text", {"answer": " She leads it. "}, "She leads it."),
        ("yes_no", {"answer": "no"}, "no"),
        ("date", {"answer": "2026-03-31"}, "2026-03-31"),
        ("money", {"answer": "$185,000", "currency": "USD"}, "185000 USD"),
        ("money", {"answer": "1 250.50", "currency": "EUR"}, "1250.50 EUR"),
        ("money", {"answer": "$185,000"}, "185000 USD"),
        ("money", {"answer": "$ 185,000", "currency": "CAD"}, "185000 CAD"),
        ("money", {"answer": "$185,000", "currency": "AUD"}, "185000 AUD"),
        ("money", {"answer": "$185,000", "currency": "SGD"}, "185000 SGD"),
        ("money", {"answer": "€185,000", "currency": "EUR"}, "185000 EUR"),
        ("money", {"answer": "185,000 €", "currency": "EUR"}, "185000 EUR"),
        ("money", {"answer": "£185,000", "currency": "GBP"}, "185000 GBP"),
        ("money", {"answer": "¥185,000", "currency": "JPY"}, "185000 JPY"),
        ("money", {"answer": "chf 185,000", "currency": "CHF"}, "185000 CHF"),
        ("money", {"answer": "$185,000 USD", "currency": "USD"}, "185000 USD"),
        ("money", {"answer": "USD185,000", "currency": "USD"}, "185000 USD"),
        ("number", {"answer": "12.5"}, "12.5"),
        ("number", {"answer": "1,000,000"}, "1000000"),
        ("number", {"answer": "1 000 000"}, "1000000"),
        ("number", {"answer": "14.5 days"}, "14.5 days"),
        ("choice", {"answer": "b", "choices": ["a", "b"]}, "b"),
        ("date", {"answer": "", "words": "in early spring"}, "in early spring"),
        ("date", {"unknown": "1"}, None),
        ("yes_no", {"unknown": "1", "answer": "yes"}, None),
    ],
)
def test_an_answer_is_taken_in_the_words_of_its_kind(kind: str, data: dict[str, Any], given: str | None) -> None:
    form = answered(kind, **data)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["given"] == given


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("text", {"answer": "  "}, "Give an answer first"),
        ("text", {"answer": "\x00"}, "NUL"),
        ("text", {"answer": "a" * 10_001}, "Shorten it by 1"),
        ("yes_no", {"answer": "perhaps"}, "Choose yes or no"),
        ("date", {"answer": "31.3.2026"}, "year-month-day"),
        ("date", {"answer": "2026-02-30"}, "year-month-day"),
        ("money", {"answer": "a lot"}, "Give a number in digits"),
        ("money", {"answer": "1", "currency": "XXX"}, "XXX"),
        ("money", {"answer": "€185,000", "currency": "USD"}, "The amount is in €, and USD is chosen. Choose"),
        ("money", {"answer": "€185,000"}, "or leave € out"),  # the first of the list is chosen
        ("money", {"answer": "£185,000", "currency": "USD"}, "The amount is in £, and USD is chosen"),
        ("money", {"answer": "$185,000", "currency": "EUR"}, "The amount is in $, and EUR is chosen"),
        ("money", {"answer": "185,000 EUR", "currency": "USD"}, "The amount is in EUR, and USD is chosen"),
        ("money", {"answer": "$185,000 CAD", "currency": "USD"}, "The amount is in CAD, and USD is chosen"),
        ("money", {"answer": "eur185,000", "currency": "USD"}, "The amount is in eur, and USD is chosen"),
        ("money", {"answer": "1$000", "currency": "USD"}, "Give a number in digits"),
        ("money", {"answer": "1" + " " * 9_990 + "$ x", "currency": "USD"}, "Give a number in digits"),
        ("money", {"answer": "$", "currency": "USD"}, "Give a number in digits"),
        ("money", {"answer": "185,000 SEK", "currency": "USD"}, "Give a number in digits"),
        ("number", {"answer": "3 or 4 people"}, "Give a number in digits"),
        ("number", {"answer": "1e999999999"}, "Give a number in digits"),
        ("number", {"answer": "1.234,567"}, "Give a number in digits"),
        ("number", {"answer": "0,500 days"}, "Give a number in digits"),
        ("money", {"answer": "€1.000,000", "currency": "EUR"}, "Give a number in digits"),
        ("money", {"answer": "185.000", "currency": "EUR"}, "Give 185,000 or 185, or answer in your own words."),
        ("number", {"answer": "١٢"}, "Give a number in digits"),
        ("choice", {"answer": "c", "choices": ["a", "b"]}, "Choose one of the answers"),
        ("date", {"words": "\ud800"}, "is incomplete"),
    ],
)
def test_an_answer_that_can_not_be_taken_is_told_what_to_do(kind: str, data: dict[str, Any], words: str) -> None:
    form = answered(kind, **data)
    assert not form.is_valid()
    assert words in form.message()
