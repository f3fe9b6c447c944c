"""Advice as staff see it: everything readable, nothing editable, since what was streamed is what is kept."""

from typing import ClassVar

from django.contrib import admin

from advice.models import Attempt, Check, Review, ReviewComment, ShareLink
from advice.services import folded_text
from playbooks.admin import ReadOnly


class CheckInline(ReadOnly, admin.TabularInline[Check, Attempt]):
    model = Check


@admin.register(Attempt)
class AttemptAdmin(ReadOnly, admin.ModelAdmin[Attempt]):
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
class CheckAdmin(ReadOnly, admin.ModelAdmin[Check]):
    list_display = ("attempt", "start", "end", "verdict", "reason")
    list_filter = ("verdict",)
    list_select_related = ("attempt",)


@admin.register(ShareLink)
class ShareLinkAdmin(ReadOnly, admin.ModelAdmin[ShareLink]):
    list_display = ("attempt", "created_by", "created_at", "expires_at", "revoked_at", "views", "last_seen_at")
    list_select_related = ("attempt", "created_by")
    exclude = ("sha256",)


class CommentInline(ReadOnly, admin.TabularInline[ReviewComment, Review]):
    model = ReviewComment


@admin.register(Review)
class ReviewAdmin(ReadOnly, admin.ModelAdmin[Review]):
    """Reviews as they were decided; the review desk is where they are made."""

    list_display = ("attempt", "state", "reviewer", "reviewed_by", "taken_at", "decided_at", "sha256")
    list_filter = ("state",)
    list_select_related = ("attempt", "reviewer")
    search_fields = ("attempt__matter__id", "sha256")
    inlines: ClassVar = [CommentInline]
