"""The library as staff see it: everything readable, nothing editable. Files and `load_playbooks` change it."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.html import format_html

from playbooks.changes import changes_since_before
from playbooks.models import Playbook, PlaybookVersion, Section

if TYPE_CHECKING:
    PlaybookModelAdmin = admin.ModelAdmin[Playbook]
    VersionModelAdmin = admin.ModelAdmin[PlaybookVersion]
    VersionTabular = admin.TabularInline[PlaybookVersion, Playbook]
    SectionStacked = admin.StackedInline[Section, PlaybookVersion]
else:  # Django's classes take no type parameters at run time
    PlaybookModelAdmin = VersionModelAdmin = admin.ModelAdmin
    VersionTabular, SectionStacked = admin.TabularInline, admin.StackedInline


class ReadOnly:
    """No form of this admin writes: a version that advice cites must stay as it was loaded."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class VersionInline(ReadOnly, VersionTabular):
    model = PlaybookVersion
    fields = ["title", "content_hash", "law_as_of", "review_state", "loaded_at", "is_current"]
    readonly_fields = ["loaded_at"]  # not editable, so it may stand among the fields only as read-only
    show_change_link = True


class SectionInline(ReadOnly, SectionStacked):
    model = Section
    fields = ["heading", "anchor", "text"]


@admin.register(Playbook)
class PlaybookAdmin(ReadOnly, PlaybookModelAdmin):
    list_display = ["slug", "current_version"]
    empty_value_display = "(retired)"
    search_fields = ["slug", "versions__title"]
    inlines = [VersionInline]


@admin.register(PlaybookVersion)
class PlaybookVersionAdmin(ReadOnly, VersionModelAdmin):
    list_display = ["playbook", "title", "law_as_of", "review_state", "content_hash", "is_current", "loaded_at"]
    list_filter = ["is_current", "review_state", "playbook"]
    list_select_related = ["playbook"]
    search_fields = ["title", "content_hash"]
    exclude = ["names"]
    readonly_fields = ["changes"]
    inlines = [SectionInline]

    @admin.display(description="Changed since the version before")
    def changes(self, version: PlaybookVersion) -> str:
        """A unified diff of the sections."""
        lines = changes_since_before(version)
        return format_html("<pre>{}</pre>", "\n".join(lines)) if lines else "This is the first version, or nothing."
