"""Rules for what a person or program sends in, shared by forms and API. Messages say what to do."""

import math
import re

LONGEST_QUESTION = 10_000  # characters (code points)
LONGEST_ANSWER = 10_000
JSON_DEPTH = 32
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean_question(text: str) -> str:
    """The question without white space around it. Raises ValueError for one that is empty, too long or unstorable."""
    return _clean(text, LONGEST_QUESTION, "Write your question.")


def clean_answer(text: str) -> str:
    """The answer without white space around it. Raises ValueError as `clean_question` does."""
    return _clean(text, LONGEST_ANSWER, "Write an answer, or say that you don't know.")


def _clean(text: str, longest: int, if_empty: str) -> str:
    check_storable(text)
    text = text.strip()
    if not text:
        raise ValueError(if_empty)
    check_length(text, longest)
    return text


def check_length(text: str, longest: int) -> None:
    """Raises ValueError for more than `longest` code points."""
    if (more := len(text) - longest) > 0:
        raise ValueError(f"This has {len(text):,} characters; the limit is {longest:,}. Shorten it by {more:,}.")


def check_storable(text: str) -> None:
    """Raises ValueError for what PostgreSQL can't store: NUL, and halves of a character (lone surrogates)."""
    if not (found := _UNSTORABLE.search(text)):
        return
    at = found.start() + 1
    if found[0] == "\x00":
        raise ValueError(f"Character {at} is a NUL, which can't be stored. Remove it: pasting it as plain text helps.")
    raise ValueError(f"Character {at} is incomplete and can't be stored. Type it again, or remove it.")


def storable(text: str) -> str:
    """The text as it is. Raises ValueError as `check_storable` does."""
    check_storable(text)
    return text


def check_json_storable(value: object) -> None:
    """The same for every string, keys included, of a JSON value; its numbers must be finite, its depth bounded."""
    stack = [(value, 0)]
    while stack:
        item, depth = stack.pop()
        if isinstance(item, str):
            check_storable(item)
        elif isinstance(item, float) and not math.isfinite(item):
            raise ValueError("A number is too large.")
        elif isinstance(item, dict | list):
            if depth == JSON_DEPTH:
                raise ValueError(f"Nest it at most {JSON_DEPTH} levels deep.")
            inner = [*item.keys(), *item.values()] if isinstance(item, dict) else item
            stack += [(part, depth + 1) for part in inner]
