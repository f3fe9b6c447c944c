"""How much is vested on a day, what vests next, and what can't be told."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.steps.found_records import HoldingFound, VestingEventFound
from workers.steps.vesting import (
    NextVesting,
    NotComputable,
    Vesting,
    disagreement,
    next_cliff,
    next_vesting,
    vesting_on,
)

START = date(2025, 12, 8)


def event(day: date, quantity: str | int, *, by_performance: bool = False) -> VestingEventFound:
    return VestingEventFound(day=day, quantity=Decimal(quantity), by_performance=by_performance)


def holding(*events: VestingEventFound, **fields: Any) -> HoldingFound:
    quantity = sum((e.quantity for e in events), Decimal(0))
    return HoldingFound(**({"id": "g", "kind": "option", "quantity": quantity, "events": events} | fields))


def monthly(months: int, each: int, cliff: int = 0) -> tuple[VestingEventFound, ...]:
    """`each` a month, the first `cliff` of them at once; months are 30 days here."""
    days = [START + timedelta(days=30 * n) for n in range(1, months + 1)]
    first = [event(days[cliff - 1], cliff * each)] if cliff else []
    return tuple(first + [event(day, each) for day in days[cliff:]])


CLIFF = holding(*monthly(48, 5_000, cliff=12))
CLIFF_DAY = START + timedelta(days=360)


@pytest.mark.parametrize(
    ("day", "vested"),
    [
        (START, 0),
        (CLIFF_DAY - timedelta(days=1), 0),
        (CLIFF_DAY, 60_000),
        (CLIFF_DAY + timedelta(days=29), 60_000),
        (CLIFF_DAY + timedelta(days=30), 65_000),
        (START + timedelta(days=9_999), 240_000),
    ],
)
def test_vested_is_the_sum_of_the_events_up_to_that_day_inclusive(day: date, vested: int) -> None:
    found = vesting_on([CLIFF], day)
    assert [found.vested, found.unvested] == [Decimal(vested), Decimal(240_000 - vested)]


def test_todays_number_of_the_record_is_not_used_for_another_day() -> None:
    assert vesting_on([CLIFF.model_copy(update={"vested_today": Decimal(7)})], CLIFF_DAY).vested == 60_000


def test_a_performance_condition_counts_as_not_met_and_is_told() -> None:
    found = vesting_on([holding(event(START, 100), event(START, 50, by_performance=True))], START)
    assert [found.vested, found.unvested, found.by_performance] == [Decimal(100), Decimal(50), Decimal(50)]


def test_a_grant_that_ended_vests_no_further() -> None:
    ended = CLIFF.model_copy(update={"ended": CLIFF_DAY})
    assert vesting_on([ended], CLIFF_DAY + timedelta(days=300)).vested == 60_000
    assert next_vesting([ended], CLIFF_DAY) is None


def test_the_schedule_of_a_grant_that_ended_may_break_off_there() -> None:
    left = holding(*monthly(12, 5_000), quantity=Decimal(240_000), ended=CLIFF_DAY)
    found = vesting_on([left], CLIFF_DAY + timedelta(days=300))
    assert [found.vested, found.unvested, found.forfeited] == [Decimal(60_000), Decimal(0), Decimal(180_000)]


ENDED = holding(event(date(2022, 1, 1), 20_000), event(date(2027, 1, 1), 20_000), ended=date(2023, 1, 1))


@pytest.mark.parametrize("kind", ["option", "unit"])
def test_what_had_not_vested_when_a_grant_ended_is_forfeited_and_not_unvested(kind: str) -> None:
    grant = ENDED.model_copy(update={"kind": kind})
    for day in (date(2023, 1, 1), date(2026, 11, 28), date(2027, 6, 1)):
        assert vesting_on([grant], day) == Vesting(Decimal(20_000), Decimal(0), forfeited=Decimal(20_000))
    assert vesting_on([grant], date(2022, 12, 31)) == Vesting(Decimal(20_000), Decimal(20_000)), "it had not ended yet"


def test_the_last_day_to_exercise_a_grant_ends_it_too() -> None:
    grant = ENDED.model_copy(update={"ended": None, "last_exercisable": date(2023, 4, 1)})
    assert vesting_on([grant], date(2023, 4, 1)).forfeited == 20_000
    assert next_vesting([grant], date(2022, 6, 1)) is None


def test_unvested_shares_stay_the_persons_behind_the_end() -> None:
    award = ENDED.model_copy(update={"kind": "share"})
    assert vesting_on([award], date(2026, 11, 28)) == Vesting(Decimal(20_000), Decimal(20_000))


def test_of_a_live_grant_and_one_that_ended_only_the_live_one_has_unvested_ones() -> None:
    live = holding(event(date(2027, 1, 1), 40_000))
    found = vesting_on([ENDED, live], date(2026, 11, 28))
    assert [found.vested, found.unvested, found.forfeited] == [Decimal(20_000), Decimal(40_000), Decimal(20_000)]


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ({"outstanding": 40_000, "exercised": 0}, None),
        ({"outstanding": 35_000, "exercised": 5_000}, None),
        ({"outstanding": 20_000, "exercised": 0}, "40,000"),
        ({"outstanding": 20_000}, None),  # whether some were exercised is not told
        ({"outstanding": 19_999}, "20,000 to 40,000"),
        ({"outstanding": 40_001}, "20,000 to 40,000"),
        ({"outstanding": None, "exercised": 0}, None),
        ({"outstanding": 20_000, "exercised": 0, "ended": date(2023, 1, 1)}, None),
        ({"outstanding": 0, "exercised": 0, "ended": date(2023, 1, 1)}, None),  # the last day is not told
        ({"outstanding": 40_000, "exercised": 0, "ended": date(2023, 1, 1)}, "0 to 20,000"),
        ({"outstanding": 0, "exercised": 0, "last_exercisable": date(2026, 4, 1)}, None),
        ({"outstanding": 1, "exercised": 0, "last_exercisable": date(2026, 4, 1)}, "0"),
        ({"outstanding": 15_000, "exercised": 5_000, "ended": date(2026, 10, 1), "last_exercisable": date(2027, 1, 1)},
         None),
        ({"outstanding": 0, "exercised": 5_000, "ended": date(2026, 10, 1), "last_exercisable": date(2027, 1, 1)},
         "15,000"),
        ({"outstanding": 40_000, "exercised": 0, "ended": date(2027, 1, 1)}, None),  # that is still to come
        ({"kind": "unit", "outstanding": 20_000}, None),
        ({"kind": "unit", "outstanding": 10_000}, "20,000 to 40,000"),
        ({"outstanding": 1, "ended": date(2023, 1, 1), "events": ()}, None),  # nothing to compare it with
    ],
)  # fmt: skip
def test_what_is_outstanding_agrees_with_the_other_numbers_or_it_is_said(
    fields: dict[str, Any], left: str | None
) -> None:
    grant = ENDED.model_copy(update={"ended": None})
    counts = {name: Decimal(value) for name, value in fields.items() if isinstance(value, int)}
    said = disagreement(grant.model_copy(update=fields | counts), date(2026, 11, 28))
    assert (said.partition(" leave ")[2] if said else None) == left


def test_several_grants_are_added_up() -> None:
    found = vesting_on([CLIFF, holding(event(START, "0.5"))], CLIFF_DAY)
    assert found.vested == Decimal("60000.5")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"quantity": None}, "the number of a grant"),
        ({"quantity": Decimal(1)}, "more than the grant"),
        ({"quantity": Decimal(1), "ended": CLIFF_DAY}, "more than the grant"),
        ({"quantity": Decimal(480_000)}, "less than the grant"),
        ({"quantity": Decimal("240000.5")}, "less than the grant"),
        ({"issued": CLIFF_DAY + timedelta(days=1)}, "issued only after that day"),
        ({"events": ()}, "no vesting schedule"),
    ],
)
def test_a_record_that_does_not_say_enough_is_never_counted(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(NotComputable, match=says):
        vesting_on([CLIFF.model_copy(update=fields)], CLIFF_DAY)


def test_one_schedule_that_does_not_add_up_among_several_is_enough_to_ask() -> None:
    with pytest.raises(NotComputable, match="less than the grant"):
        vesting_on([CLIFF, holding(*monthly(12, 500), quantity=Decimal(12_000))], CLIFF_DAY)


def test_without_a_schedule_what_is_wholly_vested_is_so_from_the_day_of_its_issue() -> None:
    whole = HoldingFound(id="s", kind="share", quantity=Decimal(10), vested_today=Decimal(10), issued=START)
    assert vesting_on([whole], START).vested == 10
    with pytest.raises(NotComputable, match="issued only after that day"):
        vesting_on([whole], START - timedelta(days=1))
    with pytest.raises(NotComputable, match="nor a day of issue"):
        vesting_on([whole.model_copy(update={"issued": None})], START)


def test_the_next_vesting_date_is_the_first_behind_the_day_and_a_cliff_says_so() -> None:
    assert next_vesting([CLIFF], START) == NextVesting(CLIFF_DAY, Decimal(60_000), cliff=True)
    after = next_vesting([CLIFF], CLIFF_DAY)
    assert after == NextVesting(CLIFF_DAY + timedelta(days=30), Decimal(5_000), cliff=False)


def test_a_cliff_of_one_grant_is_found_behind_the_smaller_dates_of_another() -> None:
    both = [CLIFF, holding(*monthly(24, 1_000))]
    first = next_vesting(both, START)
    assert first is not None
    assert (first.day, first.cliff) == (START + timedelta(days=30), False)
    assert next_cliff(both, START) == NextVesting(CLIFF_DAY, Decimal(61_000), cliff=True)
    assert next_cliff(both, CLIFF_DAY) is None


_EVENTS = st.lists(st.tuples(st.dates(date(2020, 1, 1), date(2035, 1, 1)), st.integers(0, 10**9), st.booleans()))


@given(events=_EVENTS, days=st.tuples(st.dates(date(2019, 1, 1), date(2036, 1, 1)), st.integers(0, 4_000)))
def test_vested_and_unvested_make_the_grant_and_vested_never_shrinks(
    events: list[tuple[date, int, bool]], days: tuple[date, int]
) -> None:
    vesting = [event(day, quantity, by_performance=p) for day, quantity, p in events]
    grant = holding(*vesting, vested_today=Decimal(0), issued=date(2019, 1, 1))
    earlier, later = vesting_on([grant], days[0]), vesting_on([grant], days[0] + timedelta(days=days[1]))
    assert earlier.vested + earlier.unvested == grant.quantity
    assert earlier.vested <= later.vested
    assert earlier.by_performance <= later.unvested
