"""How much of a grant is vested on a day: the sum of its time-based vesting events up to that day. No model counts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from workers.steps.found_records import HoldingFound, VestingEventFound
from workers.steps.readings import grouped

NONE = Decimal(0)


@dataclass(frozen=True)
class Vesting:
    """Of one holding or of several on a day. `by_performance`: part of `unvested` that more than time decides on.

    `forfeited`: what had not vested when its grant ended. Of shares it stays `unvested`: they are the person's until
    the company repurchases them.
    """

    vested: Decimal
    unvested: Decimal
    by_performance: Decimal = NONE
    forfeited: Decimal = NONE


class NotComputable(Exception):
    """The records do not say enough. `str()` says what is wrong, fit to be shown to the founder."""


def vesting_on(holdings: Iterable[HoldingFound], day: date) -> Vesting:
    """The sum over `holdings`. Raises NotComputable."""
    each = [_of_one(holding, day) for holding in holdings]
    return Vesting(
        sum((v.vested for v in each), NONE),
        sum((v.unvested for v in each), NONE),
        sum((v.by_performance for v in each), NONE),
        sum((v.forfeited for v in each), NONE),
    )


def end_of(holding: HoldingFound) -> date | None:
    """The day behind which nothing of it vests: that of its termination, or the last one to exercise it."""
    return min((day for day in (holding.ended, holding.last_exercisable) if day), default=None)


def has_ended(holding: HoldingFound, day: date) -> bool:
    """Whether `end_of` has come on `day`."""
    end = end_of(holding)
    return end is not None and end <= day


def disagreement(holding: HoldingFound, today: date) -> str | None:
    """What the record says is outstanding `today`, where its other numbers and dates leave another count; else None."""
    if holding.outstanding is None or holding.quantity is None:
        return None
    try:
        least, most = _outstanding(holding, holding.quantity, today)
    except NotComputable:
        return None  # nothing to compare it with
    if least <= holding.outstanding <= most:
        return None
    left = grouped(most) if least == most else f"{grouped(least)} to {grouped(most)}"
    outstanding = f"{grouped(holding.outstanding)} outstanding"
    return f"a grant of {grouped(holding.quantity)} has {outstanding}, where its other numbers and dates leave {left}"


def _outstanding(holding: HoldingFound, quantity: Decimal, today: date) -> tuple[Decimal, Decimal]:
    """The least and the most that can be outstanding. Units leave the count some time after they vest."""
    if holding.last_exercisable is not None and holding.last_exercisable < today:
        return NONE, NONE
    ended = has_ended(holding, today)
    held = _of_one(holding, today).vested if ended else quantity
    if holding.kind == "option" and holding.exercised is not None:
        left = max(NONE, held - holding.exercised)
        return (NONE if ended and holding.last_exercisable is None else left), left
    return (NONE if ended else _of_one(holding, today).unvested), held


def _of_one(holding: HoldingFound, day: date) -> Vesting:
    """Vesting stops where the grant has ended. A condition that more than time decides on counts as not met."""
    if holding.quantity is None:
        raise NotComputable("the number of a grant is not given")
    if holding.issued is not None and day < holding.issued:
        raise NotComputable("a grant was issued only after that day")
    if not holding.events:
        return _without_schedule(holding, holding.quantity)
    by_time = time_based(holding.events)
    scheduled = _scheduled(holding, holding.quantity)
    last = min(day, end_of(holding) or day)
    vested = sum((event.quantity for event in by_time if event.day <= last), NONE)
    if holding.kind != "share" and has_ended(holding, day):
        return Vesting(vested, NONE, forfeited=holding.quantity - vested)
    by_performance = scheduled - sum((event.quantity for event in by_time), NONE)
    return Vesting(vested, holding.quantity - vested, by_performance)


def _scheduled(holding: HoldingFound, quantity: Decimal) -> Decimal:
    """All that the events make, which is the whole grant; of one that has ended they may break off there."""
    scheduled = sum((event.quantity for event in holding.events), NONE)
    if scheduled > quantity:
        raise NotComputable("a vesting schedule has more than the grant")
    if scheduled < quantity and holding.ended is None:
        raise NotComputable("a vesting schedule has less than the grant")
    return scheduled


def _without_schedule(holding: HoldingFound, quantity: Decimal) -> Vesting:
    """Without events only what is wholly vested can be told for another day than today: that it was, from its issue."""
    if holding.vested_today != quantity:
        raise NotComputable("a grant has no vesting schedule")
    if holding.issued is None:
        raise NotComputable("a grant has neither a vesting schedule nor a day of issue")
    return Vesting(quantity, NONE)


def time_based(events: Iterable[VestingEventFound]) -> list[VestingEventFound]:
    """The events that need nothing but time, in their order."""
    return sorted((event for event in events if not event.by_performance), key=lambda event: event.day)


@dataclass(frozen=True)
class NextVesting:
    """What vests on one day. `cliff`: it is the first of its grant, and larger than the one behind it."""

    day: date
    quantity: Decimal
    cliff: bool


def next_vesting(holdings: Iterable[HoldingFound], day: date) -> NextVesting | None:
    """What vests first behind `day`, over all `holdings`; None: nothing more."""
    return min(_coming(holdings, day), key=lambda coming: coming.day, default=None)


def next_cliff(holdings: Iterable[HoldingFound], day: date) -> NextVesting | None:
    """The first cliff behind `day`; None: there is none."""
    cliffs = (coming for coming in _coming(holdings, day) if coming.cliff)
    return min(cliffs, key=lambda coming: coming.day, default=None)


def _coming(holdings: Iterable[HoldingFound], day: date) -> list[NextVesting]:
    """What vests behind `day`, each day once, with the sum over `holdings`."""
    days: dict[date, NextVesting] = {}
    for holding in holdings:
        events = time_based(holding.events)
        for place, event in enumerate(events):
            if event.day <= day or has_ended(holding, event.day - timedelta(days=1)):
                continue
            before = days.get(event.day, NextVesting(event.day, NONE, cliff=False))
            is_cliff = place == 0 and event.quantity > (events[1].quantity if len(events) > 1 else NONE)
            days[event.day] = NextVesting(event.day, before.quantity + event.quantity, before.cliff or is_cliff)
    return list(days.values())
