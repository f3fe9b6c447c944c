"""A matter as the API shows it."""

from typing import Any

from django.db.models import Count, Sum

from matters.models import Fact, Matter, Question
from matters.progress import progress_of


def matter_as_json(matter: Matter) -> dict[str, Any]:
    """The object of `GET /matters/{id}`; its fields are in `docs/contract.md`."""
    progress = progress_of(matter)
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
        "processing_ms": int((completed - started).total_seconds() * 1000) if started and completed else None,
        "attempts": matter.attempts.count(),
        "questions": [question_as_json(q) for q in matter.questions.all()],
        "facts": [_fact_as_json(f) for f in matter.facts.all()],
        "advice": _advice_as_json(matter),
        "usage": _usage_of(matter),
        "error": matter.error,
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
        "answer": question.answer,
    }


def _fact_as_json(fact: Fact) -> dict[str, Any]:
    return {
        "key": fact.key,
        "value": fact.value,
        "unit": fact.unit,
        "as_of": fact.as_of,
        "source": fact.source,
        "status": fact.status,
    }


def _advice_as_json(matter: Matter) -> dict[str, Any] | None:
    """The newest attempt; its length counts what is stored now."""
    attempt = matter.attempts.order_by("-started_event").first()
    if attempt is None:
        return None
    length = attempt.length if attempt.ended_at else sum(len(chunk.text) for chunk in attempt.chunks.all())
    return {"version": attempt.version, "attempt": attempt.number, "status": attempt.status, "length": length}


def _usage_of(matter: Matter) -> dict[str, Any]:
    """Calls to models, and what they cost in US dollars (a decimal as a string)."""
    totals = matter.calls.aggregate(
        calls=Count("pk"),
        prompt_tokens=Sum("prompt_tokens", default=0),
        completion_tokens=Sum("completion_tokens", default=0),
        cost=Sum("cost", default=0),
    )
    return totals | {"cost": str(totals["cost"])}
