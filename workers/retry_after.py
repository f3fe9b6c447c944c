"""How long a server asks us to wait."""

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

LONGEST_SECONDS = 60.0


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds, 0 to 60; None where the headers name no time.

    `retry-after-ms` (Azure) goes before `Retry-After`, and that before `RateLimit-Reset` (Carta).
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return min(max(milliseconds / 1000, 0.0), LONGEST_SECONDS)
    named = (seconds_of(headers.get(name), headers.get("date")) for name in ("retry-after", "ratelimit-reset"))
    seconds = next((number for number in named if number is not None), None)
    return None if seconds is None else min(seconds, LONGEST_SECONDS)


def seconds_of(value: str | None, date: str | None) -> float | None:
    """Seconds, at least 0, that a header's `value` names: a number of them, or an HTTP date (RFC 9110, section 10.2.3).

    That is counted from the response's own `date`, so that a wrong clock on either side does no harm. None: it is
    neither.
    """
    number = _number(value)
    seconds = _until(value, date) if number is None else number
    return None if seconds is None else max(seconds, 0.0)


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _until(value: str | None, date: str | None) -> float | None:
    moment = _timestamp(value)
    if moment is None:
        return None
    now = _timestamp(date)
    return moment - (time.time() if now is None else now)


def _timestamp(value: str | None) -> float | None:
    try:
        return parsedate_to_datetime(value or "").timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
