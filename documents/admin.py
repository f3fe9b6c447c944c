"""Documents as staff see them: that they are there, never what they say."""

from django.contrib import admin

from companies.content_admin import NotesReading, OnlyWithContent
from documents.models import Document
from playbooks.admin import ReadOnly


@admin.register(Document)
class DocumentAdmin(NotesReading, OnlyWithContent, ReadOnly, admin.ModelAdmin[Document]):
    list_display = ("name", "matter", "media_type", "size", "pages", "pages_without_text", "uploaded_by", "created_at")
    list_filter = ("media_type",)
    list_select_related = ("matter", "uploaded_by")
    search_fields = ("matter__id",)
