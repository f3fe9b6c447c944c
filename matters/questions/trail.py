"""How each question's answer was looked for: who was thought to know, what was requested, and what came of it.

Read from the ledger of steps and the record of requests, for the matter's page and for staff.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from matters.models import Matter, ProviderCall
from matters.states import StepState

_KINDS = ("route_question", "request_record", "fetch_record", "convert_record")
_OUTCOMES = {
    "redacted": "held back by the provider",
    "unreadable": "not readable",
    "missing": "not on record",
    "ambiguous": "not clear",
    "unset": "not in the record",
}


@dataclass(frozen=True)
class Trail:
    """`plan` and `outcome` are empty where it did not come so far. `record`: what the provider calls the record."""

    routed: str = ""
    plan: str = ""
    person: str = ""
    calls: list[ProviderCall] = field(default_factory=list)
    outcome: str = ""
    record: str = ""
    rejected: bool = False

    @property
    def is_of_provider(self) -> bool:
        """Whether a provider was to be asked at all."""
        return bool(self.plan or self.calls or self.rejected)


def trails_of(matter: Matter) -> dict[str, Trail]:
    """By the question's id, in all versions: of each kind of step the newest that is done."""
    done = matter.steps.filter(kind__in=_KINDS, state=StepState.DONE, result__isnull=False).order_by("pk")
    results: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for subject, kind, result in done.values_list("subject", "kind", "result"):
        results[subject][kind] = result
    calls: defaultdict[str, list[ProviderCall]] = defaultdict(list)
    for call in matter.provider_calls.order_by("at"):
        calls[str(call.question_id)].append(call)
    return {subject: _trail(matter, of, calls[subject]) for subject, of in results.items()}


def _trail(matter: Matter, results: dict[str, Any], calls: list[ProviderCall]) -> Trail:
    planned, routed = results.get("request_record", {}), results.get("route_question", {})
    return Trail(
        routed=routed.get("reason", ""),
        plan=_plan_words(planned),
        person=_person_words(matter, planned, routed.get("source", "")),
        calls=calls,
        outcome=_outcome_words(results),
        record=results.get("convert_record", {}).get("record", ""),
        rejected=planned.get("status") == "rejected",
    )


def _plan_words(planned: dict[str, Any]) -> str:
    """`vested_on, on the answer to planned_date: This record says so.`"""
    if planned.get("status") != "planned":
        return f"{planned['status']}: {planned['reason']}" if planned else ""
    plan = planned["plan"]
    day = f"on the answer to {plan['on_answer_to']}" if plan["on_answer_to"] else plan["on"]
    return f"{', '.join(part for part in (plan['operation'], plan['component'], day) if part)}: {plan['reason']}"


def _person_words(matter: Matter, planned: dict[str, Any], provider: str) -> str:
    """`Marcus Ellery, Chief Technology Officer: the only one whose title your question has`."""
    person = matter.people.get(provider) if planned.get("needs", {}).get("people") else None
    if not person:
        return ""
    label = ", ".join(part for part in (person.get("name"), person.get("title")) if part)
    return f"{label or 'nobody'}: {person['how']}"


def _outcome_words(results: dict[str, Any]) -> str:
    converted, fetched = results.get("convert_record"), results.get("fetch_record", {})
    if converted:
        statement = converted.get("statement")
        return statement or f"{_OUTCOMES.get(converted['status'], converted['status'])}: {converted['reason']}"
    return f"{fetched['code']}: {fetched['reason']}" if fetched.get("status") == "unanswered" else ""
