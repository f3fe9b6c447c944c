"""Questions that a provider is to answer, and what each of them waits for before it can be asked.

The plan of a request may need to know whom the matter is about, or a day that a person gives by another question. So
whoever finishes a step of the matter looks, under its lock, which requests can be made now: nothing is forgotten when a
worker dies, and nobody waits in a worker.
"""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from matters.ledger import NewStep, insert_steps
from matters.models import Matter, Question
from matters.states import SETTLED, QuestionStatus, StepState

PERSON_KEY = "person:{}"  # of the question whom the matter is about; no playbook's key has a colon


def begin_fetches(matter: Matter) -> None:
    """Insert what can be done now for the questions of a locked `matter` that wait for a provider.

    It looks three times, however many they are: each finished step has this done while it holds the lock.
    """
    questions = list(matter.questions.only("key", "position", "status"))
    needs, (asked, looked_for) = _needs(matter), _begun(matter)
    looked_for |= {question.key for question in questions}
    steps: dict[str, NewStep] = {}
    for question in questions:
        subject = str(question.pk)
        if question.status != QuestionStatus.FETCHING or not needs.get(subject) or subject in asked:
            continue
        need = needs[subject]
        lacking = next((provider for provider in need["people"] if provider not in matter.people), None)
        if lacking is not None:
            if PERSON_KEY.format(lacking) not in looked_for:
                key = f"find_person:{lacking}"
                steps[key] = NewStep("find_person", key, payload={"provider": lacking})
        elif not _is_waited_for(need["day_of"], questions, needs):
            key = f"fetch_record:{question.position}"
            steps[key] = NewStep("fetch_record", key, subject)
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
    """What the newest plan of each question needs, by the question's id; empty where nothing could be planned."""
    plans = matter.steps.filter(kind="request_record", state=StepState.DONE).order_by("pk")
    return {subject: needs or {} for subject, needs in plans.values_list("subject", "result__needs")}


def _begun(matter: Matter) -> tuple[set[str], set[str]]:
    """The ids of the questions that a provider is or was asked, and, of those whom the matter is about, the keys of
    which a step looks for the answer."""
    requests = Q(kind__in=("fetch_record", "convert_record")) & ~Q(state=StepState.CANCELED)
    begun = matter.steps.filter(requests | Q(kind="find_person", version=matter.version))
    asked, looked_for = set(), set()
    for kind, subject, provider in begun.values_list("kind", "subject", "payload__provider"):
        if kind == "find_person":
            looked_for.add(PERSON_KEY.format(provider))
        else:
            asked.add(subject)
    return asked, looked_for


def _is_waited_for(key: str | None, questions: Sequence[Question], needs: dict[str, dict[str, Any]]) -> bool:
    """Whether the question of that key may still bring a day. One that waits for a day itself is not waited for."""
    other = next((q for q in questions if q.key == key and q.status not in SETTLED), None)
    return other is not None and not needs.get(str(other.pk), {}).get("day_of")
