"""What a request of ours leaves behind: of each record the few values that its operation needs, and nothing else.

They are stored with the step that fetched them, so that a fact can be read from them without asking again. Where a
provider holds a value back, `withheld` says so with its reason: that is not the same as having none.
"""

import unicodedata
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

LONGEST = 80


def plain(text: str) -> str:
    """Others' words in one line of at most `LONGEST` characters, without control and direction marks."""
    kept = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    line = " ".join(kept.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 2].rstrip()} …"


Words = Annotated[str, AfterValidator(plain)]


class Found(BaseModel):
    """`withheld`: field → the provider's reason. `unreadable`: fields whose value made no sense. `new`: field → what
    the provider has there, as it came, where that is a word which is new to us. All of these are None."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    withheld: Mapping[str, Words] = {}
    unreadable: tuple[str, ...] = ()
    new: Mapping[str, Words] = {}


class Amount(BaseModel):
    """`currency`: ISO 4217."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    amount: Decimal
    currency: str


class _OfWorker(Found):
    """`has_left`: the employment has ended, or ends on `end_date`."""

    id: str
    has_left: bool = False
    end_date: date | None = None


class WorkerFound(_OfWorker):
    """Of a worker. `regions`: of home addresses; `workplace`: region of the place of work; `exempt`: of overtime."""

    title: Words | None = None
    employment: str | None = None  # employee, contractor
    start_date: date | None = None
    exempt: bool | None = None
    age_40_plus: bool | None = None
    remote: bool | None = None
    workplace: Words | None = None
    regions: tuple[Words, ...] = ()
    country: Words | None = None
    entity: Words | None = None


class PayFound(_OfWorker):
    """One component of a person's pay; `amount` None: there is none. `id`: of the pay, where it has one.

    `since`: from when on a salary is paid; of who is still to come, whatever is paid.
    """

    amount: Amount | None = None
    since: date | None = None


class LeaveFound(Found):
    """One kind of leave of a person. The provider does not say in which unit `balance` is."""

    kind: Words | None = None
    unlimited: bool | None = None
    balance: Decimal | None = None


class LeavesFound(Found):
    """All kinds of leave of a person."""

    id: str
    leaves: tuple[LeaveFound, ...] = ()


class HeadcountFound(Found):
    """Active workers by kind. `untold`: of these the provider does not say the kind. Not `complete`: there are more."""

    employees: int
    contractors: int
    untold: int
    complete: bool


class VestingEventFound(BaseModel):
    """`by_performance`: it needs more than time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    day: date
    quantity: Decimal
    by_performance: bool = False


class HoldingFound(Found):
    """One option grant or block of shares. `price`: to exercise an option, or paid for a share.

    `involuntary`, `voluntary`: how long a vested option can be exercised after a termination by the company and by the
    person (`3 months`); None: not set on the grant. `ended`: the day on which the grant was terminated.
    `last_exercisable`: the last day for an option. `outstanding`: neither exercised nor expired, forfeited or canceled.
    """

    id: str
    kind: str  # option, share, unit
    plan: Words | None = None
    option_type: str | None = None  # ISO, NSO
    issued: date | None = None
    quantity: Decimal | None = None
    exercised: Decimal | None = None
    outstanding: Decimal | None = None
    price: Amount | None = None
    involuntary: Words | None = None
    voluntary: Words | None = None
    ended: date | None = None
    last_exercisable: date | None = None
    vested_today: Decimal | None = None
    events: tuple[VestingEventFound, ...] = ()


class ValuationFound(Found):
    """A valuation of the company's common shares."""

    id: str
    price: Amount | None = None
    effective: date | None = None
    expires: date | None = None


class EquityFound(Found):
    """What one person holds. `valuation`: the newest, where it was asked for."""

    stakeholder: str
    holdings: tuple[HoldingFound, ...] = ()
    valuation: ValuationFound | None = None
