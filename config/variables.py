"""What a variable of the environment may be: how its text is read, and the words for what would be right.

A reader answers the value, or raises ValueError with words that go on after "X must be". `config/env.py` has the table,
`config/addresses.py` the readers of addresses.
"""

import base64
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from cryptography.fernet import Fernet
from environ import ImproperlyConfigured

from config.prices import read_prices

Read = Callable[[str], Any]
ENOUGH = 1_000_000_000  # more of anything is a slip of the pen, and a database or a clock would not take much more
TRUE, FALSE = ("true", "on", "ok", "y", "yes", "1"), ("false", "off", "no", "n", "0")


class Variable(NamedTuple):
    """How it is read, and its value where it is not set, or empty."""

    read: Read
    default: Any
    may_be_empty: bool = True
    """Otherwise an empty one is refused: `make run PORT=$PORT` without a PORT is a slip, not a wish for 8000."""


def whole(least: int = 0, most: int = ENOUGH, words: str = "") -> Read:
    """A whole number; `words` are said of one that is out of range."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise ValueError("a whole number") from None
        if not least <= number <= most:
            raise ValueError(words or f"a whole number from {least} to {most}")
        return number

    return read


def number(*, above: float = -math.inf, least: float = -math.inf) -> Read:
    """A number that is larger than `above` and not smaller than `least`; neither is "nan"."""
    words = f"a number above {above:g}" if above > least else f"a number from {least:g} on"

    def read(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            raise ValueError(words) from None
        if not (above < found and least <= found):
            raise ValueError(words)
        if found > ENOUGH:
            raise ValueError(f"at most {ENOUGH}")
        return found

    return read


def switch(text: str) -> bool:
    """On or off. Anything else is refused: who means on by `enabled` would get off."""
    word = text.strip().lower()
    if word not in TRUE + FALSE:
        raise ValueError("1 or 0 (true or false, yes or no, on or off)")
    return word in TRUE


def folder(text: str) -> str:
    """The path of a folder. A `~` is for shells: here it would be a folder of that name."""
    if text.startswith("~"):
        raise ValueError("the whole path of a folder, without ~")
    return text


def parts(text: str) -> list[str]:
    """What stands between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def prices(text: str) -> str:
    """What tokens cost; `config.prices` reads it, and says what is wrong with it."""
    try:
        read_prices(text)
    except ImproperlyConfigured as error:
        raise ValueError(str(error).removeprefix("LLM_PRICES must be ").removesuffix(".")) from None
    return text


def fernet_keys(text: str) -> list[str]:
    """Keys that seal and open what is stored."""
    found = parts(text)
    try:
        for key in found:
            Fernet(key)
    except ValueError:
        raise ValueError(
            "Fernet keys, separated by commas; make one with "
            "`python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'`"
        ) from None
    return found


def signing_keys(text: str) -> list[str]:
    """Ed25519 keys, as `advice.review.binding` takes them."""
    found = parts(text)
    try:
        fits = all(len(base64.b64decode(key, validate=True)) == 32 for key in found)
    except ValueError:
        fits = False
    if not fits:
        raise ValueError("the base64 of 32 random bytes, several separated by commas (`openssl rand -base64 32`)")
    return found
