"""A founder's documents: what was attached, its bytes, and its text page by page."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models

from documents.reading.kinds import page_word
from matters.models import Matter, Question


class Document(models.Model):
    """One file of a matter, whose text could be read: what can't be read is refused, and never a row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="documents")
    question = models.ForeignKey(
        Question, null=True, blank=True, on_delete=models.CASCADE, help_text="The one that it was attached to"
    )
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100, help_text="By its content")
    size = models.PositiveIntegerField(help_text="Bytes")
    sha256 = models.CharField(max_length=64)
    pages = models.PositiveIntegerField(help_text="Pages of a PDF, sections of anything else")
    pages_without_text = models.PositiveIntegerField(default=0)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["matter", "sha256"], name="document_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def page_word(self) -> str:
        """What its pages are called."""
        return page_word(self.media_type)


class DocumentContent(models.Model):
    """The bytes of a document, apart, so that no list loads them. They are here since only PostgreSQL is durable."""

    document = models.OneToOneField(Document, primary_key=True, on_delete=models.CASCADE, related_name="content")
    bytes = models.BinaryField()

    def __str__(self) -> str:
        return f"bytes of {self.document_id}"


class DocumentPage(models.Model):
    """The text of one page, or of one section: what quotes are compared with."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="texts")
    number = models.PositiveIntegerField(help_text="From 1")
    text = models.TextField()
    search_vector = models.GeneratedField(
        expression=SearchVector("text", config="english"), output_field=SearchVectorField(), db_persist=True
    )

    class Meta:
        ordering: ClassVar = ["document", "number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["document", "number"], name="document_page_once")]
        indexes: ClassVar = [GinIndex(fields=["search_vector"], name="document_page_search")]

    def __str__(self) -> str:
        return f"{self.number} of {self.document_id}"
