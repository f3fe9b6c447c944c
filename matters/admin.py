"""Matters and their ledger as staff see them: everything readable, nothing editable.

A status or a step that was changed here would leave the state machine, and its events would not say so. What staff may
do is what a founder may: the action calls the same service.
"""

from typing import ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string

from matters.models import (
    Batch,
    Breaker,
    CachedReply,
    CompanyFact,
    CompanyFactEntry,
    Delivery,
    Event,
    Fact,
    IdempotencyRecord,
    LLMCall,
    Matter,
    Notice,
    ProviderCall,
    Question,
    Step,
)
from matters.services import NotAllowed, retry_matter
from matters.trail import trails_of
from playbooks.admin import ReadOnly


class QuestionInline(ReadOnly, admin.TabularInline[Question, Matter]):
    model = Question
    fields = ("position", "key", "text", "kind", "status", "round", "source", "answers")
    show_change_link = True


class FactInline(ReadOnly, admin.TabularInline[Fact, Matter]):
    model = Fact
    fields = ("key", "value", "unit", "as_of", "source", "status")
    show_change_link = True


class ProviderCallInline(ReadOnly, admin.TabularInline[ProviderCall, Matter]):
    model = ProviderCall
    fields = ("at", "provider", "operation", "status", "error_code", "latency_ms", "question", "record_ids")


class StepInline(ReadOnly, admin.TabularInline[Step, Matter]):
    model = Step
    fields = ("key", "version", "state", "due_at", "attempt", "calls_seen", "epoch", "error", "finished_at")
    ordering = ("pk",)
    show_change_link = True


class EventInline(ReadOnly, admin.TabularInline[Event, Matter]):
    model = Event
    fields = ("number", "at", "type", "from_status", "to_status", "why")


@admin.register(Matter)
class MatterAdmin(ReadOnly, admin.ModelAdmin[Matter]):
    list_display = (
        "__str__",
        "company",
        "status",
        "waiting_for",
        "version",
        "submitted_at",
        "completed_at",
        "pruned_at",
        "deleted_at",
    )
    list_filter = ("status", "waiting_for", "priority")
    list_select_related = ("company",)
    search_fields = ("id", "company__slug", "question", "title")
    date_hierarchy = "submitted_at"
    inlines: ClassVar = [QuestionInline, FactInline, ProviderCallInline, StepInline, EventInline]
    actions = ("retry",)

    @admin.action(description="Retry: let them go on from the step that failed")
    def retry(self, request: HttpRequest, queryset: QuerySet[Matter]) -> None:
        for matter in queryset:
            try:
                retry_matter(matter.pk)
                self.message_user(request, f"{matter.pk} goes on.")
            except NotAllowed as refusal:
                self.message_user(request, f"{matter.pk}: {refusal}", messages.WARNING)


@admin.register(Question)
class QuestionAdmin(ReadOnly, admin.ModelAdmin[Question]):
    list_display = ("__str__", "matter", "kind", "status", "round", "source")
    list_filter = ("status", "kind")
    list_select_related = ("matter",)
    search_fields = ("id", "matter__id", "key")
    readonly_fields = ("trail",)

    @admin.display(description="How it was looked for")
    def trail(self, question: Question) -> str:
        """Routing, plan, person, requests and reading, as the founder sees them."""
        trail = trails_of(question.matter).get(str(question.pk))
        if trail is None:
            return "Nothing was looked for yet."
        return render_to_string("matters/_trail.html", {"trail": trail})


@admin.register(Fact)
class FactAdmin(ReadOnly, admin.ModelAdmin[Fact]):
    list_display = ("key", "matter", "source", "status", "as_of", "created_at")
    list_filter = ("status", "source")
    list_select_related = ("matter",)
    search_fields = ("matter__id", "key")


