"""Single values of an answer: read strictly, or not at all.

Each type takes the value bare or wrapped (`{"value": …}`, as Carta writes). Its reader raises ValueError for what it
cannot read; `Record` then leaves the field out and says so.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator

LONGEST_TEXT = 2_000
_LARGEST_EXPONENT = 30  # beyond it a number is no count, price or percentage, and costs much to write out
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_CURRENCY = re.compile("[A-Z]{3}")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


@dataclass(frozen=True)
class Money:
    """`currency`: ISO 4217."""

    amount: Decimal
    currency: str


@dataclass(frozen=True)
class Choice:
    """A word of a fixed vocabulary, without the prefix of some spellings; as it came where it is not `known`."""

    word: str
    known: bool = True

    def __str__(self) -> str:
        return self.word


def unwrapped(value: Any) -> Any:
    """The `value` of a wrapped scalar; anything else as it is."""
    return value["value"] if isinstance(value, Mapping) and set(value) == {"value"} else value


def read_text(value: Any) -> str | None:
    """Text that a database can store; None for empty text, and an integer as its digits."""
    value = unwrapped(value)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise ValueError("no text")
    return _UNSTORABLE.sub("\ufffd", value).strip() or None


def read_decimal(value: Any) -> Decimal | None:
    """An exact number; scientific notation is legal, NaN, infinity and a million digits are not."""
    value = unwrapped(value)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError("no number")
    text = str(value).strip()
    if len(text) > 100 or not _NUMBER.fullmatch(text):
        raise ValueError("no number")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("no number") from None
    if number and abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise ValueError("no number of this world")
    return number


def read_date(value: Any) -> date | None:
    """A calendar date; of a time only its date, as it was written (Carta's times are UTC)."""
    value = unwrapped(value)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError("no date")
    return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value).date()


def read_money(value: Any) -> Money | None:
    """Both spellings: `{currency_type, value}` (Rippling) and `{currencyCode, amount}` (Carta)."""
    if value is None or isinstance(value, Money):
        return value
    if not isinstance(value, Mapping):
        raise ValueError("no amount of money")
    currency = read_text(_first(value, "currency_type", "currencyCode", "currency_code"))
    amount = read_decimal(_first(value, "amount", "value"))
    if amount is None or not _CURRENCY.fullmatch(currency or ""):
        raise ValueError("no amount of money")
    return Money(amount, currency or "")


def _first(value: Mapping[str, Any], *names: str) -> Any:
    return next((value[name] for name in names if value.get(name) is not None), None)


def one_of(*words: str, prefixes: tuple[str, ...] = ()) -> Callable[[Any], Choice | None]:
    """A reader of one of these words, which may stand behind one of the prefixes (`STOCK_OPTION_TYPE_ISO`)."""

    def read(value: Any) -> Choice | None:
        if isinstance(value, Choice):
            return value
        text = read_text(value)
        prefix = next((prefix for prefix in prefixes if text and text.upper().startswith(prefix)), "")
        word = text[len(prefix) :].upper() if text else "UNSPECIFIED"
        if word == "UNSPECIFIED":
            return None
        return Choice(word) if word in words else Choice(text or "", known=False)

    return read


Text = Annotated[str | None, BeforeValidator(read_text)]
Identifier = Annotated[str, BeforeValidator(read_text)]
Number = Annotated[Decimal | None, BeforeValidator(read_decimal)]
Day = Annotated[date | None, BeforeValidator(read_date)]
Amount = Annotated[Money | None, BeforeValidator(read_money)]
