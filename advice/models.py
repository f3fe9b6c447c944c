"""Rows of what streams: an attempt is one run of the model for one version (wish) of a matter's advice."""

import uuid
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from advice.review.models import Review as Review  # Django looks for models here
from advice.review.models import ReviewComment as ReviewComment
from companies.postgresql.triggers import SteadyTrigger
from matters.models import Matter, Step


class AttemptStatus(models.TextChoices):
    """Where an attempt stands. `docs/states.md` has the table."""

    STREAMING = "streaming"  # its text is in chunk rows, and grows
    COMPLETE = "complete"  # the model came to its end
    INCOMPLETE = "incomplete"  # the model stopped short: the text stands, and says so
    SUPERSEDED = "superseded"  # the work was taken over; a later attempt writes the advice
    FAILED = "failed"
    CANCELED = "canceled"  # a person stopped it; the partial text stays


# What ends as one of these is told by `advice.completed`; any other end gives an attempt up.
COMPLETES = frozenset({AttemptStatus.COMPLETE, AttemptStatus.INCOMPLETE, AttemptStatus.CANCELED})


class Attempt(models.Model):
    """One run of the model for an advice. While it streams its text is its chunks; afterwards it is `text`."""

    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="attempts")
    step = models.ForeignKey(Step, null=True, on_delete=models.SET_NULL, related_name="attempts")
    epoch = models.PositiveIntegerField(help_text="Epoch of the step's claim that writes it")
    version = models.PositiveIntegerField()
    number = models.PositiveIntegerField(help_text="From 1 in each version")
    status = models.CharField(max_length=20, choices=AttemptStatus, default=AttemptStatus.STREAMING)
    reason = models.TextField(blank=True, help_text="Why it ended as it did, in plain words")
    model = models.CharField(max_length=200)
    sources = models.JSONField(default=list, help_text="Marker, playbook, version, section and text of each source")
    facts = models.JSONField(default=list, help_text="Marker, label, value, unit, as-of date and source of each fact")
    notice = models.TextField(blank=True, help_text="What a reader must know beside the text")
    text = models.TextField(blank=True, help_text="The whole text, once it has ended")
    length = models.PositiveIntegerField(default=0, help_text="Code points, once it has ended")
    sha256 = models.CharField(max_length=64, blank=True, help_text="Of the UTF-8 text, once it has ended")
    started_event = models.BigIntegerField(help_text="Number of its advice.started event")
    ended_event = models.BigIntegerField(null=True, help_text="Number of the event that ended it")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["matter", "version", "number"], name="attempt_once"),
            models.UniqueConstraint(
                fields=["matter"], condition=Q(status=AttemptStatus.STREAMING), name="one_attempt_streams"
            ),
            models.CheckConstraint(condition=Q(status__in=AttemptStatus.values), name="attempt_status_known"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="attempt_status",
                field="status",
                transitions=[("streaming", str(s)) for s in AttemptStatus if s != AttemptStatus.STREAMING],
            )
        ]

    def __str__(self) -> str:
        return f"version {self.version}, attempt {self.number}"


class DeskItem(Attempt):
    """An attempt as reviewers see it: advice that waits for them, or that they decided about."""

    class Meta:
        proxy = True
        verbose_name = "advice to review"
        verbose_name_plural = "review desk"


class Chunk(models.Model):
    """A piece of a streaming attempt's text. `offset` counts code points from the attempt's start.

    The trigger leaves out what belongs to an attempt that has ended, and says the others' text to whoever listens: a
    reader who has everything before it needs no query. The notification carries the text while it is small.
    """

    pk = models.CompositePrimaryKey("attempt_id", "offset")
    # No database constraint: the trigger looks the attempt up already.
    attempt = models.ForeignKey(
        Attempt, on_delete=models.CASCADE, related_name="chunks", db_index=False, db_constraint=False
    )
    offset = models.PositiveIntegerField()
    text = models.TextField()

    class Meta:
        triggers: ClassVar = [
            SteadyTrigger(
                name="chunk_of_open_attempt",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                # Whoever ends the attempt has the same lock to itself (`advice.services.end_attempt`). The look behind
                # it is a statement of its own, so it sees an end that was committed while this waited for the lock.
                # PostgreSQL refuses payloads of 8,000 bytes and more, and with it the INSERT.
                func="""
                    PERFORM pg_advisory_xact_lock_shared(hashtextextended('attempt ' || NEW.attempt_id, 0));
                    PERFORM pg_notify('matterstream', concat_ws(' ', 'chunk', matter_id, version, number, NEW."offset",
                                      CASE WHEN octet_length(NEW.text) < 7500 THEN NEW.text END))
                       FROM advice_attempt WHERE id = NEW.attempt_id AND status = 'streaming';
                    IF FOUND THEN
                        RETURN NEW;
                    END IF;
                    RETURN NULL;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"{self.offset} of attempt {self.attempt_id}"


class Check(models.Model):
    """What a program found when it compared a passage of an advice with the sources it names."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="checks")
    start = models.PositiveIntegerField(help_text="Code points from the attempt's start")
    end = models.PositiveIntegerField()
    verdict = models.CharField(max_length=20)
    sources = models.JSONField(default=list)
    reason = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["start"]

    def __str__(self) -> str:
        return f"{self.verdict} {self.start}–{self.end}"


class Feedback(models.Model):
    """What a person thought of an advice: one row for each attempt and person."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="feedback")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    helpful = models.BooleanField()
    reason = models.TextField(blank=True, help_text="In the person's words")
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "feedback"
        ordering: ClassVar = ["at"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["attempt", "by"], name="feedback_once")]

    def __str__(self) -> str:
        return f"{'helpful' if self.helpful else 'not helpful'}: {self.attempt}"


class ShareLink(models.Model):
    """A read-only link to an attempt that has ended, for people without an account. An attempt never changes then."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="share_links")
    sha256 = models.CharField(
        max_length=64, unique=True, help_text="Of the token in its address, which is kept nowhere"
    )
    facts = models.BooleanField(default=True, help_text="Whether the list of facts is shown")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    views = models.PositiveIntegerField(default=0)
    last_seen_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"link to {self.attempt} until {self.expires_at:%Y-%m-%d}"
