"""What each operation asks Carta for, and the few values that are kept."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from workers.clients.carta import CartaClient
from workers.clients.carta.records import (
    ExercisePeriod,
    ExercisePeriods,
    FairMarketValue,
    OptionGrant,
    RestrictedStockAward,
    RestrictedStockUnit,
    ShareClassValuation,
)
from workers.provider_http import Code, Listing, ProviderError
from workers.record_requests.wanted import Wanted, amount_of, holes_of, new_words, whole
from workers.steps.found_records import EquityFound, Found, HoldingFound, ValuationFound, VestingEventFound
from workers.steps.operations import Operation


def _holdings(wanted: Wanted, client: CartaClient) -> Found:
    """Options and shares that vest. Certificates are left out: they hold exercised options a second time."""
    return EquityFound(stakeholder=wanted.person, holdings=tuple(_all_holdings(wanted, client)))


def _option_terms(wanted: Wanted, client: CartaClient) -> Found:
    options = tuple(_option(grant) for grant in _own(wanted, client.option_grants()))
    valuation = _newest_valuation(wanted, client) if options else None
    return EquityFound(stakeholder=wanted.person, holdings=options, valuation=valuation)


def _all_holdings(wanted: Wanted, client: CartaClient) -> Iterable[HoldingFound]:
    yield from map(_option, _own(wanted, client.option_grants()))
    yield from map(_award, _own(wanted, client.restricted_stock_awards()))
    yield from map(_unit, _own(wanted, client.restricted_stock_units()))


def _own(wanted: Wanted, grants: Listing[Any]) -> list[Any]:
    """The person's, without those that were taken back. Raises ProviderError where it can't be told which these are."""
    listed = whole(grants, "Carta")
    if any(grant.made_no_sense("stakeholder_id") for grant in listed):
        why = "Carta does not say in a readable way whose each grant is, so nothing of them can be counted."
        raise ProviderError(Code.MALFORMED, why, permanent=True)
    return [g for g in listed if g.stakeholder_id == wanted.person and g.canceled_date is None]


def _option(grant: OptionGrant) -> HoldingFound:
    kind, periods = grant.stock_option_type, grant.exercise_periods or ExercisePeriods()
    return HoldingFound(
        kind="option",
        option_type=kind.word if kind and kind.known else None,
        exercised=grant.exercised_quantity,
        outstanding=grant.outstanding_quantity,
        last_exercisable=grant.last_exercisable_date,
        price=amount_of(grant.exercise_price),
        involuntary=_period(periods.involuntary_termination),
        voluntary=_period(periods.voluntary_termination),
        new=new_words(option_type=kind)
        | _new_periods(involuntary=periods.involuntary_termination, voluntary=periods.voluntary_termination),
        **_common(
            grant,
            option_type="stock_option_type",
            price="exercise_price",
            exercised="exercised_quantity",
            outstanding="outstanding_quantity",
            last_exercisable="last_exercisable_date",
            involuntary="exercise_periods.involuntary_termination",
            voluntary="exercise_periods.voluntary_termination",
        ),
    )


def _award(grant: RestrictedStockAward) -> HoldingFound:
    return HoldingFound(kind="share", price=amount_of(grant.price_per_share), **_common(grant, price="price_per_share"))


def _unit(grant: RestrictedStockUnit) -> HoldingFound:
    outstanding = grant.outstanding_quantity
    return HoldingFound(kind="unit", outstanding=outstanding, **_common(grant, outstanding="outstanding_quantity"))


def _common(grant: Any, **fields: str) -> dict[str, Any]:
    events = [event for event in grant.vesting_events if event.vest_date is not None and event.quantity is not None]
    ends = {"ended": "termination_date", "canceled": "canceled_date"}
    holes = holes_of(grant, events="vesting_events", quantity="quantity", **ends, **fields)
    # A condition that can't be read may be one: such an event is not known to need time alone.
    if len(events) < len(grant.vesting_events) or grant.made_no_sense("vesting_events.performance_condition"):
        holes["unreadable"] = (*holes["unreadable"], "events")
    return {
        "id": grant.id,
        "plan": grant.equity_incentive_plan_name,
        "issued": grant.issue_date,
        "quantity": grant.quantity,
        "ended": grant.termination_date,
        "vested_today": grant.vested_quantity,
        "events": tuple(
            VestingEventFound(
                day=event.vest_date, quantity=event.quantity, by_performance=event.performance_condition is True
            )
            for event in events
        ),
        **holes,
    }


def _fair_market_value(wanted: Wanted, client: CartaClient) -> Found:
    return _newest_valuation(wanted, client) or ValuationFound(id="")


def _newest_valuation(wanted: Wanted, client: CartaClient) -> ValuationFound | None:
    """Of the common shares, in force on the day; None where there is none. An older one never stands for the newest."""
    known = whole(client.fair_market_values(), "Carta").items
    if unplaced := next((v for v in known if v.made_no_sense("effective_date") or _may_be_of_commons(v)), None):
        return ValuationFound(id=unplaced.id, unreadable=("price", "effective"))
    valuations = [v for v in known if v.effective_date and v.effective_date <= wanted.day and _commons(v)]
    newest = max(valuations, key=lambda v: v.effective_date or date.min, default=None)
    if newest is None:
        return None
    price, *others = {of.price for of in _commons(newest)}
    return ValuationFound(
        id=newest.id,
        price=None if others else amount_of(price),
        effective=newest.effective_date,
        expires=newest.stale_date or newest.expiration_date,
        unreadable=("price",) if others or price is None else (),
    )


def _may_be_of_commons(valuation: FairMarketValue) -> bool:
    """Whether it can't be read which shares it is of."""
    return valuation.made_no_sense("share_class_valuations.common")


def _commons(valuation: FairMarketValue) -> list[ShareClassValuation]:
    return [of for of in valuation.share_class_valuations if of.common]


def _period(period: ExercisePeriod | None) -> str | None:
    """`3 months`; None for a unit that is new to us, which is kept beside it."""
    if period is None or not period.unit.known:
        return None
    return f"{period.count} {period.unit.word.lower()}{'' if period.count == 1 else 's'}"


def _new_periods(**periods: ExercisePeriod | None) -> dict[str, str]:
    """Those of a unit that is new to us, as they came: `12 EXERCISE_PERIOD_WEEK`."""
    return {ours: f"{of.count} {of.unit.word}" for ours, of in periods.items() if of and not of.unit.known}


REQUESTS: dict[Operation, Callable[[Wanted, CartaClient], Found]] = {
    Operation.VESTED_ON: _holdings,
    Operation.UNVESTED_ON: _holdings,
    Operation.NEXT_VESTING_DATE: _holdings,
    Operation.OPTION_TERMS: _option_terms,
    Operation.EQUITY_GRANTED: _holdings,
    Operation.FAIR_MARKET_VALUE: _fair_market_value,
}
