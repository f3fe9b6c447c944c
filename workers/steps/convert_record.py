"""Step convert_record: from what a request left behind to a typed fact, or to a question for the founder. No model.

`convert_worker.py` reads Rippling's records, `convert_equity.py` Carta's. What their APIs don't know (whether unvested
options accelerate, a window that the plan alone has, terms of repurchase) no record can answer: the founder is asked,
and sees what is known.
"""

from collections.abc import Callable
from decimal import Context, Inexact, localcontext
from typing import Any

from workers.steps import convert_equity, convert_worker
from workers.steps.calendar_time import day_words
from workers.steps.found_records import (
    EquityFound,
    Found,
    HeadcountFound,
    LeavesFound,
    PayFound,
    ValuationFound,
    WorkerFound,
)
from workers.steps.operations import SPECS, Operation
from workers.steps.readings import AskFounder, CannotTell, Converted, ConvertInput, Reading

# Clients let numbers of at most a hundred digits through, none above 10^31 or with its first digit below 10^-30: the
# sum of all that a list may hold has fewer digits than this, and is exact.
_EXACT = Context(prec=200, traps=[Inexact])

Converter = Callable[[ConvertInput, Any], Reading]
# What each operation leaves behind, and who reads it.
_READERS: dict[Operation, tuple[type[Found], Converter]] = {
    Operation.WORKER_STATUS: (WorkerFound, convert_worker.worker_status),
    Operation.JOB_TITLE: (WorkerFound, convert_worker.job_title),
    Operation.START_DATE: (WorkerFound, convert_worker.start_date),
    Operation.TENURE: (WorkerFound, convert_worker.tenure),
    Operation.WORK_STATE: (WorkerFound, convert_worker.work_state),
    Operation.WORK_STATE_AND_ENTITY: (WorkerFound, convert_worker.work_state_and_entity),
    Operation.AGE_40_PLUS: (WorkerFound, convert_worker.age_40_plus),
    Operation.HEADCOUNT: (HeadcountFound, convert_worker.headcount),
    Operation.COMPENSATION: (PayFound, convert_worker.compensation),
    Operation.LEAVE_BALANCE: (LeavesFound, convert_worker.leave_balance),
    Operation.VESTED_ON: (EquityFound, convert_equity.vested_on),
    Operation.UNVESTED_ON: (EquityFound, convert_equity.unvested_on),
    Operation.NEXT_VESTING_DATE: (EquityFound, convert_equity.next_vesting_date),
    Operation.OPTION_TERMS: (EquityFound, convert_equity.option_terms),
    Operation.EQUITY_GRANTED: (EquityFound, convert_equity.equity_granted),
    Operation.FAIR_MARKET_VALUE: (ValuationFound, convert_equity.fair_market_value),
}


def convert_record(given: ConvertInput, found: dict[str, Any]) -> Converted | AskFounder:
    """The fact of the question's kind that `found`, as it was stored, gives."""
    kind, convert = _READERS[given.plan.operation]
    try:
        with localcontext(_EXACT):
            reading = convert(given, kind.model_validate(found))
        value = _choice_of(given, reading) if given.kind == "choice" else reading.values.get(given.kind)
    except CannotTell as cannot:
        return cannot.asks
    if value is None:
        reason = f"What {given.provider} has on this is not the {given.kind.replace('_', '/')} that is needed."
        return AskFounder("ambiguous", reason, reading.statement)
    is_of_day = SPECS[given.plan.operation].takes == "on"
    is_of_today = not is_of_day or given.day == given.today
    return Converted(
        value=value,
        unit=reading.unit if given.kind in ("number", "money") else None,
        as_of=reading.as_of or (given.day if is_of_day else given.today),
        record_id=reading.record_id,
        statement=reading.statement if is_of_today else f"{reading.statement} {_computed(given)}",
        also=reading.also if given.kind == "text" else (),
        is_of_today=is_of_today,
    )


def _computed(given: ConvertInput) -> str:
    """That nobody wrote this down on the day that it is of."""
    day, today = day_words(given.day), day_words(given.today)
    return f"This is computed for {day} from {given.provider}'s records of {today}."


def _choice_of(given: ConvertInput, reading: Reading) -> str:
    """The one of the question's choices that the value is, by any of its words. Raises CannotTell."""
    words = {word.casefold() for word in (*reading.also, reading.values.get("text", ""))}
    fits = [choice for choice in given.choices if choice.casefold() in words]
    if len(fits) != 1:
        raise CannotTell(
            "ambiguous", f"What {given.provider} has on this is not one of the choices.", reading.statement
        )
    return fits[0]
