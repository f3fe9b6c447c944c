"""Rows of the review desk: who has which attempt, what they decided, and the badge of an approval."""

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q


class ReviewState(models.TextChoices):
    """Where the review of an attempt stands; an attempt without a row is a draft."""

    DRAFT = "draft", "waits for a reviewer"
    IN_REVIEW = "in_review", "in review"
    APPROVED = "approved", "approved"
    SENT_BACK = "sent_back", "sent back"
    EDITED = "edited", "edited as a new version"


S = ReviewState
REVIEW_TRANSITIONS: dict[ReviewState, tuple[ReviewState, ...]] = {
    S.DRAFT: (S.IN_REVIEW,),
    S.IN_REVIEW: (S.DRAFT, S.APPROVED, S.SENT_BACK, S.EDITED),
    S.APPROVED: (S.SENT_BACK,),  # withdrawn
    S.SENT_BACK: (),
    S.EDITED: (),
}


class Review(models.Model):
    """The review of one attempt. `statement` is what was signed: hashes, numbers and names, and no content."""

    attempt = models.OneToOneField("advice.Attempt", on_delete=models.CASCADE, related_name="review")
    state = models.CharField(max_length=10, choices=ReviewState, default=ReviewState.DRAFT)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="reviews"
    )
    reviewed_by = models.CharField(max_length=310, blank=True, help_text="As founders read it; stays when people go")
    taken_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    reasons = models.TextField(blank=True, help_text="Why it was sent back: founders read it")
    statement = models.JSONField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, help_text="Of the statement: the badge")
    signature = models.CharField(max_length=100, blank=True, help_text="Ed25519, base64")
    proved_at = models.DateTimeField(
        null=True, blank=True, help_text="When the approval was last held against the rows"
    )
    stale_since = models.DateTimeField(null=True, blank=True, help_text="When it was first found to hold no more")

    class Meta:
        indexes: ClassVar = [
            models.Index(
                F("proved_at").asc(nulls_first=True), name="review_to_prove", condition=Q(state=ReviewState.APPROVED)
            ),
            models.Index(
                fields=["decided_at"],
                name="review_decided",
                condition=Q(state__in=[ReviewState.APPROVED, ReviewState.SENT_BACK]),
            ),
        ]
        permissions: ClassVar = [("review_advice", "Can review advice")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=ReviewState.values), name="review_state_known"),
            models.CheckConstraint(
                condition=Q(state=ReviewState.DRAFT, taken_at=None) | Q(taken_at__isnull=False), name="review_taken"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="review_state",
                field="state",
                transitions=[(str(old), str(new)) for old, news in REVIEW_TRANSITIONS.items() for new in news],
            )
        ]

    def __str__(self) -> str:
        return f"review of {self.attempt_id}: {self.state}"


class ReviewComment(models.Model):
    """What a reviewer says of a passage. `start` and `end` count code points from the text's start."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="comments")
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    text = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["start", "pk"]
        constraints: ClassVar = [models.CheckConstraint(condition=Q(start__lt=F("end")), name="review_comment_passage")]

    def __str__(self) -> str:
        return f"comment on {self.start}–{self.end}"
