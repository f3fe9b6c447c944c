"""What of Carta's records leaves the client: the fields below, and nothing else. No addresses, no tax numbers.

Counts of shares are exact decimals; percentages are 0 to 100.
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
_read_share_type = one_of("COMMON", "PREFERRED", prefixes=("SHARE_CLASS_TYPE_",))
_read_note_type = one_of("SAFE", "CONVERTIBLE_DEBT", prefixes=("NOTE_TYPE_",))

OptionType = Annotated[Choice | None, BeforeValidator(_read_option_type)]
Relationship = Annotated[Choice | None, BeforeValidator(_read_relationship)]
PeriodUnit = Annotated[Choice, BeforeValidator(_read_unit)]
ShareType = Annotated[Choice | None, BeforeValidator(_read_share_type)]
NoteType = Annotated[Choice | None, BeforeValidator(_read_note_type)]


class CartaRecord(Record):
    """Carta writes names in camel case."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True)


class Issuer(CartaRecord):
    """The company."""

    id: Identifier
    legal_name: Text = None
    doing_business_as_name: Text = None


class Stakeholder(CartaRecord):
    """Who holds securities. `employee_id` and `email` may be missing: then a person must say who this is."""

    id: Identifier
    full_name: Text = None
    email: Text = None
    employee_id: Text = None
    relationship: Relationship = None
    entity_type: Text = None


class VestingEvent(CartaRecord):
    """`quantity` shares vest on `vest_date`; with a `performance_condition` the date alone does not decide."""

    vest_date: Day = None
    quantity: Number = None
    vested: bool | None = None
    performance_condition: bool | None = None


class VestingSchedule(CartaRecord):
    """The header of a schedule: its name, not its rules."""

    name: Text = None
    start_date: Day = None
    end_date: Day = None


class ExercisePeriod(CartaRecord):
    """So many units after the event the options can still be exercised."""

    count: int
    unit: PeriodUnit


class ExercisePeriods(CartaRecord):
    """None: not set, so it is inherited from the plan, which Carta does not show. Ask a person."""

    voluntary_termination: ExercisePeriod | None = None
    involuntary_termination: ExercisePeriod | None = None
    involuntary_termination_cause: ExercisePeriod | None = None
    death: ExercisePeriod | None = None
    disability: ExercisePeriod | None = None
    retirement: ExercisePeriod | None = None


def _read_periods(value: Any) -> Any:
    """From `deathExerciseCount` and `deathExercisePeriod` to `death`, and so on."""
    if not isinstance(value, Mapping):
        return value
    names = (field.alias or name for name, field in ExercisePeriods.model_fields.items())
    return {name: pair for name in names if (pair := _period(value, name))}


def _period(value: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    for stem in (name, f"{name}Exercise"):
        if (count := read_text(value.get(f"{stem}Count"))) is not None:
            return {"count": count, "unit": value.get(f"{stem}Period")}
    return None


class _Grant(CartaRecord):
    """What options, awards and units have in common."""

    id: Identifier
    stakeholder_id: Text = None
    security_label: Text = None
    equity_incentive_plan_name: Text = None
    issue_date: Day = None
    vesting_start_date: Day = None
    termination_date: Day = None
    canceled_date: Day = None
    quantity: Number = None
    vested_quantity: Number = None
    vesting_schedule: VestingSchedule | None = None
    vesting_events: tuple[VestingEvent, ...] = ()


class OptionGrant(_Grant):
    """`vested_quantity` is of today; for another day add up the time-based `vesting_events`. `outstanding_quantity`:
    neither exercised nor expired, forfeited or canceled. Carta shows no acceleration on issued grants: ask a person."""

    stock_option_type: OptionType = None
    outstanding_quantity: Number = None
    exercised_quantity: Number = None
    exercise_price: Amount = None
    early_exercisable: bool | None = None
    last_exercisable_date: Day = None
    exercise_periods: Annotated[ExercisePeriods | None, BeforeValidator(_read_periods)] = None


class RestrictedStockAward(_Grant):
    """Shares with vesting. Carta shows no repurchase terms: ask a person."""

    share_class_name: Text = None
    price_per_share: Amount = None


class RestrictedStockUnit(_Grant):
    """A promise of shares."""

    outstanding_quantity: Number = None


class OptionExercise(CartaRecord):
    """Carta gives old ones the id `NO_ID`."""

    id: Identifier
    stakeholder_id: Text = None
    option_grant_id: Text = None
    certificate_id: Text = None
    quantity: Number = None
    exercise_time: Day = None
    state: Text = None


class Certificate(CartaRecord):
    """Shares held."""

    id: Identifier
    stakeholder_id: Text = None
    security_label: Text = None
    share_class_name: Text = None
    issue_date: Day = None
    canceled_date: Day = None
    quantity: Number = None
    price_per_share: Amount = None


class NoteBlock(CartaRecord):
    """The kind of a convertible, and what its round is called."""

    id: Text = None
    name: Text = None
    note_type: NoteType = None


class ConvertibleNote(CartaRecord):
    """A note or a SAFE. `conversion_datetime`: the day it became shares; None while it has not."""

    id: Identifier
    stakeholder_id: Text = None
    security_label: Text = None
    issue_datetime: Day = None
    conversion_datetime: Day = None
    canceled_datetime: Day = None
    maturity_datetime: Day = None
    cash_paid: Amount = None
    price_cap: Amount = None
    discount_percentage: Number = None
    interest_rate: Number = None
    note_block: NoteBlock | None = None


class ShareClass(CartaRecord):
    """A class of shares of the charter."""

    id: Identifier
    name: Text = None
    prefix: Text = None
    type: ShareType = None
    authorized_share_count: Number = None
    par_value: Amount = None
    seniority: Number = None


class ShareClassValuation(CartaRecord):
    """The fair market value of a share of one class."""

    share_class_id: Text = None
    share_class_name: Text = None
    common: bool | None = None
    price: Amount = None


class FairMarketValue(CartaRecord):
    """A valuation by section 409A, good from `effective_date` until `stale_date` or `expiration_date`."""

    id: Identifier
    effective_date: Day = None
    expiration_date: Day = None
    stale_date: Day = None
    share_class_valuations: tuple[ShareClassValuation, ...] = ()


class VestingPeriod(CartaRecord):
    """`percentage` (0 to 100) vests over `length` units, in the rhythm of `vesting_method`."""

    order: Number = None
    percentage: Number = None
    vesting_method: Text = None
    vesting_occurs: Text = None
    length: Number = None
    length_unit: Text = None


class VestingScheduleTemplate(CartaRecord):
    """The rules of a schedule; grants name it in `vesting_schedule.name`."""

    id: Identifier
    name: Text = None
    description: Text = None
    vesting_schedule_type: Text = None
    periods: tuple[VestingPeriod, ...] = ()
