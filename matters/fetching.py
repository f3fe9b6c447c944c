"""Questions that a provider is to answer, and what each of them waits for before it can be asked.

The plan of a request may need to know whom the matter is about, or a day that a person gives by another question. So
whoever finishes a step of the matter looks, under its lock, which requests can be made now: nothing is forgotten when a
worker dies, and nobody waits in a worker.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from matters.ledger import NewStep, insert_steps
from matters.models import Matter, Question
from matters.states import SETTLED, QuestionStatus, StepState

PERSON_KEY = "person:{}"  # of the question whom the matter is about; no playbook's key has a colon


def begin_fetches(matter: Matter) -> None:
    """Insert what can be done now for the questions of a locked `matter` that wait for a provider."""
    steps: dict[str, NewStep] = {}
    for question, needs in _planned(matter):
        lacking = next((provider for provider in needs["people"] if provider not in matter.people), None)
        if lacking is not None:
            if not _is_looked_for(matter, lacking):
                key = f"find_person:{lacking}"
                steps[key] = NewStep("find_person", key, payload={"provider": lacking})
        elif not _is_waited_for(matter, needs["day_of"]):
            key = f"fetch_record:{question.position}"
            steps[key] = NewStep("fetch_record", key, str(question.pk))
    if more := sum(step.kind == "find_person" for step in steps.values()):
        matter.steps_total += more
        matter.save(update_fields=["steps_total"])
    if steps:
        insert_steps(matter, list(steps.values()))


def is_about_person(question: Question) -> bool:
    """Whether it asks whom the matter is about."""
    return question.key.startswith(PERSON_KEY.format(""))


def waited_for(matter: Matter, questions: Sequence[Question]) -> dict[Question, Question]:
    """Of all `questions` of a matter those that a provider is asked behind another one's answer, with that one."""
    fetching = [question for question in questions if question.status == QuestionStatus.FETCHING]
    needs, found = _needs(matter) if fetching else {}, {}
    for question in fetching:
        if need := needs.get(str(question.pk)):
            keys = {PERSON_KEY.format(provider) for provider in need["people"] if provider not in matter.people}
            keys.add(need["day_of"])
            before = next((other for other in questions if other.key in keys and other.status not in SETTLED), None)
            if before is not None:
                found[question] = before
    return found


def _needs(matter: Matter) -> dict[str, dict[str, Any]]:
    """What the newest plan of each question needs, by the question's id."""
    plans = matter.steps.filter(kind="request_record", state=StepState.DONE).order_by("pk")
    return {step.subject: step.result["needs"] for step in plans if step.result and "needs" in step.result}


def _planned(matter: Matter) -> Iterator[tuple[Question, dict[str, Any]]]:
    """The questions that have a plan, and no request yet, each with what the plan needs."""
    needs = _needs(matter)
    begun = matter.steps.filter(kind__in=("fetch_record", "convert_record")).exclude(state=StepState.CANCELED)
    has_begun = set(begun.values_list("subject", flat=True))
    for question in matter.questions.filter(status=QuestionStatus.FETCHING):
        subject = str(question.pk)
        if subject in needs and subject not in has_begun:
            yield question, needs[subject]


def _is_looked_for(matter: Matter, provider: str) -> bool:
    """Whether somebody finds out, or a person is asked, whom the matter is about."""
    looking = matter.steps.filter(version=matter.version, key=f"find_person:{provider}")
    return looking.exists() or matter.questions.filter(key=PERSON_KEY.format(provider)).exists()


def _is_waited_for(matter: Matter, key: str | None) -> bool:
    """Whether the question of that key may still bring a day. One that waits for a day itself is not waited for."""
    other = matter.questions.filter(key=key).exclude(status__in=SETTLED).first() if key else None
    if other is None:
        return False
    plan = matter.steps.filter(kind="request_record", subject=str(other.pk), state=StepState.DONE).last()
    return plan is None or not (plan.result or {}).get("needs", {}).get("day_of")
