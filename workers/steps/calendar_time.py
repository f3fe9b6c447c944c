"""Time as employment law counts it: in whole months and years from a day."""

import calendar
from datetime import date


def whole_months(start: date, day: date) -> int:
    """Months from `start` that are over on `day`; negative where it comes before.

    Whoever begins on the 31st completes a short month on its last day.
    """
    last = calendar.monthrange(day.year, day.month)[1]
    incomplete = day.day < min(start.day, last)
    return (day.year - start.year) * 12 + day.month - start.month - incomplete


def duration_words(months: int) -> str:
    """`2 years and 8 months`."""
    years, rest = divmod(months, 12)
    parts = [_counted(years, "year"), _counted(rest, "month")]
    return " and ".join(part for part in parts if part) or "less than a month"


def day_words(day: date) -> str:
    """`3 November 2025`."""
    return f"{day.day} {day:%B %Y}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}" if count else ""
