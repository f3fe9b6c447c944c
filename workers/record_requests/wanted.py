"""What the requests of both providers share: what is wanted, and what a record holds back."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from workers.provider_http import Choice, Code, Listing, Money, ProviderError
from workers.provider_http.records import Item, Record
from workers.steps.found_records import Amount
from workers.steps.operations import Component, Operation


@dataclass(frozen=True)
class Wanted:
    """`person`: the provider's id of whom it is about, "" for an operation about the company. `day`: the plan's."""

    operation: Operation
    person: str
    day: date
    component: Component | None = None


def holes_of(record: Record, **fields: str) -> dict[str, Any]:
    """Which of our fields the provider holds back, or has in a form that made no sense; ours → the provider's name."""
    withheld = {ours: why for ours, theirs in fields.items() if (why := record.withheld(theirs))}
    unreadable = tuple(ours for ours, theirs in fields.items() if record.made_no_sense(theirs))
    return {"withheld": withheld, "unreadable": unreadable}


def new_words(**choices: Choice | None) -> dict[str, str]:
    """Those of `choices`, by our fields, that are no words of ours, as they came."""
    return {ours: choice.word for ours, choice in choices.items() if choice and not choice.known}


def whole(listing: Listing[Item], provider: str) -> Listing[Item]:
    """The list, if it came to its end. Raises ProviderError where it did not: what is missing in it may exist."""
    if not listing.complete:
        why = f"{provider}'s list did not come to its end, so nothing in it can be counted."
        raise ProviderError(Code.MALFORMED, why, permanent=True)
    return listing


def amount_of(money: Money | None) -> Amount | None:
    return Amount(amount=money.amount, currency=money.currency) if money else None
