"""What of Rippling's records leaves the client: the fields below, and nothing else.

Birth dates, social security numbers, race, ethnicity, gender, country fields and home addresses come over the wire
and end in this file: of a birth date only `age_40_plus` goes on, of an address only the region.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from workers.provider_http.records import Record
from workers.provider_http.values import Amount, Choice, Day, Identifier, Number, Text, one_of, read_text

Status = Annotated[Choice | None, BeforeValidator(one_of("INIT", "HIRED", "ACCEPTED", "ACTIVE", "TERMINATED"))]
WorkerType = Annotated[Choice | None, BeforeValidator(one_of("CONTRACTOR", "EMPLOYEE"))]
Overtime = Annotated[Choice | None, BeforeValidator(one_of("EXEMPT", "NON_EXEMPT"))]
Place = Annotated[Choice | None, BeforeValidator(one_of("REMOTE", "WORK"))]


def _read_name(value: Any) -> str | None:
    """A name that is a text, or an object of its parts."""
    if not isinstance(value, Mapping):
        return read_text(value)
    whole = read_text(value.get("formatted"))
    parts = (read_text(value.get(part)) for part in ("given_name", "family_name"))
    return whole or " ".join(part for part in parts if part) or None


def _read_regions(value: Any) -> tuple[str, ...]:
    """Of addresses only their regions, each once."""
    addresses = value or []
    if not isinstance(addresses, list) or not all(isinstance(address, Mapping) for address in addresses):
        raise ValueError("no addresses")
    regions = (read_text(address.get("region")) for address in addresses)
    return tuple(dict.fromkeys(region for region in regions if region))


def _read_country(value: Any) -> str | None:
    """A country that is a code, or an object with one."""
    return read_text(value.get("code") if isinstance(value, Mapping) else value)


_AMOUNTS = ("annual_compensation", "target_annual_bonus", "signing_bonus", "relocation_reimbursement")
Name = Annotated[str | None, BeforeValidator(_read_name)]
Country = Annotated[str | None, BeforeValidator(_read_country)]


class Compensation(Record):
    """Amounts are per year but for the one-off `signing_bonus` and `relocation_reimbursement`."""

    id: Text = None
    annual_compensation: Amount = None
    target_annual_bonus: Amount = None
    signing_bonus: Amount = None
    relocation_reimbursement: Amount = None
    salary_effective_date: Day = None


class EmploymentType(Record):
    """`type` is CONTRACTOR or EMPLOYEE."""

    id: Identifier
    type: WorkerType = None


class LegalEntity(Record):
    """A company that employs people."""

    id: Identifier
    legal_name: Text = None


class WorkAddress(Record):
    """Of a place of work: the state (`CA`) and the country."""

    region: Text = None
    country: Text = None


class WorkLocation(Record):
    """A place of work of the company."""

    id: Identifier
    address: WorkAddress | None = None


class LeaveType(Record):
    """Such as vacation or sick leave."""

    name: Text = None


class LeaveBalance(Record):
    """What is left of a kind of leave. Rippling's documentation does not say in which unit: ask a person."""

    id: Text = None
    leave_type: LeaveType | None = None
    is_balance_unlimited: bool | None = None
    balance_excluding_future_requests: Number = None


class Location(Record):
    """REMOTE, or WORK with the id of the place. The state is not here: see `WorkLocation.address`, `User.regions`."""

    type: Place = None
    work_location_id: Text = None


class User(Record):
    """The person. `regions`: the states of their addresses, of which nothing else leaves."""

    name: Name = None
    regions: Annotated[tuple[str, ...], BeforeValidator(_read_regions)] = Field(default=(), alias="addresses")


class Worker(Record):
    """A person who works or worked for the company. What `expand` did not ask for is None.

    `age_40_plus`: 40 or older on the date that was asked for; None where no birth date is known.
    """

    id: Identifier
    work_email: Text = None
    title: Text = None
    status: Status = None
    start_date: Day = None
    end_date: Day = None
    country: Country = None
    age_40_plus: bool | None = None
    overtime_exemption: Overtime = None
    location: Location | None = None
    user: User | None = None
    employment_type: EmploymentType | None = None
    legal_entity: LegalEntity | None = None
    compensation: Compensation | None = None

    @property
    def name(self) -> str | None:
        """The person's name, where `user` was expanded."""
        return self.user.name if self.user else None

    @property
    def pay(self) -> Compensation | None:
        """The pay, where `compensation` was expanded: None where Rippling has none; where it holds it back, a
        Compensation that says so in `redacted` for each amount."""
        why = self.withheld("compensation")
        if self.compensation is None and why is not None:
            return Compensation(redacted=dict.fromkeys(_AMOUNTS, why))
        return self.compensation

    @property
    def has_left(self) -> bool:
        """Whether the employment has ended, or ends on `end_date`."""
        return self.status is not None and self.status.word == "TERMINATED"

    @property
    def is_to_come(self) -> bool:
        """Whether it was agreed on, and has not begun."""
        return self.status is not None and self.status.word in ("INIT", "HIRED", "ACCEPTED")
