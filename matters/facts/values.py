"""Values of facts: whether two are the same, and whether one that a person types is of its kind."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from unicodedata import normalize

from matters.states import AnswerKind
from matters.validation import clean_answer

_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,6})?")
# As a person writes one: the groups all behind the same comma or space, and the first of them no zero.
_WRITTEN = re.compile(
    r"[+-]?(?:(?:[0-9]{1,15}|[1-9][0-9]{0,2}(?P<between>[,\u00a0\u202f ])[0-9]{3}(?:(?P=between)[0-9]{3}){0,3})"
    r"(?:\.[0-9]{1,6})?|\.[0-9]{1,6})"
)
_TWO_NUMBERS = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}")  # 185.000 is 185,000 to half the world
_CURRENCY = re.compile(r"[A-Z]{3}\b")
# Of "months", "USD per year", "USD annually", "USD/yr". Half a year comes before the year that it has in its name.
_SPAN = re.compile(
    r"""\b(?:
      (?P<half_year>(?:semi-?|half-?)(?:annual|year)|half\ a\ year)
    | (?P<half_month>semi-?month|twice\ a\ month)
    | (?P<fortnight>fortnight|bi-?week|every\ (?:two|2|other)\ week)
    | (?P<hour>hour|(?<=/)hr\b)
    | (?P<day>day|daily)
    | (?P<week>week|(?<=/)wk\b)
    | (?P<month>month|(?<=/)mo\b)
    | (?P<quarter>quarter|(?<=/)qtr\b)
    | (?P<year>year|annual|annum|p\.\s?a\b|(?<=/)yr\b)
    )""",
    re.IGNORECASE | re.VERBOSE,
)


def in_words(value: str, unit: str | None) -> str:
    """A value with its unit, as a person would write it into an answer: `185000 USD per year`."""
    return f"{value} {unit}" if unit else value


def same_value(kind: str, one: tuple[str, str | None], other: tuple[str, str | None]) -> bool:
    """Whether two values with their units say the same, as a fact of `kind`.

    Money is its amount and currency, a number its size, either of the same span of time where both units name one; a
    text counts without capitals, blanks and a last full stop, however its accents are composed.
    """
    if kind in (AnswerKind.MONEY, AnswerKind.NUMBER) and len({_span(one[1]), _span(other[1])} - {""}) > 1:
        return False
    return _canonical(kind, *one) == _canonical(kind, *other)


def _span(unit: str | None) -> str:
    """The span of time that a unit names; "" where it names none."""
    found = _SPAN.search(unit or "")
    return (found.lastgroup or "") if found else ""


def _canonical(kind: str, value: str, unit: str | None) -> tuple[object, ...]:
    if kind in (AnswerKind.MONEY, AnswerKind.NUMBER) and _NUMBER.fullmatch(value):
        return Decimal(value), (unit or "")[:3].upper() if kind == AnswerKind.MONEY else ""
    return (" ".join(normalize("NFC", value).split()).rstrip(".").casefold(),)


def read_number(written: str) -> str:
    """The number that a person wrote, in plain digits. Raises ValueError, which says what to write, unless it can be
    read in one way only: commas or spaces between thousands, a point before at most six decimals.
    """
    if _TWO_NUMBERS.fullmatch(written):
        short = written.rstrip("0").rstrip(".")
        decimals = f"{written}0" if short == written else short
        raise ValueError(f"{written} could be two numbers. Give {written.replace('.', ',')} or {decimals}.")
    if not _WRITTEN.fullmatch(written):
        raise ValueError("Give a number in digits, such as 185,000 or 12.5.")
    return f"{Decimal(re.sub('[^0-9.-]', '', written)):f}"


def clean_value(kind: str, value: str, unit: str | None, choices: Sequence[str]) -> tuple[str, str | None]:
    """A typed value and its unit as they are stored. Raises ValueError, which says what to do."""
    value, unit = clean_answer(value), clean_answer(unit) if unit and unit.strip() else None
    if unit and len(unit) > 100:
        raise ValueError("Shorten the unit to 100 characters.")
    if kind in (AnswerKind.MONEY, AnswerKind.NUMBER):
        value = read_number(value)
    if kind == AnswerKind.MONEY and not _CURRENCY.match(unit or ""):
        raise ValueError("Begin the unit with the currency's three-letter code, such as USD per year.")
    if kind == AnswerKind.DATE:
        value = _day(value)
    allowed = ["yes", "no"] if kind == AnswerKind.YES_NO else choices if kind == AnswerKind.CHOICE else []
    if allowed and value not in allowed:
        raise ValueError(f"Give one of: {', '.join(allowed)}.")
    return value, unit


def _day(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError("Give the day as year-month-day, such as 2026-03-31.") from None
