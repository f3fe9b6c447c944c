"""What a person may send: a question, and answers of the kind that was asked for. Errors say what to do."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from matters.facts.settling import Choice
from matters.facts.values import read_number
from matters.history import LONGEST_TITLE
from matters.models import Question
from matters.services import Submission
from matters.states import AnswerKind
from matters.validation import LONGEST_ANSWER, LONGEST_QUESTION, check_length, check_storable

CURRENCIES = ("USD", "EUR", "GBP", "CAD", "AUD", "CHF", "INR", "JPY", "SGD", "ILS")
# What a sign before or behind an amount may stand for, of these.
_DOLLARS = ("USD", "CAD", "AUD", "SGD")
_SIGNS = {"$": _DOLLARS, "€": ("EUR",), "£": ("GBP",), "¥": ("JPY",), "₹": ("INR",), "₪": ("ILS",)}
_MARK = rf"(?:[{''.join(_SIGNS)}]|(?<![A-Z])(?:{'|'.join(CURRENCIES)})(?![A-Z]))"
_MARKS = re.compile(_MARK, re.IGNORECASE)
_MARKS_AROUND = re.compile(rf"^(?:{_MARK}\s?)+|(?:\s?{_MARK})+$", re.IGNORECASE)


def _as_validator(check: Callable[[str], None]) -> Callable[[str], None]:
    def refuse(text: str) -> None:
        try:
            check(text)
        except ValueError as problem:
            raise ValidationError(str(problem)) from None

    return refuse


class PlainTextField(forms.CharField):
    """Text of at most `longest` code points; line ends count once, however the browser sends them."""

    def __init__(self, longest: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators = [_as_validator(check_storable), _as_validator(lambda text: check_length(text, longest))]

    def to_python(self, value: Any) -> str:
        """The text with Unix line ends, without blanks around it."""
        return str(super().to_python(str(value or "").replace("\r\n", "\n").replace("\r", "\n")))


class MatterForm(forms.Form):
    """A new matter: one question."""

    question = PlainTextField(
        LONGEST_QUESTION,
        label="Your question",
        error_messages={"required": "Write your question first: what happened, and what do you want to know?"},
        widget=forms.Textarea(attrs={"rows": 8}),
    )

    def submission(self) -> Submission:
        """What a valid form asks for."""
        return Submission(question=self.cleaned_data["question"])


class TitleForm(forms.Form):
    """What people call a matter; empty: by its question."""

    title = PlainTextField(LONGEST_TITLE, required=False)


class OneLineForm(forms.Form):
    """A form whose page has one line for what is wrong with it."""

    def message(self) -> str:
        """All errors in one line."""
        return " ".join(str(error) for errors in self.errors.values() for error in errors)


class AnswerForm(OneLineForm):
    """An answer to one question, in the input of its kind or in the person's own words; or that they don't know."""

    round = forms.IntegerField(min_value=1, required=False)
    unknown = forms.BooleanField(required=False)
    offered = forms.BooleanField(required=False)
    answer = PlainTextField(LONGEST_ANSWER, required=False)
    currency = forms.ChoiceField(choices=[(code, code) for code in CURRENCIES], required=False)
    words = PlainTextField(LONGEST_ANSWER, required=False)

    def __init__(self, question: Question, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.question = question

    def clean(self) -> dict[str, Any]:
        """Adds `given`: what is to be stored, None for "I don't know" and for what was offered."""
        cleaned: dict[str, Any] = self.cleaned_data
        if not self.errors:
            says_nothing = cleaned["unknown"] or cleaned["offered"]
            cleaned["given"] = None if says_nothing else cleaned["words"] or self._read(cleaned)
        return cleaned

    def _read(self, cleaned: dict[str, Any]) -> str:
        if not cleaned["answer"]:
            raise ValidationError("Give an answer first, or choose “I don't know”.")
        return _READERS[AnswerKind(self.question.kind)](cleaned["answer"], self.question, cleaned["currency"] or "USD")


class SettleForm(OneLineForm):
    """What a person decides where two sources disagree: for one of the values, or for another one."""

    choose = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    value = PlainTextField(LONGEST_ANSWER, required=False)
    unit = PlainTextField(100, required=False)

    def clean(self) -> dict[str, Any]:
        """Adds `choice`."""
        cleaned: dict[str, Any] = self.cleaned_data
        if not self.errors:
            if not cleaned["choose"] and not cleaned["value"]:
                raise ValidationError("Choose one of the values, or give another one.")
            chosen = cleaned["choose"]
            cleaned["choice"] = Choice(chosen) if chosen else Choice(None, cleaned["value"], cleaned["unit"] or None)
        return cleaned


def _text(answer: str, question: Question, currency: str) -> str:
    return answer


def _yes_no(answer: str, question: Question, currency: str) -> str:
    if answer not in ("yes", "no"):
        raise ValidationError("Choose yes or no, or answer in your own words.")
    return answer


def _date(answer: str, question: Question, currency: str) -> str:
    try:
        return date.fromisoformat(answer).isoformat()
    except ValueError:
        raise ValidationError(
            "Give the day as year-month-day, such as 2026-03-31, or answer in your own words."
        ) from None


def _money(answer: str, question: Question, currency: str) -> str:
    """The amount in the chosen currency, per year where that is asked for.

    Where the answer has the sign or code of another currency, only they know which.
    """
    if other := next((m for m in _MARKS.findall(answer) if currency not in _SIGNS.get(m, (m.upper(),))), None):
        raise ValidationError(
            f"The amount is in {other}, and {currency} is chosen. "
            f"Choose the currency of the amount, or leave {other} out."
        )
    amount = _MARKS_AROUND.sub("", answer).strip()
    return f"{_digits(amount)} {currency} {question.period}".rstrip()


def _number(answer: str, question: Question, currency: str) -> str:
    """The number, and behind it whatever words say what is counted: "14.5 days"."""
    number, *unit = answer.split(maxsplit=1)
    if unit and any(c.isdigit() for c in unit[0]):
        number, unit = answer, []
    return " ".join([_digits(number), *unit])


def _digits(answer: str) -> str:
    try:
        return read_number(answer)
    except ValueError as problem:
        raise ValidationError(f"{str(problem).rstrip('.')}, or answer in your own words.") from None


def _choice(answer: str, question: Question, currency: str) -> str:
    if question.choices and answer not in question.choices:
        raise ValidationError("Choose one of the answers offered, or answer in your own words.")
    return answer


_READERS: dict[AnswerKind, Callable[[str, Question, str], str]] = {
    AnswerKind.TEXT: _text,
    AnswerKind.YES_NO: _yes_no,
    AnswerKind.DATE: _date,
    AnswerKind.MONEY: _money,
    AnswerKind.NUMBER: _number,
    AnswerKind.CHOICE: _choice,
}
