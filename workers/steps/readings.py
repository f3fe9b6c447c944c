"""What converting a record begins with and comes to: a reading of it, a typed fact, or a question for the founder."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from workers.steps.base import Kind
from workers.steps.calendar_time import day_words
from workers.steps.found_records import Found
from workers.steps.operations import SPECS
from workers.steps.request_record import Plan

Why = Literal["redacted", "unreadable", "missing", "ambiguous", "unset"]


@dataclass(frozen=True)
class ConvertInput:
    """`person`: whom it is about, as a reader calls them. `day`: the one that the plan asks for, else today.

    `day_is_assumed`: nobody knows the day that the plan wanted, so it is today.
    """

    plan: Plan
    kind: Kind
    choices: tuple[str, ...]
    person: str
    today: date
    day: date
    day_is_assumed: bool = False

    @property
    def provider(self) -> str:
        return SPECS[self.plan.operation].provider.capitalize()

    @property
    def day_words(self) -> str:
        """`31 December 2026`; of an assumed day, that it is one."""
        return day_words(self.day) + (" (today: the day that counts is not known)" if self.day_is_assumed else "")


@dataclass(frozen=True)
class Converted:
    """A fact. `value` is canonical for the question's kind; `statement` says what was read or computed. `also`: other
    words for a text. Not `is_of_today`: it was computed for another day, `as_of`, from the records of today."""

    value: str
    unit: str | None
    as_of: date
    record_id: str
    statement: str
    also: tuple[str, ...] = ()
    is_of_today: bool = True


@dataclass(frozen=True)
class AskFounder:
    """No fact. `reason` and `known` are fit to be shown to the founder; `known` may be empty."""

    why: Why
    reason: str
    known: str = ""


class CannotTell(Exception):
    """The record does not give the fact."""

    def __init__(self, why: Why, reason: str, known: str = "") -> None:
        super().__init__(reason)
        self.asks = AskFounder(why, reason, known)


@dataclass(frozen=True)
class Reading:
    """What a converter read: the value by the kinds of question that it can answer. `also`: other words for it."""

    values: Mapping[str, str]
    record_id: str
    statement: str
    unit: str | None = None
    as_of: date | None = None
    also: tuple[str, ...] = ()


def told(given: ConvertInput, found: Found, field: str, what: str, known: str = "") -> Any:
    """The value of `field`. Raises CannotTell where it is held back, unreadable, new to us or not there."""
    value = getattr(found, field)
    if value is not None:
        return value
    must_be_readable(given, found, field, what, known)
    raise CannotTell("missing", f"{given.provider} has no record of {what}.", known)


def must_be_readable(given: ConvertInput, found: Found, field: str, what: str, known: str = "") -> None:
    """Raises CannotTell where the value of `field` is held back, unreadable or new to us."""
    if why := found.withheld.get(field):
        raise CannotTell("redacted", f"{given.provider} holds back {what} ({why}), so we are asking you.", known)
    if field in found.unreadable:
        raise CannotTell("unreadable", f"What {given.provider} has as {what} could not be read.", known)
    if word := found.new.get(field):
        reason = f"What {given.provider} has as {what} is new to us, so you are asked."
        raise CannotTell("unreadable", reason, f"{given.provider} has “{word}”. {known}".rstrip())


def digits(number: Decimal) -> str:
    """The number in decimal digits: no exponent, no trailing zeros."""
    text = f"{number:f}" if number else "0"
    return text.rstrip("0").rstrip(".") if "." in text else text


def grouped(number: Decimal) -> str:
    """As `digits`, in groups of three."""
    whole, point, rest = digits(number).partition(".")
    return f"{int(whole):,}{point}{rest}"
