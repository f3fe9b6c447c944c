"""The step request_record: the operation, of those that the prompt lists, that answers the question by its words."""

import re
from typing import Any

from demo.model.reading import Record, first_record, records

# The first operation that the prompt lists and one of whose phrases the question has.
_CUES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("work_state_and_entity", ("legal entit", "employing entity")),
    ("work_state", ("which state", "what state")),
    ("worker_status", ("employee or", "contractor or", "exempt")),
    ("age_40_plus", ("40 or older",)),
    ("headcount", ("how many active employees", "how many employees", "headcount")),
    ("compensation", ("salary", "bonus", "relocation")),
    ("leave_balance", ("vacation", "paid leave", "time off")),
    ("tenure", ("how long has",)),
    ("start_date", ("when did", "start date")),
    ("job_title", ("title",)),
    ("unvested_on", ("unvested",)),
    ("vested_on", ("vested",)),
    ("next_vesting_date", ("next vesting", "cliff")),
    ("option_terms", ("isos or nsos", "exercise price", "strike")),
    ("fair_market_value", ("fair market value", "valuation")),
    ("equity_granted", ("granted", "options or shares")),
)
_COMPONENTS = {"signing bonus": "signing_bonus", "target bonus": "target_bonus", "relocation": "relocation"}
_LISTED = re.compile(r"^- `([a-z0-9_]+)`: .*?(?:; takes `([a-z]+)`)?$", re.MULTILINE)


def request_record(prompt: str) -> dict[str, Any]:
    """The operation, with the parameter that it takes; `none` where no operation's words are in the question."""
    text = first_record(prompt, "question")["text"].lower()
    takes = {match[1]: match[2] for match in _LISTED.finditer(prompt)}
    operation = next((name for name, phrases in _CUES if name in takes and any(p in text for p in phrases)), "none")
    parameter = takes.get(operation)
    return {
        "reason": "No record of this system answers it." if operation == "none" else "This record says so.",
        "operation": operation,
        "component": _component(text) if parameter == "component" else None,
        "on": None,
        "on_answer_to": _date_question(text, records(prompt, "date_question")) if parameter == "on" else None,
    }


def _component(text: str) -> str:
    return next((name for phrase, name in _COMPONENTS.items() if phrase in text), "annual_salary")


def _date_question(text: str, dates: list[Record]) -> str | None:
    """The date that the question speaks of by its key's words; of "that date" the first one that is asked for."""
    named = (date["key"] for date in dates if date["key"].replace("_", " ") in text)
    that = dates[0]["key"] if dates and "that date" in text else None
    return next(named, that)
