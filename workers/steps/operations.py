"""The operations: all that a provider can be asked for. A plan names one of them; nothing else leaves the house.

What an operation requests, and how its records become a fact, is `workers/record_requests.py` and
`workers/steps/convert_record.py`; docs/facts.md shows the table to people.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from workers.steps.base import Kind

Provider = Literal["rippling", "carta"]
Parameter = Literal["component", "on"]


class Operation(StrEnum):
    """Read only, each of them."""

    WORKER_STATUS = "worker_status"
    JOB_TITLE = "job_title"
    START_DATE = "start_date"
    TENURE = "tenure"
    WORK_STATE = "work_state"
    WORK_STATE_AND_ENTITY = "work_state_and_entity"
    AGE_40_PLUS = "age_40_plus"
    HEADCOUNT = "headcount"
    COMPENSATION = "compensation"
    LEAVE_BALANCE = "leave_balance"
    VESTED_ON = "vested_on"
    UNVESTED_ON = "unvested_on"
    NEXT_VESTING_DATE = "next_vesting_date"
    OPTION_TERMS = "option_terms"
    EQUITY_GRANTED = "equity_granted"
    FAIR_MARKET_VALUE = "fair_market_value"


class Component(StrEnum):
    """A part of a person's pay."""

    ANNUAL_SALARY = "annual_salary"
    TARGET_BONUS = "target_bonus"
    SIGNING_BONUS = "signing_bonus"
    RELOCATION = "relocation"


@dataclass(frozen=True)
class Spec:
    """`about` tells the model what it gives. `gives`: kinds of question it can answer, beside text.

    `of_person`: it is asked about one person, who must be found first. `takes`: its parameter, if it has one.
    `record`: what the provider calls the record that the fact is read from.
    """

    provider: Provider
    about: str
    gives: frozenset[Kind]
    record: str
    of_person: bool = True
    takes: Parameter | None = None


def _spec(provider: Provider, about: str, record: str, *gives: Kind, takes: Parameter | None = None) -> Spec:
    return Spec(provider, about, frozenset({"text", *gives}), record, True, takes)


def _of_company(provider: Provider, about: str, record: str, *gives: Kind) -> Spec:
    return Spec(provider, about, frozenset({"text", *gives}), record, of_person=False)


SPECS: dict[Operation, Spec] = {
    Operation.WORKER_STATUS: _spec(
        "rippling", "whether the person is recorded as employee or contractor; with title, start date, exempt or not",
        "worker", "choice",
    ),
    Operation.JOB_TITLE: _spec("rippling", "the person's title", "worker"),
    Operation.START_DATE: _spec("rippling", "the day on which the person began", "worker", "date"),
    Operation.TENURE: _spec(
        "rippling", "how long the person will have worked here on a day, in whole months", "worker", "number",
        takes="on",
    ),
    Operation.WORK_STATE: _spec("rippling", "the state, or the country, in which the person works", "worker", "choice"),
    Operation.WORK_STATE_AND_ENTITY: _spec(
        "rippling", "the state in which the person works, and the legal entity that employs them", "worker"
    ),
    Operation.AGE_40_PLUS: _spec(
        "rippling", "whether the person is 40 or older on a day", "worker", "yes_no", takes="on"
    ),
    Operation.HEADCOUNT: _of_company("rippling", "how many active employees the company has", "workers", "number"),
    Operation.COMPENSATION: _spec(
        "rippling", "one part of the person's pay, named by `component`", "compensation", "money", takes="component"
    ),
    Operation.LEAVE_BALANCE: _spec(
        "rippling", "how much vacation the person has accrued and not used, or that it is unlimited", "leave balance",
        "number",
    ),
    Operation.VESTED_ON: _spec(
        "carta", "how many of the person's options and shares are vested on a day; with the next vesting date",
        "stakeholder", "number", takes="on",
    ),
    Operation.UNVESTED_ON: _spec(
        "carta", "how many of the person's options and shares are not vested on a day, and what was paid for shares",
        "stakeholder", "number", takes="on",
    ),
    Operation.NEXT_VESTING_DATE: _spec(
        "carta", "the first vesting date of the person behind a day", "stakeholder", "date", takes="on"
    ),
    Operation.OPTION_TERMS: _spec(
        "carta", "type (ISO, NSO), exercise price and exercise window of the person's options; with fair market value",
        "option grant",
    ),
    Operation.EQUITY_GRANTED: _spec(
        "carta", "every option and share that the person was granted", "stakeholder", "number"
    ),
    Operation.FAIR_MARKET_VALUE: _of_company(
        "carta", "the fair market value of a common share, with the date of the valuation", "valuation", "money"
    ),
}  # fmt: skip


def operations_of(provider: str) -> tuple[Operation, ...]:
    """What `provider` can be asked for, in the order of the table."""
    return tuple(operation for operation, spec in SPECS.items() if spec.provider == provider)
