"""Facts from Carta's records: what is vested on a day, what vests next, the terms of options, what was granted."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import product

from workers.steps.calendar_time import day_words
from workers.steps.found_records import Amount, EquityFound, HoldingFound, ValuationFound
from workers.steps.readings import CannotTell, ConvertInput, Reading, digits, grouped, must_be_readable, told
from workers.steps.vesting import (
    NextVesting,
    NotComputable,
    Vesting,
    disagreement,
    has_ended,
    next_cliff,
    next_vesting,
    vesting_on,
)

_NOUNS = {"option": "options", "share": "restricted shares", "unit": "stock units"}
_WINDOWS = {"involuntary": "termination by the company", "voluntary": "resignation"}
_NOT_THERE = "Carta's records say nothing about acceleration or repurchase."


def vested_on(given: ConvertInput, found: EquityFound) -> Reading:
    """The sum of time-based vesting events up to the day, over all that the person was granted."""
    vesting = _vesting(given, found)
    return _counted(given, found, vesting, vesting.vested)


def unvested_on(given: ConvertInput, found: EquityFound) -> Reading:
    """The rest; with what was paid for shares, which is what a repurchase may cost."""
    vesting = _vesting(given, found)
    by_now = min(given.day, given.today)
    left = [h for h in found.holdings if h.kind == "share" and has_ended(h, by_now)]
    if any(vesting_on([holding], given.day).unvested for holding in left):
        reason = "A grant of shares has ended, and Carta does not show whether the unvested ones were repurchased."
        raise CannotTell("unset", reason, _counted(given, found, vesting, vesting.unvested).statement)
    paid = {_money(h.price) for h in found.holdings if h.kind == "share" and h.price}
    price = f" Paid for each share: {', '.join(sorted(paid))}." if paid else ""
    return _counted(given, found, vesting, vesting.unvested, price)


def _counted(given: ConvertInput, found: EquityFound, vesting: Vesting, count: Decimal, more: str = "") -> Reading:
    by_kind = {kind: [h for h in found.holdings if h.kind == kind] for kind in _NOUNS}
    lines = [_line(given, noun, by_kind[kind]) for kind, noun in _NOUNS.items() if by_kind[kind]]
    parts = [f"On {given.day_words}: {'; '.join(lines)}."]
    if vesting.by_performance:
        parts.append(f"{grouped(vesting.by_performance)} need a performance condition, which is counted as not met.")
    if exercised := sum((h.exercised for h in found.holdings if h.exercised), Decimal(0)):
        parts.append(f"{grouped(exercised)} options were exercised.")
    parts += [f"The grant of {_number(h)} {ends}." for h in found.holdings if (ends := _end_words(given, h))]
    statement = f"{' '.join(parts)} {_next_words(given, found)}{more}"
    noun = _NOUNS[found.holdings[0].kind] if len(lines) == 1 else "options and shares"
    values = {"number": digits(count), "text": f"{grouped(count)} {noun}"}
    return Reading(values, _record_id(found), f"{statement} {_NOT_THERE}", unit=noun)


def _line(given: ConvertInput, noun: str, holdings: Sequence[HoldingFound]) -> str:
    """`of 264,000 options 78,000 are vested and 186,000 are not`."""
    vesting = vesting_on(holdings, given.day)
    total = grouped(vesting.vested + vesting.unvested + vesting.forfeited)
    vested, unvested, forfeited = map(grouped, (vesting.vested, vesting.unvested, vesting.forfeited))
    if vesting.forfeited:
        return f"of {total} {noun} {vested} are vested, {unvested} are not, and {forfeited} are forfeited"
    return f"of {total} {noun} {vested} are vested and {unvested} are not"


def _end_words(given: ConvertInput, holding: HoldingFound) -> str:
    """`ended on 1 January 2023, and what was not exercised by 1 April 2023 has lapsed`; empty where no end is set."""
    ended, last = holding.ended, holding.last_exercisable
    words = [f"{'ended' if ended <= given.today else 'ends'} on {day_words(ended)}"] if ended else []
    if last and last < given.today:
        words.append(f"what was not exercised by {day_words(last)} has lapsed")
    elif last:
        words.append(f"can be exercised until {day_words(last)}")
    return ", and ".join(words)


def _next_words(given: ConvertInput, found: EquityFound) -> str:
    """The next vesting date, and the next cliff where it comes later: an end just before it is looked at closely."""
    coming, cliff = next_vesting(found.holdings, given.day), next_cliff(found.holdings, given.day)
    if coming is None:
        return "Nothing more vests after that day."
    words = f"The next vesting date is {_vests(coming)}"
    if cliff is None or cliff == coming:
        return f"{words}{', the cliff' if cliff else ''}."
    return f"{words}; the next cliff is on {_vests(cliff)}."


def _vests(coming: NextVesting) -> str:
    return f"{day_words(coming.day)} ({grouped(coming.quantity)})"


def next_vesting_date(given: ConvertInput, found: EquityFound) -> Reading:
    _vesting(given, found)
    coming = next_vesting(found.holdings, given.day)
    words = _next_words(given, found)
    if coming is None:
        return Reading({"text": "nothing more vests"}, _record_id(found), words)
    values = {"date": coming.day.isoformat(), "text": words}
    return Reading(values, _record_id(found), words)


def option_terms(given: ConvertInput, found: EquityFound) -> Reading:
    """Type, exercise price and window of every option grant. A window that is not set is the plan's."""
    options = [holding for holding in found.holdings if holding.kind == "option"]
    if not options:
        raise CannotTell("missing", "Carta has no options of this person.")
    _must_stand(options)
    _must_agree(given, options)
    known = f"{'; '.join(_terms(given, option) for option in options)}.{_market(found.valuation)}"
    running = [option for option in options if not _is_over(given, option)]
    for option, (window, event) in product(running, _WINDOWS.items()):
        must_be_readable(given, option, window, f"the time to exercise options after a {event}", known)
    if any(option.involuntary is None for option in running):
        reason = (
            "How long the options can be exercised after termination is not set on the grant. Then the plan's own "
            "period applies, which Carta does not show: please look it up in the plan."
        )
        raise CannotTell("unset", reason, known)
    return Reading({"text": known.rstrip(".")}, _record_id(found, options), known)


