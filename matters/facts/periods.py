"""The span of time of which a question asks for an amount: of an annual salary, per year."""

import re

_ASKED = {
    period: re.compile(rf"(?<![\w-])(?:{adverb}|(?:per|each|every) {noun})\b", re.IGNORECASE)
    for period, adverb, noun in (
        ("per hour", "hourly", "hour"),
        ("per day", "daily", "day"),
        ("per week", "weekly", "week"),
        ("per month", "monthly", "month"),
        ("per quarter", "quarterly", "quarter"),
        ("per year", "annual(?:ly|i[sz]ed)?|yearly|per annum", "year"),
    )
}


def period_of(question: str) -> str:
    """Such as "per year", from the words of a question; empty where they name no span of time, or several."""
    found = [period for period, asked in _ASKED.items() if asked.search(question)]
    return found[0] if len(found) == 1 else ""
