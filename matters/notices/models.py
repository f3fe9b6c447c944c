"""E-mail about a matter: a row for each, with no word of what it says. It is worded when it is sent.

`matters/notices/due.py` knows when one is due (of a review, `advice/review/due_notices.py`), `matters/notices/mail.py`
words it, `workers/notices.py` sends it.
"""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

TASK = "send_notices"


class NoticeKind(models.TextChoices):
    """What somebody is told."""

    ASKED = "asked"  # a question was given to them
    DAY = "day"  # it, or their matter, has waited for a day
    THREE_DAYS = "three_days"
    WAITS = "waits"  # their matter came to wait for them while they were away
    READY = "ready"  # its advice was written while they were away
    FAILED = "failed"  # it stopped by a fault while they were away
    REVIEWED = "reviewed"  # a reviewer decided about its advice while they were away


class Decision(models.TextChoices):
    """What a reviewer did last about the advice that stands: `advice/review/due_notices.py` knows it."""

    APPROVED = "approved"
    SENT_BACK = "sent_back"
    WITHDRAWN = "withdrawn"  # it was approved before
    EDITED = "edited"  # they wrote it


class NoticeStatus(models.TextChoices):
    """Where a notice stands. One whose worker died is `sending` until it is due again, and may go out twice."""

    PENDING = "pending"  # may be taken from `due_at` on
    SENDING = "sending"  # and so may this: its worker has until then
    SENT = "sent"
    DROPPED = "dropped"  # not needed any more
    FAILED = "failed"  # no attempt is known to have sent it


DUE = (NoticeStatus.PENDING, NoticeStatus.SENDING)


class Notice(models.Model):
    """One e-mail to one person. `occasion` tells apart what is told more than once: each has a row, and one only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    matter = models.ForeignKey("matters.Matter", on_delete=models.CASCADE, related_name="notices")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    question = models.ForeignKey(
        "matters.Question", null=True, blank=True, on_delete=models.CASCADE, related_name="notices"
    )
    kind = models.CharField(max_length=10, choices=NoticeKind)
    occasion = models.CharField(
        max_length=40,
        help_text="Time of the assignment, number of the event, or version (and retries, or decision)",
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Asked: who asks",
    )
    status = models.CharField(max_length=10, choices=NoticeStatus, default=NoticeStatus.PENDING)
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["matter", "user", "question", "kind", "occasion"], nulls_distinct=False, name="notice_once"
            ),
            models.CheckConstraint(condition=Q(kind__in=NoticeKind.values), name="notice_kind_known"),
            models.CheckConstraint(condition=Q(status__in=NoticeStatus.values), name="notice_status_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="notice_due", condition=Q(status__in=DUE)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.user_id} of {self.matter_id}"
