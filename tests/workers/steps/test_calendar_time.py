"""Whole months, as a calendar has them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.steps.calendar_time import day_words, duration_words, whole_months

DAYS = st.dates(date(1950, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize(
    ("start", "day", "months"),
    [
        (date(2025, 12, 8), date(2026, 12, 7), 11),
        (date(2025, 12, 8), date(2026, 12, 8), 12),
        (date(2026, 1, 31), date(2026, 2, 27), 0),
        (date(2026, 1, 31), date(2026, 2, 28), 1),  # the last day of a short month completes it
        (date(2024, 2, 29), date(2025, 2, 28), 12),
        (date(2026, 5, 1), date(2026, 4, 30), -1),
    ],
)
def test_months_are_over_on_the_day_of_their_start(start: date, day: date, months: int) -> None:
    assert whole_months(start, day) == months


@given(start=DAYS, more=st.integers(0, 20_000))
def test_a_day_more_is_never_a_month_less_and_at_most_one_more(start: date, more: int) -> None:
    day = start + timedelta(days=more)
    assert whole_months(start, day) <= whole_months(start, day + timedelta(days=1)) <= whole_months(start, day) + 1


@pytest.mark.parametrize(
    ("months", "words"),
    [(0, "less than a month"), (1, "1 month"), (12, "1 year"), (32, "2 years and 8 months")],
)
def test_a_duration_in_words(months: int, words: str) -> None:
    assert duration_words(months) == words


def test_a_day_in_words() -> None:
    assert day_words(date(2026, 11, 3)) == "3 November 2026"
