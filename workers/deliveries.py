"""Sending what is due by webhook: claim a delivery, send it while no database connection is held, note the outcome.

As with a step only rows count: a message is a hint, a claim is fenced by its epoch, and that of a worker which died is
due again when its time is over. Whose delivery is next hangs on what this process is sending just now: of its slots one
receiver gets a few, and companies share them alike.
"""

import logging
import random
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now

from advice.one_event import one_event
from companies.addresses import allowed_addresses
from companies.models import WebhookEndpoint, WebhookSecret
from matters.wakeup import publish_hints
from matters.webhooks.deliveries import TASK, Delivery, DeliveryStatus
from workers.clients.webhook import Outcome, post
from workers.clients.webhook.client import TOTAL_SECONDS
from workers.lifecycle import is_stopping
from workers.runtime import heartbeat

logger = logging.getLogger(__name__)
LEASE_SECONDS = TOTAL_SECONDS + 10.0
PAUSES = (5.0, 30.0, 120.0, 600.0, 3_600.0, 10_800.0, 21_600.0, 43_200.0)  # seconds, after each attempt that failed
JITTER = 0.2
MOST_PATIENCE = 43_200.0  # for a receiver's Retry-After
GONE = 410
SWEEP_HINTS = 4  # each goes on until nothing is due
SLOTS = max(1, settings.WORKER_THREADS // 4)  # receivers that hang hold up no steps
MOST_OF_ONE = max(1, SLOTS // 4)  # and one of them holds up no other receiver
_slots = threading.BoundedSemaphore(SLOTS)
_choosing = threading.Lock()
_under_way: list[str] = []  # the receiver of each attempt that this process makes just now
_last_company = ""  # whose delivery this process claimed last


@dataclass(frozen=True)
class Claim:
    """A worker's hold on a delivery, for one attempt (from 1)."""

    delivery_id: UUID
    endpoint_id: UUID | None
    receiver: str
    epoch: int
    attempt: int

    @property
    def company(self) -> str:
        """Its id; empty for what a release before stored, which knew no receivers."""
        return self.receiver[:36]


# Slots are what receivers that hang use up. So the company that holds the fewest is next, of several the one behind the
# last, and of its receivers the one that has waited for longest. The first delivery of each is looked up in the index,
# one behind the other, so that a long queue costs no more than a short one; the last join keeps their order.
_CLAIM = """
WITH RECURSIVE waiting AS (
    (SELECT receiver, due_at FROM matters_delivery WHERE status = 'pending' ORDER BY receiver, due_at LIMIT 1)
    UNION ALL
    SELECT following.receiver, following.due_at
      FROM waiting, LATERAL (
           SELECT d.receiver, d.due_at FROM matters_delivery d
            WHERE d.status = 'pending' AND d.receiver > waiting.receiver
            ORDER BY d.receiver, d.due_at LIMIT 1) AS following
), held AS (
    SELECT left(receiver, 36) AS company, count(*) AS slots FROM unnest(%(under_way)s::text[]) receiver GROUP BY 1
), in_turn AS MATERIALIZED (
    SELECT w.receiver FROM waiting w LEFT JOIN held ON held.company = left(w.receiver, 36)
     WHERE w.due_at <= statement_timestamp() AND w.receiver <> ALL(%(full)s::text[])
     ORDER BY COALESCE(held.slots, 0), left(w.receiver, 36) <= %(last)s, left(w.receiver, 36), w.due_at
), best AS (
    SELECT first.id
      FROM in_turn, LATERAL (
           SELECT d.id FROM matters_delivery d
            WHERE d.status = 'pending' AND d.receiver = in_turn.receiver AND d.due_at <= statement_timestamp()
            ORDER BY d.due_at LIMIT 1 FOR UPDATE SKIP LOCKED) AS first
     LIMIT 1
)
UPDATE matters_delivery d
   SET epoch = epoch + 1, attempts = attempts + 1, due_at = clock_timestamp() + make_interval(secs => %(lease)s)
  FROM best WHERE d.id = best.id RETURNING d.id, d.endpoint_id, d.receiver, d.epoch, d.attempts
"""


def deliver_due() -> int:
    """Send what is due, one after the other, until nothing is; returns how many. Nothing where enough threads do it.

    What is due to a receiver that has all its slots is seen to by the threads that hold these.
    """
    sent = 0
    if _slots.acquire(blocking=False):
        try:
            while not is_stopping() and deliver_next():
                sent += 1
        finally:
            _slots.release()
    return sent


def deliver_next() -> bool:
    """Make one attempt of what is next; False where there is nothing that this process may claim now."""
    claim = _claim()
    if claim is None:
        return False
    try:
        _note(claim, _attempt(claim))
    finally:
        _under_way.remove(claim.receiver)  # without waiting: who chooses just now may still count it
    return True


def _claim() -> Claim | None:
    """What is next, under way from now on; None where nothing is due, or only to who has its slots."""
    global _last_company
    connection.close()  # a worker's threads share a few: if those who wait here had all, who is inside would get none
    with _choosing:
        under_way = list(_under_way)
        full = [receiver for receiver, count in Counter(under_way).items() if count >= MOST_OF_ONE]
        values: dict[str, Any] = {"under_way": under_way, "full": full, "last": _last_company, "lease": LEASE_SECONDS}
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, values)
            row = cursor.fetchone()
        if row is None:
            return None
        claim = Claim(*row)
        _under_way.append(claim.receiver)
        _last_company = claim.company
    return claim


def _attempt(claim: Claim) -> Outcome:
    """Send it. What an error of ours keeps from being sent is tried again as what a receiver refuses."""
    if claim.attempt > len(PAUSES) + 1:
        return Outcome(None, "Every worker that sent it died meanwhile.", 0)
    try:
        return _send(claim)
    except DatabaseError:
        raise  # nothing can be noted now; it is due again when the claim's time is over
    except Exception as error:
        logger.error("an error of ours in delivery %s: %s", claim.delivery_id, type(error).__name__)
        return Outcome(None, "An error of ours kept it from being sent.", 0)


def _send(claim: Claim) -> Outcome:
    delivery = Delivery.objects.select_related("endpoint", "event__matter__company").get(pk=claim.delivery_id)
    matter, endpoint = delivery.event.matter, delivery.endpoint
    headers = matter.callback_headers.open() if endpoint is None and matter.callback_headers else {}
    secrets = (endpoint or WebhookSecret.of(matter.company)).signing_secrets()
    body = one_event(delivery.event_id).json
    connection.close()
    return post(
        endpoint.url if endpoint else matter.webhook_url,
        body,
        webhook_id=str(delivery.pk),
        secrets=secrets,
        headers=headers,
        find_addresses=partial(allowed_addresses, allow_private=settings.WEBHOOK_ALLOW_PRIVATE),
    )


def _note(claim: Claim, outcome: Outcome) -> None:
    """Store what became of an attempt, unless the delivery is another's meanwhile."""
    mine = Delivery.objects.filter(pk=claim.delivery_id, epoch=claim.epoch, status=DeliveryStatus.PENDING)
    seen = {"last_status_code": outcome.status, "last_error": outcome.error, "response_ms": outcome.milliseconds}
    pause = pause_after(claim.attempt, outcome)
    if outcome.is_delivered:
        mine.update(status=DeliveryStatus.DELIVERED, delivered_at=Now(), **seen)
    elif outcome.status == GONE or pause is None:
        with transaction.atomic():
            if mine.update(status=DeliveryStatus.FAILED, **seen) and outcome.status == GONE and claim.endpoint_id:
                _disable(claim.endpoint_id)
    else:
        mine.update(due_at=Now() + timedelta(seconds=pause), **seen)
        if pause <= settings.SWEEP_SECONDS * 2:
            heartbeat().wake_in(pause, TASK, 0)


def pause_after(attempt: int, outcome: Outcome) -> float | None:
    """Seconds until the next attempt after the failed `attempt` (from 1); None: there is none."""
    if attempt > len(PAUSES):
        return None
    pause = PAUSES[attempt - 1] * random.uniform(1 - JITTER, 1 + JITTER)
    return max(pause, min(outcome.retry_after or 0.0, MOST_PATIENCE))


def _disable(endpoint_id: UUID) -> None:
    """The receiver says that it is gone for good: nothing more is sent there."""
    reason = f"It answered {GONE}."
    WebhookEndpoint.objects.filter(pk=endpoint_id, disabled_at=None).update(disabled_at=Now(), disabled_reason=reason)
    Delivery.objects.filter(endpoint=endpoint_id, status=DeliveryStatus.PENDING).update(
        status=DeliveryStatus.FAILED, last_error="Its endpoint is disabled."
    )
    logger.warning("webhook endpoint %s answered %d and is disabled", endpoint_id, GONE)


def sweep_deliveries() -> int:
    """Send hints where something is due that nobody has taken for a while; returns how many."""
    overdue = Now() - timedelta(seconds=settings.SWEEP_SECONDS / 2)
    due = Delivery.objects.filter(status=DeliveryStatus.PENDING, due_at__lte=overdue)[:SWEEP_HINTS].count()
    publish_hints([(TASK, 0)] * due)
    return due
