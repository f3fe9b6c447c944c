"""The three stages that a founder sees, with what is really counted in each."""

from dataclasses import dataclass
from typing import Literal

from matters.models import Matter, Question
from matters.services import ADVICE_STEP
from matters.states import SETTLED, MatterStatus, StepState

StageState = Literal["done", "current", "waiting", "to come", "failed", "stopped"]
_PLACE = {
    MatterStatus.QUEUED: 0,
    MatterStatus.RESEARCHING: 0,
    MatterStatus.GATHERING: 1,
    MatterStatus.AWAITING_FOUNDER: 1,
    MatterStatus.ADVISING: 2,
    MatterStatus.ADVISED: 3,
}


@dataclass(frozen=True)
class Stage:
    """`detail` is a count or a few words; it may be empty."""

    name: str
    state: StageState
    detail: str


def stages_of(matter: Matter, questions: list[Question]) -> tuple[Stage, ...]:
    """Research, Facts and Advice as they stand. `questions` are all of the matter's."""
    place = _place(matter, questions)
    details = (_research(matter, place), _facts(questions, place), _advice(matter, place))
    return tuple(
        Stage(name, _state(matter, n, place), detail)
        for n, (name, detail) in enumerate(zip(("Research", "Facts", "Advice"), details, strict=True))
    )


def _place(matter: Matter, questions: list[Question]) -> int:
    """Number of the stage that the matter is in, or was in when it ended."""
    status = MatterStatus(matter.status)
    if status == MatterStatus.FAILED and matter.failed_from:
        status = MatterStatus(matter.failed_from)
    if status in _PLACE:
        return _PLACE[status]
    if matter.steps.filter(kind=ADVICE_STEP).exists():
        return 2
    return 1 if questions else 0


def _state(matter: Matter, number: int, place: int) -> StageState:
    if number != place:
        return "done" if number < place else "to come"
    if matter.status == MatterStatus.FAILED:
        return "failed"
    if matter.status == MatterStatus.CANCELED:
        return "stopped"
    return "waiting" if matter.waiting_for or matter.status == MatterStatus.QUEUED else "current"


def _research(matter: Matter, place: int) -> str:
    judged = matter.steps.filter(kind="judge_relevance")
    verdicts = list(judged.filter(state=StepState.DONE).values_list("result__relevant", flat=True))
    if verdicts:
        return f"{sum(map(bool, verdicts))} of {len(verdicts)} {_plural(len(verdicts), 'playbook')} fit the question"
    return "no playbook fits" if place > 0 else ""


def _facts(questions: list[Question], place: int) -> str:
    if questions:
        settled = sum(question.status in SETTLED for question in questions)
        return f"{settled} of {len(questions)} {_plural(len(questions), 'question')} settled"
    return "nothing to ask" if place > 1 else ""


def _advice(matter: Matter, place: int) -> str:
    return f"version {matter.version}" if place > 1 else ""


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"
