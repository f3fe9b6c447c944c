"""The legal dataset: playbooks, a version for each content that was ever loaded, and the sections that advice quotes.

A loaded version is never changed and never deleted by the product, so that a quote in an old advice can be checked
against the words it was taken from. Only `is_current` moves; triggers hold that against raw SQL too.
"""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models


class Playbook(models.Model):
    """A playbook through all its versions; retired (and not found by a search) while none of them is current."""

    slug = models.SlugField(max_length=80, unique=True)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug

    @property
    def current_version(self) -> "PlaybookVersion | None":
        return self.versions.filter(is_current=True).first()


class PlaybookVersion(models.Model):
    """One content of a playbook, known by the SHA-256 of its file."""

    playbook = models.ForeignKey(Playbook, on_delete=models.PROTECT, related_name="versions")
    content_hash = models.CharField(max_length=64, help_text="SHA-256 of the file, hex")
    title = models.CharField(max_length=200)
    jurisdictions = ArrayField(models.CharField(max_length=6), help_text="Such as US, US-CA")
    law_as_of = models.DateField(help_text="The day on which the law was as the text says")
    topics = ArrayField(models.CharField(max_length=40), help_text="Words founders use for it")
    facts_needed = models.JSONField(help_text="As front_matter.FactNeeded")
    review_state = models.CharField(max_length=10, choices=[("needed", "review needed"), ("reviewed", "reviewed")])
    review = models.JSONField(help_text="As front_matter.Review: points to look at, or by whom and when reviewed")
    names = models.TextField(help_text="Title and topics, one a line: what a misspelt word is compared with")
    loaded_at = models.DateTimeField(auto_now_add=True)
    is_current = models.BooleanField(default=False)

    class Meta:
        ordering = ["playbook", "-loaded_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["playbook", "content_hash"], name="playbook_version_unique_content"),
            models.UniqueConstraint(
                fields=["playbook"], condition=models.Q(is_current=True), name="playbook_version_one_current"
            ),
        ]
        indexes = [GinIndex(fields=["names"], opclasses=["gin_trgm_ops"], name="playbook_version_names")]
        triggers = [pgtrigger.ReadOnly(name="playbook_version_read_only", exclude=["is_current"])]

    def __str__(self) -> str:
        return f"{self.playbook.slug} {self.content_hash[:12]}"


class Section(models.Model):
    """One `## ` section of a version; its text is Markdown, and what quotes are compared with."""

    version = models.ForeignKey(PlaybookVersion, on_delete=models.CASCADE, related_name="sections")
    position = models.PositiveSmallIntegerField(help_text="From 1, in the order of the file")
    heading = models.TextField()
    anchor = models.SlugField(max_length=200)
    text = models.TextField()
    search_vector = SearchVectorField(help_text="Title and topics (as written) weigh A, heading B, text D")

    class Meta:
        ordering = ["version", "position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="playbook_section_unique_position"),
            models.UniqueConstraint(fields=["version", "anchor"], name="playbook_section_unique_anchor"),
        ]
        indexes = [GinIndex(fields=["search_vector"], name="playbook_section_search")]
        triggers = [pgtrigger.ReadOnly(name="playbook_section_read_only")]

    def __str__(self) -> str:
        return self.heading
