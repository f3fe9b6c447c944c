"""When the shares of a grant vest."""

import calendar
from datetime import date
from decimal import Decimal

from demo.providers.company import Entry, equity


def schedule(identifier: str) -> Entry:
    """The schedule of this id."""
    return next(entry for entry in equity()["schedules"] if entry["id"] == identifier)


def vesting(grant: Entry) -> list[tuple[date, int]]:
    """Dates and numbers of shares; they add up to the whole grant, or to what had vested when it ended."""
    rule, total = schedule(grant["schedule"]), int(Decimal(grant["quantity"]))
    months, every, cliff = rule["months"], rule["every"], rule["cliff"]
    marks = [month for month in range(every, months + 1, every) if month >= cliff]
    events, before = [], 0
    for month in marks:
        until = total * month // months
        events.append((after_months(grant["vests_from"], month), until - before))
        before = until
    end = grant.get("terminated")
    return [event for event in events if end is None or event[0] <= end]


def vested(grant: Entry, day: date) -> int:
    """How many shares have vested on `day`."""
    return sum(number for when, number in vesting(grant) if when <= day)


def after_months(start: date, months: int) -> date:
    """The same day of a later month, or that month's last."""
    year, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + year, month + 1
    return date(year, month, min(start.day, calendar.monthrange(year, month)[1]))
