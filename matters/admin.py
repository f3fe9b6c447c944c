"""Matters and their ledger as staff see them: everything readable, nothing editable.

A status or a step that was changed here would leave the state machine, and its events would not say so. What staff may
do is what a founder may: the action calls the same service.
"""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string

from companies.admin import CompanyAdmin
from companies.content_admin import NotesReading, OnlyWithContent, may_operate, may_read_content
from companies.models import Company
from matters.going_on import retry_matter
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
from matters.questions.trail import trails_of
from matters.services import NotAllowed
from matters.usage import usage_of
from playbooks.admin import ReadOnly

USAGE_DAYS = 30


class QuestionInline(OnlyWithContent, ReadOnly, admin.TabularInline[Question, Matter]):
    model = Question
    fields = ("position", "key", "text", "kind", "status", "round", "source", "answers")
    show_change_link = True


class FactInline(OnlyWithContent, ReadOnly, admin.TabularInline[Fact, Matter]):
    model = Fact
    fields = ("key", "value", "unit", "as_of", "source", "status")
    show_change_link = True


class ProviderCallInline(ReadOnly, admin.TabularInline[ProviderCall, Matter]):
    model = ProviderCall

    def get_fields(self, request: HttpRequest, obj: Matter | None = None) -> tuple[str, ...]:
        content = ("question", "record_ids") if may_read_content(request) else ()
        return ("at", "provider", "operation", "status", "error_code", "latency_ms", *content)


class StepInline(ReadOnly, admin.TabularInline[Step, Matter]):
    model = Step
    fields = ("key", "version", "state", "due_at", "attempt", "calls_seen", "epoch", "error", "finished_at")
    ordering = ("pk",)
    show_change_link = True


class EventInline(OnlyWithContent, ReadOnly, admin.TabularInline[Event, Matter]):
    model = Event
    fields = ("number", "at", "type", "from_status", "to_status", "why")


@admin.register(Matter)
class MatterAdmin(NotesReading, ReadOnly, admin.ModelAdmin[Matter]):
    list_display = (
        "__str__",
        "asked",
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
    actions: tuple[str, ...] = ("retry",)
    content_fields = ("question", "title", "metadata", "webhook_url", "people", "dedupe")
    content_columns = ("asked",)
    content_search = ("question", "title")

    @admin.display(description="Question")
    def asked(self, matter: Matter) -> str:
        return matter.question[:80] or "(its content was removed)"

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return may_operate(request)

    @admin.action(description="Retry: let them go on from the step that failed", permissions=["operate"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Matter]) -> None:
        for matter in queryset:
            try:
                retry_matter(matter.pk)
                self.message_user(request, f"{matter.pk} goes on.")
            except NotAllowed as refusal:
                self.message_user(request, f"{matter.pk}: {refusal}", messages.WARNING)


admin.site.unregister(Company)


@admin.register(Company)
class CompanyWithUsageAdmin(CompanyAdmin):
    """Companies with what they used of language models."""

    readonly_fields = ("usage", "by_status")

    @admin.display(description=f"Usage of the last {USAGE_DAYS} days (UTC)")
    def usage(self, company: Company) -> str:
        """By day and model: calls, tokens and US dollars."""
        return render_to_string("admin/usage.html", {"rows": usage_of([company.pk], USAGE_DAYS)})

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list[Any], Any, set[str], list[Any]]:
        """Companies with matters are refused at once: Django would load all that they have, only to refuse them."""
        matters = Matter.objects.filter(company=OuterRef("pk"))
        in_the_way = Company.objects.filter(Exists(matters), pk__in=[company.pk for company in objs])
        if protected := [f"the matters of {company}" for company in in_the_way]:
            return [], {}, set(), protected
        return super().get_deleted_objects(objs, request)

    @admin.display(description="Matters")
    def by_status(self, company: Company) -> str:
        counts = company.matters.order_by().values_list("status").annotate(count=Count("pk"))
        return ", ".join(f"{count} {status}" for status, count in sorted(counts)) or "none"


