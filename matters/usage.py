"""What companies have used of language models, by day and model."""

from collections.abc import Sequence
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import Now, TruncDate, TruncDay

from matters.models import CallOutcome, LLMCall


def calls_made() -> QuerySet[LLMCall]:
    """The calls that reached for a model, whatever came of them; not the replies that were used again."""
    return LLMCall.objects.exclude(outcome=CallOutcome.CACHED)


def plain(dollars: Decimal) -> str:
    """The amount as the API shows it, without zeros at its end: `0`, `0.25`."""
    return f"{dollars.normalize():f}"


def usage_of(companies: Sequence[UUID], days: int) -> list[dict[str, Any]]:
    """Of the last `days` (UTC, today included) the calls, tokens and US dollars by model, newest day first."""
    first = TruncDay(Now() - timedelta(days=days - 1), tzinfo=UTC)
    calls = calls_made().filter(matter__company__in=companies, at__gte=first)
    calls = calls.annotate(day=TruncDate("at", tzinfo=UTC))
    rows = calls.values("day", "model").annotate(
        count=Count("pk"), prompt=Sum("prompt_tokens"), completion=Sum("completion_tokens"), dollars=Sum("cost")
    )
    return [
        {
            "day": row["day"],
            "model": row["model"],
            "calls": row["count"],
            "prompt_tokens": row["prompt"],
            "completion_tokens": row["completion"],
            "cost": plain(row["dollars"]),
        }
        for row in rows.order_by("-day", "model")
    ]
