"""Calendar dates in people's words."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

_MONTH_NAMES = "january february march april may june july august september october november december"
_MONTHS = {name[:3]: number for number, name in enumerate(_MONTH_NAMES.split(), start=1)}
_DAYS = {name: number for number, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))}
_MONTH = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*\.?"
_ORDINAL = r"(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>[12][0-9]{3})"


@dataclass(frozen=True)
class FoundDate:
    """A date and where it stands. `day` is None where the words name no day of the calendar (November 31, 2025)."""

    start: int
    end: int
    day: date | None


Reader = Callable[["re.Match[str]", date], date]


def _named(match: "re.Match[str]", today: date) -> date:
    return date(int(match["year"]), _MONTHS[match["month"][:3].lower()], int(match["day"]))


def _numbered(match: "re.Match[str]", today: date) -> date:
    """Year first; or as in the US, month first, unless the first number can't be a month."""
    year, first, second = int(match["year"]), int(match["a"]), int(match["b"])
    day_first = first > 12 or match["sep"] == "."
    return date(year, second, first) if day_first else date(year, first, second)


def _iso(match: "re.Match[str]", today: date) -> date:
    return date(int(match["year"]), int(match["a"]), int(match["b"]))


def _relative(match: "re.Match[str]", today: date) -> date:
    return today + timedelta(days={"yesterday": -1, "today": 0, "tomorrow": 1}[match[0].lower()])


def _weekday(match: "re.Match[str]", today: date) -> date:
    wanted = _DAYS[match["weekday"][:3].lower()]
    if match["which"].lower() == "last":
        return today - timedelta(days=(today.weekday() - wanted - 1) % 7 + 1)
    return today + timedelta(days=(wanted - today.weekday() - 1) % 7 + 1)


_READERS: tuple[tuple["re.Pattern[str]", Reader], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), reader)
    for pattern, reader in (
        (rf"\b{_YEAR}[-/.](?P<a>[0-9]{{1,2}})[-/.](?P<b>[0-9]{{1,2}})\b", _iso),
        (rf"\b(?P<a>[0-9]{{1,2}})(?P<sep>[-/.])(?P<b>[0-9]{{1,2}})(?P=sep){_YEAR}\b", _numbered),
        (rf"\b{_MONTH}\s+(?P<day>[0-9]{{1,2}}){_ORDINAL},?\s+{_YEAR}\b", _named),
        (rf"\b(?P<day>[0-9]{{1,2}}){_ORDINAL}\s+(?:of\s+)?{_MONTH},?\s+{_YEAR}\b", _named),
        (r"\b(?:yesterday|today|tomorrow)\b", _relative),
        (r"\b(?P<which>last|next)\s+(?P<weekday>(?:mon|tues?|wednes|thurs?|fri|satur|sun)day)\b", _weekday),
    )
)


def find_dates(text: str, today: date) -> list[FoundDate]:
    """The dates in `text`, in order; none overlaps another."""
    found = sorted(_all(text, today), key=lambda each: (each.start, -each.end))
    kept: list[FoundDate] = []
    for each in found:
        if not kept or each.start >= kept[-1].end:
            kept.append(each)
    return kept


def _all(text: str, today: date) -> Iterator[FoundDate]:
    for pattern, reader in _READERS:
        for match in pattern.finditer(text):
            yield FoundDate(match.start(), match.end(), _day(reader, match, today))


def _day(reader: Reader, match: "re.Match[str]", today: date) -> date | None:
    try:
        return reader(match, today)
    except (ValueError, OverflowError):
        return None


def without_dates(text: str, found: list[FoundDate]) -> str:
    """`text` with each date as one space."""
    pieces, position = [], 0
    for each in found:
        pieces.append(text[position : each.start])
        position = each.end
    return " ".join([*pieces, text[position:]])


def words_for(day: date) -> str:
    """`3 November 2025`."""
    return f"{day.day} {_MONTH_NAMES.split()[day.month - 1].capitalize()} {day.year}"
