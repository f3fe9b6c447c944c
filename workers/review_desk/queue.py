"""The list of advice to review, longest waiting first."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Left
from django.http import HttpRequest

from advice.models import Attempt, Check, DeskItem
from advice.review.desk import STANDS
from advice.review.models import Review, ReviewState
from matters.states import MatterStatus

STALE = Q(review__state=ReviewState.APPROVED, review__stale_since__isnull=False)
UNDECIDED = (ReviewState.DRAFT, ReviewState.IN_REVIEW)
_checks = Check.objects.filter(attempt=OuterRef("pk"), verdict="unsupported").order_by().values("attempt")
UNSUPPORTED = Coalesce(Subquery(_checks.annotate(count=Count("pk")).values("count")), 0)


def desk_items(items: QuerySet[DeskItem]) -> QuerySet[DeskItem]:
    """Every attempt that stands and whose content is kept."""
    kept = items.filter(status__in=STANDS, matter__pruned_at=None)
    return kept.select_related("matter__company", "review__reviewer")


def listed(items: QuerySet[DeskItem]) -> QuerySet[DeskItem]:
    """`items` with what the list shows of them, and nothing that is large."""
    return items.defer("text", "sources", "matter__question").annotate(
        question=Left("matter__question", 100), has_sources=~Q(sources=[]), unsupported=UNSUPPORTED
    )


def waiting(items: QuerySet[Any]) -> QuerySet[Any]:
    """Those that a reviewer is to look at: the newest of a matter that is advised, undecided or with a stale approval.

    That an approval is stale is read from a column, so the list hashes nothing: `advice.review.proving` finds it out.
    """
    to_look_at = Q(review=None) | Q(review__state__in=UNDECIDED) | STALE
    later = Attempt.objects.filter(matter=OuterRef("matter"), started_event__gt=OuterRef("started_event"))
    return items.filter(to_look_at, ~Exists(later), matter__status=MatterStatus.ADVISED)


def stale_since(item: Attempt) -> datetime | None:
    """When the approval of `item` was found to hold no more; None where it holds, or there is none."""
    review: Review | None = getattr(item, "review", None)
    return review.stale_since if review and review.state == ReviewState.APPROVED else None


class StandFilter(admin.SimpleListFilter):
    """What is to be done comes first; the rest by a click."""

    title, parameter_name = "review", "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("mine", "In review by me"),
            ("stale", "Stale"),
            ("approved", "Approved"),
            ("sent_back", "Sent back"),
            ("all", "All"),
        ]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        yield first | {"display": "Waiting"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if chosen is None:
            return waiting(queryset)
        if chosen == "mine":
            return queryset.filter(review__reviewer=request.user.pk, review__state=ReviewState.IN_REVIEW)
        if chosen == "stale":
            return waiting(queryset).filter(STALE)
        return queryset if chosen == "all" else queryset.filter(review__state=chosen)
