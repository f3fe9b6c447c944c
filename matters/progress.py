"""How far a matter is, in numbers and in words that a founder reads."""

from typing import Any

from matters.models import Matter
from matters.states import MatterStatus, WaitingFor

_WORDS = {
    MatterStatus.QUEUED: "Waiting for a free worker",
    MatterStatus.RESEARCHING: "Finding the playbook that answers the question",
    MatterStatus.GATHERING: "Gathering the facts",
    MatterStatus.AWAITING_FOUNDER: "Waiting for your answers",
    MatterStatus.ADVISING: "Writing the advice",
    MatterStatus.ADVISED: "The advice is written",
    MatterStatus.FAILED: "Stopped by an error",
    MatterStatus.CANCELED: "Stopped",
}
_WAITING = {
    WaitingFor.PROVIDER: "Waiting for the language model",
    WaitingFor.RATE_LIMIT: "Waiting for the language model's rate limit",
    WaitingFor.BUDGET: "Waiting for the day's budget",
    WaitingFor.CONFLICT: "Waiting for a conflict between facts to be settled",
}


def progress_of(matter: Matter, advice: str | None = None) -> dict[str, Any]:
    """The data of a `matter.updated` event. `advice`: the status of the newest attempt; looked up unless given.

    `progress` is the share of the steps that are known to be needed; it reaches 100 only with the advice.
    `eta_seconds` is null: too little is known to promise a time.
    """
    done, total = matter.steps_done, max(matter.steps_total, matter.steps_done, 1)
    progress = 100 if matter.status == MatterStatus.ADVISED else min(99, 100 * done // total)
    return {
        "status": matter.status,
        "waiting_for": matter.waiting_for,
        "progress": progress,
        "step": _step_words(matter, advice),
        "steps_done": done,
        "steps_total": total,
        "eta_seconds": None,
    }


def _step_words(matter: Matter, advice: str | None) -> str:
    """What is being done or waited for, in a few words."""
    if matter.status == MatterStatus.ADVISED and (advice or newest_advice(matter)) == "incomplete":
        return "The advice is incomplete: the model stopped before the end"
    waiting = _WAITING.get(WaitingFor(matter.waiting_for)) if matter.waiting_for else None
    return waiting or _WORDS[MatterStatus(matter.status)]


def newest_advice(matter: Matter) -> str | None:
    """The status of the newest attempt; None before there is one."""
    return matter.attempts.order_by("-started_event").values_list("status", flat=True).first()