class EntryInline(ReadOnly, admin.TabularInline[CompanyFactEntry, CompanyFact]):
    model = CompanyFactEntry
    fields = ("at", "how", "value", "unit", "as_of", "source", "record_id", "matter", "by")
    ordering = ("pk",)


@admin.register(CompanyFact)
class CompanyFactAdmin(ReadOnly, admin.ModelAdmin[CompanyFact]):
    list_display = ("key", "company", "subject", "source", "status", "gathered_at", "stale_at")
    list_filter = ("status", "source")
    list_select_related = ("company",)
    search_fields = ("company__slug", "key", "subject")
    inlines: ClassVar = [EntryInline]


class CallInline(ReadOnly, admin.TabularInline[LLMCall, Step]):
    model = LLMCall
    fields = ("at", "model", "outcome", "error_code", "prompt_tokens", "completion_tokens", "latency_ms")
    readonly_fields = ("at",)


@admin.register(Step)
class StepAdmin(ReadOnly, admin.ModelAdmin[Step]):
    list_display = ("key", "matter", "version", "kind", "state", "due_at", "attempt", "calls_seen", "finished_at")
    list_filter = ("state", "kind")
    list_select_related = ("matter",)
    search_fields = ("matter__id", "key")
    inlines: ClassVar = [CallInline]


@admin.register(LLMCall)
class LLMCallAdmin(ReadOnly, admin.ModelAdmin[LLMCall]):
    list_display = ("at", "kind", "model", "outcome", "error_code", "prompt_tokens", "completion_tokens", "latency_ms")
    list_filter = ("outcome", "kind", "model")
    search_fields = ("matter__id", "request_id")
    date_hierarchy = "at"


@admin.register(ProviderCall)
class ProviderCallAdmin(ReadOnly, admin.ModelAdmin[ProviderCall]):
    list_display = ("at", "provider", "operation", "status", "error_code", "latency_ms", "matter")
    list_filter = ("provider", "operation", "status")
    list_select_related = ("matter",)
    search_fields = ("matter__id",)
    date_hierarchy = "at"


@admin.register(Event)
class EventAdmin(ReadOnly, admin.ModelAdmin[Event]):
    list_display = ("at", "matter", "number", "type", "from_status", "to_status", "why")
    list_filter = ("type",)
    list_select_related = ("matter",)
    search_fields = ("matter__id",)
    ordering = ("-pk",)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, admin.ModelAdmin[Delivery]):
    list_display = ("id", "event", "endpoint", "status", "attempts", "due_at", "last_status_code", "last_error")
    list_filter = ("status",)
    list_select_related = ("event", "endpoint")
    search_fields = ("id", "event__matter__id", "endpoint__id")
    date_hierarchy = "created_at"


@admin.register(Notice)
class NoticeAdmin(ReadOnly, admin.ModelAdmin[Notice]):
    list_display = ("id", "matter", "user", "kind", "status", "attempts", "due_at", "sent_at")
    list_filter = ("kind", "status")
    list_select_related = ("matter", "user")
    search_fields = ("id", "matter__id", "user__email")


@admin.register(Batch)
class BatchAdmin(ReadOnly, admin.ModelAdmin[Batch]):
    list_display = ("id", "company", "created_at", "canceled_at")
    list_select_related = ("company",)
    search_fields = ("id", "company__slug")


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(ReadOnly, admin.ModelAdmin[IdempotencyRecord]):
    list_display = ("key", "company", "status", "created_at")
    list_select_related = ("company",)
    search_fields = ("key", "company__slug")


@admin.register(Breaker)
class BreakerAdmin(ReadOnly, admin.ModelAdmin[Breaker]):
    list_display = ("key", "code", "detail", "opened_at", "probe_at")


@admin.register(CachedReply)
class CachedReplyAdmin(ReadOnly, admin.ModelAdmin[CachedReply]):
    list_display = ("sha256", "company", "expires_at")
    list_select_related = ("company",)
    search_fields = ("company__slug",)
