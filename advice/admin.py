"""Advice as staff see it: everything readable, nothing editable, since what was streamed is what is kept."""

from collections.abc import Callable, Iterable
from typing import ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from advice.models import Attempt, Check, Feedback, Review, ReviewComment, ShareLink
from advice.services import cancel_matter, folded_text
from companies.content_admin import NotesReading, OnlyWithContent, may_operate
from matters.admin import MatterAdmin
from matters.going_on import retry_matter
from matters.models import DeadLetter, Matter, Step
from matters.services import NotAllowed
from matters.states import StepState
from playbooks.admin import ReadOnly


class CheckInline(OnlyWithContent, ReadOnly, admin.TabularInline[Check, Attempt]):
    model = Check


@admin.register(Attempt)
class AttemptAdmin(NotesReading, OnlyWithContent, ReadOnly, admin.ModelAdmin[Attempt]):
    list_display = ("matter", "version", "number", "status", "model", "length", "created_at", "ended_at")
    list_filter = ("status", "model")
    list_select_related = ("matter",)
    search_fields = ("matter__id",)
    exclude = ("text",)
    readonly_fields = ("text_so_far",)
    inlines: ClassVar = [CheckInline]

    @admin.display(description="Text")
    def text_so_far(self, attempt: Attempt) -> str:
        """The chunks while it streams: their key of two columns keeps them from having pages of their own."""
        return attempt.text if attempt.ended_at else folded_text(attempt.pk)


@admin.register(Check)
class CheckAdmin(NotesReading, OnlyWithContent, ReadOnly, admin.ModelAdmin[Check]):
    list_display = ("attempt", "start", "end", "verdict", "reason")
    list_filter = ("verdict",)
    list_select_related = ("attempt",)


@admin.register(ShareLink)
class ShareLinkAdmin(ReadOnly, admin.ModelAdmin[ShareLink]):
    list_display = ("attempt", "created_by", "created_at", "expires_at", "revoked_at", "views", "last_seen_at")
    list_select_related = ("attempt", "created_by")
    exclude = ("sha256",)


@admin.register(Feedback)
class FeedbackAdmin(NotesReading, OnlyWithContent, ReadOnly, admin.ModelAdmin[Feedback]):
    list_display = ("attempt", "helpful", "reason", "by", "at")
    list_filter = ("helpful",)
    list_select_related = ("attempt", "by")
    search_fields = ("attempt__matter__id",)


class CommentInline(OnlyWithContent, ReadOnly, admin.TabularInline[ReviewComment, Review]):
    model = ReviewComment


@admin.register(Review)
class ReviewAdmin(NotesReading, OnlyWithContent, ReadOnly, admin.ModelAdmin[Review]):
    """Reviews as they were decided; the review desk is where they are made."""

    list_display = ("attempt", "state", "reviewer", "reviewed_by", "taken_at", "decided_at", "sha256")
    list_filter = ("state",)
    list_select_related = ("attempt", "reviewer")
    search_fields = ("attempt__matter__id", "sha256")
    inlines: ClassVar = [CommentInline]


def _change_each(request: HttpRequest, matters: Iterable[UUID], service: Callable[[UUID], object], done: str) -> None:
    """Each by itself: one that its state forbids says so, and keeps no other from it."""
    for pk in matters:
        try:
            service(pk)
            messages.success(request, f"Matter {pk} {done}.")
        except NotAllowed as refusal:
            messages.warning(request, f"Matter {pk}: {refusal}")


admin.site.unregister(Matter)


@admin.register(Matter)
class StoppableMatterAdmin(MatterAdmin):
    """Matters with what `advice` can do to them."""

    actions = (*MatterAdmin.actions, "stop")

    @admin.action(description="Stop them for good; what is written stays", permissions=["operate"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Matter]) -> None:
        _change_each(request, queryset.values_list("pk", flat=True), cancel_matter, "is stopped")


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnly, admin.ModelAdmin[DeadLetter]):
    """Steps that gave up, newest first, with their error: Retry goes on from there, Discard stops the matter."""

    list_display = ("key", "matter_id", "company", "message", "code", "calls_seen", "finished_at")
    list_filter = ("kind",)
    list_select_related = ("matter__company",)
    search_fields = ("matter__id", "matter__company__slug", "key")
    ordering = ("-finished_at",)
    fields = ("key", "matter", "version", "message", "code", "attempt", "calls_seen", "finished_at")
    readonly_fields = ("message", "code")
    actions = ("retry", "discard")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeadLetter]:
        return super().get_queryset(request).filter(state=StepState.DEAD)

    @admin.display(ordering="matter__company__name")
    def company(self, step: Step) -> str:
        return str(step.matter.company)

    @admin.display(description="Error")
    def message(self, step: Step) -> str:
        return str((step.error or {}).get("message", ""))

    @admin.display(description="Code")
    def code(self, step: Step) -> str:
        return str((step.error or {}).get("code", ""))

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return may_operate(request)

    @admin.action(description="Retry: let their matters go on", permissions=["operate"])
    def retry(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> None:
        _change_each(request, _matters_of(queryset), retry_matter, "goes on")

    @admin.action(description="Discard: stop their matters for good", permissions=["operate"])
    def discard(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> None:
        _change_each(request, _matters_of(queryset), cancel_matter, "is stopped")


def _matters_of(steps: QuerySet[DeadLetter]) -> list[UUID]:
    return list(steps.order_by().values_list("matter", flat=True).distinct())