def _terms(given: ConvertInput, option: HoldingFound) -> str:
    kind = told(given, option, "option_type", "the type of an option grant (ISO or NSO)")
    price = told(given, option, "price", "the exercise price of an option grant")
    count = grouped(told(given, option, "quantity", "the number of an option grant"))
    windows = {event: getattr(option, window) for window, event in _WINDOWS.items()}
    exercisable = ", ".join(f"{length} after a {event}" for event, length in windows.items() if length)
    parts = [f"{count} {kind}s at {_money(price)}"]
    if exercisable and not _is_over(given, option):
        parts.append(f"exercisable for {exercisable}")
    if ends := _end_words(given, option):
        left = f", with {grouped(option.outstanding)} outstanding" if option.outstanding is not None else ""
        parts.append(f"a grant that {ends}{left}")
    return ", ".join(parts)


def _is_over(given: ConvertInput, option: HoldingFound) -> bool:
    """Whether it has ended, and the last day to exercise it stands on the grant: no window has to be counted."""
    return has_ended(option, given.today) and option.last_exercisable is not None


def _market(valuation: ValuationFound | None) -> str:
    if valuation is None or valuation.price is None or valuation.effective is None:
        return ""
    return (
        f" The fair market value of a common share was {_money(valuation.price)} on {day_words(valuation.effective)}."
    )


def equity_granted(given: ConvertInput, found: EquityFound) -> Reading:
    """Each grant; the number is their sum."""
    if not found.holdings:
        raise CannotTell("missing", "Carta has no grants of this person. A promise that was not granted is not there.")
    _must_stand(found.holdings)
    total = sum((told(given, h, "quantity", "the number of a grant") for h in found.holdings), Decimal(0))
    lines = "; ".join(_grant_words(given, holding) for holding in found.holdings)
    values = {"number": digits(total), "text": lines}
    return Reading(values, _record_id(found), f"Carta shows {lines}.", unit="options and shares")


