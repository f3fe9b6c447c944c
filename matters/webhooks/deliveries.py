"""What is sent by webhook: a row for each event and receiver, stored with the event (matters/events.py).

Sending is `workers/deliveries.py`'s part. Here is the row, how it is shown, and sending it anew.
"""

import uuid
from typing import Any, ClassVar
from uuid import UUID

from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from companies.models import WebhookEndpoint
from matters.wakeup import wake_workers

TASK = "deliver_webhook"


class DeliveryStatus(models.TextChoices):
    """Where a delivery stands."""

    PENDING = "pending"  # its next attempt is due at `due_at`, or under way until then
    DELIVERED = "delivered"  # the receiver answered 2xx
    FAILED = "failed"  # given up


class Delivery(models.Model):
    """One event on its way to one receiver. Its id is the `webhook-id`.

    A worker claims it as a step: `epoch` + 1, `attempts` + 1, `due_at` behind the time that an attempt may take.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    event = models.ForeignKey("matters.Event", on_delete=models.CASCADE, related_name="deliveries")
    endpoint = models.ForeignKey(
        WebhookEndpoint,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="deliveries",
        db_index=False,
        help_text="Empty: the matter's own webhook_url",
    )
    receiver = models.CharField(
        max_length=80,
        default="",
        db_default="",
        editable=False,
        help_text="The company, and its endpoint or the place of its URLs' hosts; empty: stored by an older release",
    )
    status = models.CharField(max_length=10, choices=DeliveryStatus, default=DeliveryStatus.PENDING)
    due_at = models.DateTimeField(help_text="Pending: may be claimed from then on")
    attempts = models.PositiveIntegerField(default=0, help_text="Since it was first sent, or last sent anew")
    epoch = models.PositiveIntegerField(default=0, help_text="Number of the claim whose outcome counts")
    last_status_code = models.PositiveIntegerField(null=True, blank=True)
    last_error = models.CharField(max_length=200, blank=True, default="", help_text="In our words")
    response_ms = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(status__in=DeliveryStatus.values), name="delivery_status_known"),
        ]
        indexes: ClassVar = [
            # The only one of what is pending: of two, statistics from when nothing was would choose the wrong one.
            models.Index(
                fields=["receiver", "due_at"], name="delivery_due", condition=Q(status=DeliveryStatus.PENDING)
            ),
            models.Index(fields=["endpoint", "-created_at"], name="delivery_list"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class ReceiverDisabled(Exception):
    """The delivery's endpoint takes nothing any more."""


def delivery_as_json(delivery: Delivery) -> dict[str, Any]:
    """A delivery as the API shows it; its fields are in `docs/contract.md`."""
    pending = delivery.status == DeliveryStatus.PENDING
    return {
        "id": str(delivery.pk),
        "endpoint": str(delivery.endpoint_id) if delivery.endpoint_id else None,
        "matter": str(delivery.event.matter_id),
        "type": delivery.event.type,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "next_attempt_at": delivery.due_at if pending else None,
        "last_status_code": delivery.last_status_code,
        "last_error": delivery.last_error,
        "response_ms": delivery.response_ms,
        "created_at": delivery.created_at,
        "delivered_at": delivery.delivered_at,
    }


def resend(delivery_id: UUID) -> Delivery:
    """Send a delivery anew, whatever became of it, with all its attempts before it. Raises ReceiverDisabled.

    An attempt that is under way is fenced: whatever comes of it is not noted.
    """
    with transaction.atomic():
        delivery = (
            Delivery.objects.select_for_update(of=("self",)).select_related("event", "endpoint").get(pk=delivery_id)
        )
        if delivery.endpoint and delivery.endpoint.disabled_at:
            raise ReceiverDisabled("Its endpoint is disabled. Add a new one for what comes from now on.")
        Delivery.objects.filter(pk=delivery_id).update(
            status=DeliveryStatus.PENDING, due_at=Now(), attempts=0, epoch=F("epoch") + 1, delivered_at=None
        )
        delivery.refresh_from_db(fields=("status", "due_at", "attempts", "epoch", "delivered_at"))
        wake_workers([(TASK, 0)])
    return delivery
