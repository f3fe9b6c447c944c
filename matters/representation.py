"""Matters as the API shows them; `matters/schemas.py` describes the same. A page of them costs few queries."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Count, Prefetch, Sum, prefetch_related_objects
from django.db.models.functions import Length

from matters.facts.offering import offer_of
from matters.facts.showing import days_since
from matters.models import Fact, Matter, Question
from matters.progress import progress_of
from matters.usage import calls_made, plain


def matter_as_json(matter: Matter) -> dict[str, Any]:
    """The object of `GET /matters/{id}`; its fields are in `docs/contract.md`."""
    return matters_as_json([matter])[0]


def matters_as_json(matters: Sequence[Matter]) -> list[dict[str, Any]]:
    """The same for each of `matters`."""
    questions = Question.objects.select_related("fact", "offered__fact", "assigned_to")
    prefetch_related_objects(matters, Prefetch("questions", questions), "facts")
    advice, usage = _advice_of(matters), _usage_of(matters)
    return [_as_json(matter, advice.get(matter.pk, _NO_ADVICE)) | {"usage": usage[matter.pk]} for matter in matters]


def _as_json(matter: Matter, attempts: dict[str, Any]) -> dict[str, Any]:
    newest = attempts["advice"]
    progress = progress_of(matter, newest and newest["status"])
    started, completed = matter.started_at, matter.completed_at
    return {
        "id": str(matter.pk),
        "question": matter.question,
        "priority": matter.priority,
        "metadata": matter.metadata,
        "status": matter.status,
        "waiting_for": matter.waiting_for,
        "progress": progress["progress"],
        "step": progress["step"],
        "submitted_at": matter.submitted_at,
        "started_at": started,
        "completed_at": completed,
        "pruned_at": matter.pruned_at,
        "processing_ms": int((completed - started).total_seconds() * 1000) if started and completed else None,
        "questions": [question_as_json(q) for q in matter.questions.all()],
        "facts": [_fact_as_json(f) for f in matter.facts.all()],
        "error": matter.error,
        **attempts,
    }


def question_as_json(question: Question) -> dict[str, Any]:
    """One of a matter's questions."""
    return {
        "id": str(question.pk),
        "text": question.wording or question.text,
        "why": question.why,
        "kind": question.kind,
        "choices": question.choices,
        "hint": question.hint,
        "problem": question.problem,
        "status": question.status,
        "round": question.round,
        "source": question.source,
        "reason": question.reason,
        "known": question.known,
        "answer": question.answer_told,
        "proposal": question.proposal,
        "offered": _offered_as_json(question),
        "assigned_to": question.assigned_to.email if question.assigned_to else None,
    }


def _offered_as_json(question: Question) -> dict[str, Any] | None:
    entry = offer_of(question)
    if entry is None:
        return None
    return {
        "value": entry.value,
        "unit": entry.unit,
        "as_of": entry.as_of,
        "source": entry.source,
        "gathered_at": entry.at,
        "age_days": days_since(entry.at),
    }


def _fact_as_json(fact: Fact) -> dict[str, Any]:
    return {
        "key": fact.key,
        "value": fact.value,
        "unit": fact.unit,
        "as_of": fact.as_of,
        "source": fact.source,
        "record_id": fact.record_id,
        "status": fact.status,
    }


_NO_ADVICE: dict[str, Any] = {"attempts": 0, "advice": None}


def _advice_of(matters: Sequence[Matter]) -> dict[UUID, dict[str, Any]]:
    """Of each matter that has one the newest attempt, and how many there were in all its versions.

    The length of one that streams is that of its chunks.
    """
    rows = Matter.objects.filter(pk__in=[matter.pk for matter in matters], attempts__isnull=False)
    found: dict[UUID, dict[str, Any]] = {}
    for matter, _started, version, number, status, length, ended, streamed in (
        rows.values_list(
            "pk",
            "attempts__started_event",
            "attempts__version",
            "attempts__number",
            "attempts__status",
            "attempts__length",
            "attempts__ended_at",
        )
        .annotate(streamed=Sum(Length("attempts__chunks__text")))
        .order_by("attempts__started_event")
    ):
        advice = {"version": version, "attempt": number, "status": status, "length": length if ended else streamed or 0}
        found[matter] = {"attempts": found.get(matter, _NO_ADVICE)["attempts"] + 1, "advice": advice}
    return found


def _usage_of(matters: Sequence[Matter]) -> dict[UUID, dict[str, Any]]:
    """Calls to models, and what they cost in US dollars (a decimal as a string)."""
    usage = {matter.pk: {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "cost": "0"} for matter in matters}
    calls = calls_made().filter(matter__in=matters).values("matter_id").order_by()
    for row in calls.annotate(
        count=Count("pk"), prompt=Sum("prompt_tokens"), completion=Sum("completion_tokens"), dollars=Sum("cost")
    ):
        usage[row["matter_id"]] = {
            "calls": row["count"],
            "prompt_tokens": row["prompt"],
            "completion_tokens": row["completion"],
            "cost": plain(row["dollars"]),
        }
    return usage
