"""Rules for what a person or program sends in, shared by forms and API. Messages say what to do."""

import math

QUESTION_LIMIT = 10_000
ANSWER_LIMIT = 10_000
JSON_DEPTH = 32


def clean_question(text: str) -> str:
    """The question without white space around it. Raises ValueError for one that is empty, too long or unstorable."""
    return _clean(text, "question", QUESTION_LIMIT, "Write your question.")


def clean_answer(text: str) -> str:
    """The answer without white space around it. Raises ValueError as `clean_question` does."""
    return _clean(text, "answer", ANSWER_LIMIT, "Write an answer, or say that you don't know.")


def _clean(text: str, name: str, limit: int, if_empty: str) -> str:
    check_storable(text)
    text = text.strip()
    if not text:
        raise ValueError(if_empty)
    if len(text) > limit:
        raise ValueError(f"Shorten the {name} to {limit:,} characters; it has {len(text):,}.")
    return text


def check_storable(text: str) -> None:
    """Raises ValueError for what PostgreSQL can't store: NUL and lone surrogates."""
    if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise ValueError("Remove the characters that are not text (a NUL or half of a character) and send it again.")


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
