"""What of Carta's records leaves the client: the fields below, and nothing else. No addresses, no tax numbers.

Counts of shares are exact decimals.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel

from workers.provider_http.records import Record
from workers.provider_http.values import Amount, Choice, Day, Identifier, Number, Text, one_of, read_text

_RELATIONSHIPS = (
    *("ADVISOR", "BOARD_MEMBER", "CONSULTANT", "EMPLOYEE", "EX_ADVISOR", "EX_CONSULTANT", "EX_EMPLOYEE", "EXECUTIVE"),
    *("FOUNDER", "INTERNATIONAL_EMPLOYEE", "INVESTOR", "OFFICER", "OTHER"),
)
_read_option_type = one_of("ISO", "NSO", "OTHER", prefixes=("STOCK_OPTION_TYPE_",))
_read_relationship = one_of(*_RELATIONSHIPS, prefixes=("STAKEHOLDER_RELATIONSHIP_",))
_read_unit = one_of("DAY", "MONTH", "YEAR", prefixes=("EXERCISE_PERIOD_", "PTEP_PERIOD_"))

OptionType = Annotated[Choice | None, BeforeValidator(_read_option_type)]
Relationship = Annotated[Choice | None, BeforeValidator(_read_relationship)]
PeriodUnit = Annotated[Choice, BeforeValidator(_read_unit)]


class CartaRecord(Record):
    """Carta writes names in camel case."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True)


class ListedRecord(CartaRecord):
    """What stands in a list of its own."""

    id: Identifier


class Issuer(ListedRecord):
    """The company."""

    legal_name: Text = None


class Stakeholder(ListedRecord):
    """Who holds securities. `employee_id` and `email` may be missing: then a person must say who this is."""

    full_name: Text = None
    email: Text = None
    employee_id: Text = None
    relationship: Relationship = None


class VestingEvent(CartaRecord):
    """`quantity` shares vest on `vest_date`; with a `performance_condition` the date alone does not decide."""

    vest_date: Day = None
    quantity: Number = None
    performance_condition: bool | None = None


class ExercisePeriod(CartaRecord):
    """So many units after the event the options can still be exercised."""

    count: int
    unit: PeriodUnit


class ExercisePeriods(CartaRecord):
    """None: not set, so it is inherited from the plan, which Carta does not show. Ask a person."""

    voluntary_termination: ExercisePeriod | None = None
    involuntary_termination: ExercisePeriod | None = None


def _read_periods(value: Any) -> Any:
    """From `voluntaryTerminationCount` and `voluntaryTerminationPeriod` to `voluntaryTermination`, and so on."""
    if not isinstance(value, Mapping):
        return value
    names = (field.alias or name for name, field in ExercisePeriods.model_fields.items())
    counts = {name: read_text(value.get(f"{name}Count")) for name in names}
    return {
        name: {"count": count, "unit": value.get(f"{name}Period")}
        for name, count in counts.items()
        if count is not None
    }


class _Grant(ListedRecord):
    """What options, awards and units have in common."""

    stakeholder_id: Text = None
    equity_incentive_plan_name: Text = None
    issue_date: Day = None
    termination_date: Day = None
    canceled_date: Day = None
    quantity: Number = None
    vested_quantity: Number = None
    vesting_events: tuple[VestingEvent, ...] = ()


class OptionGrant(_Grant):
    """`vested_quantity` is of today; for another day add up the time-based `vesting_events`. `outstanding_quantity`:
    neither exercised nor expired, forfeited or canceled. Carta shows no acceleration on issued grants: ask a person."""

    stock_option_type: OptionType = None
    outstanding_quantity: Number = None
    exercised_quantity: Number = None
    exercise_price: Amount = None
    last_exercisable_date: Day = None
    exercise_periods: Annotated[ExercisePeriods | None, BeforeValidator(_read_periods)] = None


class RestrictedStockAward(_Grant):
    """Shares with vesting. Carta shows no repurchase terms: ask a person."""

    price_per_share: Amount = None


class RestrictedStockUnit(_Grant):
    """A promise of shares."""

    outstanding_quantity: Number = None


class ShareClassValuation(CartaRecord):
    """The fair market value of a share of one class."""

    common: bool | None = None
    price: Amount = None


class FairMarketValue(ListedRecord):
    """A valuation by section 409A, good from `effective_date` until `stale_date` or `expiration_date`."""

    effective_date: Day = None
    expiration_date: Day = None
    stale_date: Day = None
    share_class_valuations: tuple[ShareClassValuation, ...] = ()