def _must_stand(holdings: Sequence[HoldingFound]) -> None:
    """Raises CannotTell for a grant that may have been taken back."""
    if any("canceled" in holding.unreadable for holding in holdings):
        raise CannotTell("unreadable", "Carta does not show whether a grant was canceled.", _held(holdings))
    if any({"ended", "last_exercisable"} & {*holding.unreadable} for holding in holdings):
        raise CannotTell("unreadable", "Carta does not show when a grant ended.", _held(holdings))


def _must_agree(given: ConvertInput, holdings: Sequence[HoldingFound]) -> None:
    """Raises CannotTell where the numbers of a grant say several things."""
    if problem := next((words for holding in holdings if (words := disagreement(holding, given.today))), None):
        raise CannotTell("ambiguous", f"Carta's records do not agree: {problem}.", _held(holdings))


def _grant_words(given: ConvertInput, holding: HoldingFound) -> str:
    issued = f" of {day_words(holding.issued)}" if holding.issued else ""
    price = f" at {_money(holding.price)}" if holding.price else ""
    plan = f" under {holding.plan}" if holding.plan else ""
    noun = f"{holding.option_type}s" if holding.option_type else _NOUNS[holding.kind]
    ends = f", which {words}" if (words := _end_words(given, holding)) else ""
    return f"{grouped(holding.quantity or Decimal(0))} {noun}{issued}{price}{plan}{ends}"


def fair_market_value(given: ConvertInput, found: ValuationFound) -> Reading:
    """Of a common share, by the newest valuation; its own date is the fact's."""
    price = told(given, found, "price", "a valuation of the common shares")
    effective = told(given, found, "effective", "the date of the valuation")
    stale = " It has run out." if found.expires and found.expires < given.today else ""
    statement = f"A common share was valued at {_money(price)} on {day_words(effective)}.{stale}"
    values = {"money": digits(price.amount), "text": _money(price)}
    unit = f"{price.currency} per share"
    return Reading(values, found.id, statement, unit=unit, as_of=effective)


def _vesting(given: ConvertInput, found: EquityFound) -> Vesting:
    """Raises CannotTell."""
    if not found.holdings:
        raise CannotTell("missing", "Carta has no options or shares with vesting of this person.")
    for holding in found.holdings:
        if why := holding.withheld.get("events") or holding.withheld.get("quantity"):
            raise CannotTell("redacted", f"Carta holds back the vesting ({why}), so we are asking you.")
        if {*holding.unreadable} - _WINDOWS.keys():
            raise CannotTell("unreadable", "A part of Carta's vesting records could not be read.", _held([holding]))
    _must_agree(given, found.holdings)
    try:
        return vesting_on(found.holdings, given.day)
    except NotComputable as problem:
        raise CannotTell("missing", f"It can't be computed: {problem}.", _held(found.holdings)) from None


def _held(holdings: Sequence[HoldingFound]) -> str:
    """`40,000 options and 10,000 restricted shares`."""
    sums: dict[str, Decimal] = {}
    for holding in holdings:
        sums[holding.kind] = sums.get(holding.kind, Decimal(0)) + (holding.quantity or 0)
    return " and ".join(f"{grouped(total)} {_NOUNS[kind]}" for kind, total in sums.items())


def _number(holding: HoldingFound) -> str:
    return f"{grouped(holding.quantity or Decimal(0))} {_NOUNS[holding.kind]}"


def _record_id(found: EquityFound, holdings: Sequence[HoldingFound] | None = None) -> str:
    """The one grant's; the holder's where there are several."""
    of = found.holdings if holdings is None else holdings
    return of[0].id if len(of) == 1 else found.stakeholder


def _money(amount: Amount) -> str:
    return f"{grouped(amount.amount)} {amount.currency}"
