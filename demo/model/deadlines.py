"""The timeline of the advice: the periods that the sections name, shortest first, counted from the case's own date."""

import calendar
import re
from datetime import date, timedelta

from demo.model.case import Case
from demo.model.dates import words_for
from demo.model.passages import Passage, Period, period_of
from demo.model.quotations import Quotations
from demo.model.wording import Fact, quoted

_MOST = 4
_DAYS = {"day": 1, "week": 7}
_FROM_THE_END = re.compile(
    r"\b(?:after|from|of) (?:the |their |its )?(?:last day|end of (?:employment|service)|termination|departure)\b",
    re.IGNORECASE,
)
_END = re.compile(r"\b(?:ends?|last day|depart\w*|planned)\b", re.IGNORECASE)


def timeline(case: Case, quotations: Quotations) -> str:
    """The section, or nothing where no section names a period."""
    found = quotations.best(case.rules, _MOST, lambda passage: period_of(passage.text) is not None)
    timed = [(period, passage, source) for source, passage in found if (period := period_of(passage.text))]
    if not timed:
        return ""
    anchor = _anchor(case)
    lines = [
        f"- **{_when(period, passage, anchor)}** {quoted(passage, source.marker)}"
        for period, passage, source in sorted(timed, key=lambda entry: entry[0].days)
    ]
    return "\n\n".join(["## Timeline", _head(anchor), "\n".join(lines)])


def _head(anchor: tuple[date, Fact] | None) -> str:
    if anchor is None:
        return "No end date is known yet, so these are lengths of time only."
    day, fact = anchor
    return f"Your date: {fact.short_label}: {words_for(day)} [{fact.marker}]"


def _anchor(case: Case) -> tuple[date, Fact] | None:
    """The first fact that is a date and by its label the day on which something ends."""
    dated = ((day, fact) for fact in case.facts if _END.search(fact.label) and (day := _day(fact.value)))
    return next(dated, None)


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value) if len(value) == 10 else None
    except ValueError:
        return None


def _when(period: Period, passage: Passage, anchor: tuple[date, Fact] | None) -> str:
    """The period; with its last day only where the passage itself counts from the end that the anchor dates."""
    words = period.words[0].upper() + period.words[1:]
    if anchor is None or not period.count or not _FROM_THE_END.search(passage.text):
        return f"{words}."
    last = _after(anchor[0], period)
    return f"{words}, so until {words_for(last)}." if last else f"{words}."


def _after(day: date, period: Period) -> date | None:
    if period.unit == "month":
        return _months_after(day, period.count)
    if period.unit not in _DAYS:
        return None
    count = period.count * _DAYS[period.unit]
    return _business_days_after(day, count) if period.working_days else day + timedelta(days=count)


def _months_after(day: date, count: int) -> date:
    """The same day `count` months later, or the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _business_days_after(day: date, count: int) -> date:
    """`count` days later, Saturdays and Sundays not counted (holidays are)."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day
