"""From a normalised answer to a fact that advice may rest on: pure checks, no model."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from workers.prompts.blocks import one_line
from workers.steps.currencies import CODES
from workers.steps.normalise_answer import (
    LARGEST,
    ChoiceReply,
    DateReply,
    Money,
    MoneyReply,
    NormaliseAnswerInput,
    NormaliseAnswerReply,
    NumberReply,
    TextReply,
    YesNoReply,
)

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FINEST = Decimal("0.000001")
_EARLIEST, _LATEST = date(1900, 1, 1), date(2200, 1, 1)


@dataclass(frozen=True)
class FactValue:
    """`value` is canonical: yes/no, an ISO date, a plain decimal, a choice, or text. `unit` of money is ISO 4217
    first, then what the answer added ("USD per year")."""

    key: str
    value: str
    unit: str | None
    as_of: date | None
    statement: str


@dataclass(frozen=True)
class Unreadable:
    """`reason` is fit to be shown to the founder."""

    reason: str


class _UnusableError(Exception):
    """The value breaks a rule that no schema can state. `str()` is the reason."""


def to_fact(key: str, given: NormaliseAnswerInput, reply: NormaliseAnswerReply) -> FactValue | Unreadable:
    """The fact, or why the answer can't be one. Never raises for a reply that satisfies the request's schema."""
    value = getattr(reply, "value", None)
    if not reply.readable or value is None:
        return Unreadable(one_line(reply.problem or "") or "The answer could not be read as the kind that is needed.")
    try:
        canonical, unit = _READERS[type(reply)](value, reply.unit, given)
    except _UnusableError as problem:
        return Unreadable(str(problem))
    statement = one_line(reply.statement) or f"{one_line(given.question)} {canonical} {unit or ''}".strip()
    return FactValue(key, canonical, unit, real_date(reply.as_of or ""), statement)


Read = tuple[str, str | None]


def _text(value: str, unit: str | None, given: NormaliseAnswerInput) -> Read:
    if not (text := one_line(value)):
        raise _UnusableError("The answer holds no words.")
    return text, _unit(unit)


def _yes_no(value: str, unit: str | None, given: NormaliseAnswerInput) -> Read:
    return value, None


def _date(value: str, unit: str | None, given: NormaliseAnswerInput) -> Read:
    if (day := real_date(value)) is None:
        raise _UnusableError("There is no such date on the calendar. Please give day, month and year.")
    return day.isoformat(), None


def _money(value: Money, unit: str | None, given: NormaliseAnswerInput) -> Read:
    currency = value.currency.strip().upper()
    if currency not in CODES:
        raise _UnusableError("The currency is not clear. Please give it as its three-letter code, such as USD.")
    return _plain(value.amount), _money_unit(currency, _unit(unit))


def _number(value: float, unit: str | None, given: NormaliseAnswerInput) -> Read:
    return _plain(value), _unit(unit)


def _choice(value: str, unit: str | None, given: NormaliseAnswerInput) -> Read:
    if value not in given.choices:
        raise _UnusableError(f"Please choose one of: {', '.join(given.choices)}.")
    return value, None


_READERS: dict[type[NormaliseAnswerReply], Callable[..., Read]] = {
    TextReply: _text,
    YesNoReply: _yes_no,
    DateReply: _date,
    MoneyReply: _money,
    NumberReply: _number,
    ChoiceReply: _choice,
}


def _unit(unit: str | None) -> str | None:
    return one_line(unit or "") or None


def _money_unit(currency: str, unit: str | None) -> str:
    if unit is None:
        return currency
    rest = re.sub(rf"\b{currency}\b|\$|\bdollars?\b", "", unit, flags=re.IGNORECASE)
    return one_line(f"{currency} {rest}")


def _plain(number: float) -> str:
    """The number in decimal digits: no exponent, at most six decimals, no trailing zeros."""
    exact = Decimal(repr(number))
    if not exact.is_finite() or abs(exact) > LARGEST:
        raise _UnusableError("The number is too large to be right.")
    rounded = exact.quantize(_FINEST, rounding=ROUND_HALF_EVEN)
    if exact and not rounded:
        raise _UnusableError("The number is too small to be right.")
    plain = f"{rounded:f}".rstrip("0").rstrip(".")
    return plain if rounded else "0"


def real_date(text: str) -> date | None:
    if not _ISO_DATE.fullmatch(text.strip()):
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return day if _EARLIEST <= day <= _LATEST else None