@admin.register(Question)
class QuestionAdmin(NotesReading, OnlyWithContent, ReadOnly, admin.ModelAdmin[Question]):
    list_display = ("__str__", "matter", "kind", "status", "round", "source")
    list_filter = ("status", "kind")
    list_select_related = ("matter",)
    search_fields = ("id", "matter__id", "key")
    readonly_fields = ("trail",)

    @admin.display(description="How we looked for it")
    def trail(self, question: Question) -> str:
        """Routing, plan, person, requests and reading, as the founder sees them."""
        trail = trails_of(question.matter).get(str(question.pk))
        if trail is None:
            return "Nothing has been looked for yet."
        return render_to_string("matters/_trail.html", {"trail": trail})


@admin.register(Fact)
class FactAdmin(NotesReading, OnlyWithContent, ReadOnly, admin.ModelAdmin[Fact]):
    list_display = ("key", "matter", "source", "status", "as_of", "created_at")
    list_filter = ("status", "source")
    list_select_related = ("matter",)
    search_fields = ("matter__id", "key")


class EntryInline(OnlyWithContent, ReadOnly, admin.TabularInline[CompanyFactEntry, CompanyFact]):
    model = CompanyFactEntry
    fields = ("at", "how", "value", "unit", "as_of", "source", "record_id", "matter", "by")
    ordering = ("pk",)


@admin.register(CompanyFact)
class CompanyFactAdmin(NotesReading, OnlyWithContent, ReadOnly, admin.ModelAdmin[CompanyFact]):
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
class StepAdmin(NotesReading, ReadOnly, admin.ModelAdmin[Step]):
    list_display = ("key", "matter", "version", "kind", "state", "due_at", "attempt", "calls_seen", "finished_at")
    list_filter = ("state", "kind")
    list_select_related = ("matter",)
    search_fields = ("matter__id", "key")
    inlines: ClassVar = [CallInline]
    content_fields = ("payload", "result")


@admin.register(LLMCall)
class LLMCallAdmin(ReadOnly, admin.ModelAdmin[LLMCall]):
    list_display = ("at", "kind", "model", "outcome", "error_code", "prompt_tokens", "completion_tokens", "latency_ms")
    list_filter = ("outcome", "kind", "model")
    search_fields = ("matter__id", "request_id")
    date_hierarchy = "at"


@admin.register(ProviderCall)
class ProviderCallAdmin(NotesReading, ReadOnly, admin.ModelAdmin[ProviderCall]):
    list_display = ("at", "provider", "operation", "status", "error_code", "latency_ms", "matter")
    list_filter = ("provider", "operation", "status")
    content_fields = ("question", "record_ids")
    list_select_related = ("matter",)
    search_fields = ("matter__id",)
    date_hierarchy = "at"


@admin.register(Event)
class EventAdmin(NotesReading, OnlyWithContent, ReadOnly, admin.ModelAdmin[Event]):
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
class IdempotencyRecordAdmin(NotesReading, OnlyWithContent, ReadOnly, admin.ModelAdmin[IdempotencyRecord]):
    list_display = ("key", "company", "status", "created_at")
    list_select_related = ("company",)
    search_fields = ("key", "company__slug")


@admin.register(Breaker)
class BreakerAdmin(NotesReading, ReadOnly, admin.ModelAdmin[Breaker]):
    list_display = ("key", "code", "detail", "opened_at", "probe_at")
    content_fields = content_columns = ("detail",)  # the provider's own words may repeat a prompt


@admin.register(CachedReply)
class CachedReplyAdmin(NotesReading, OnlyWithContent, ReadOnly, admin.ModelAdmin[CachedReply]):
    list_display = ("sha256", "company", "expires_at")
    list_select_related = ("company",)
    search_fields = ("company__slug",)
