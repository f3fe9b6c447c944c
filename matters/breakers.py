"""Closing a breaker: what waited for the provider goes on. `workers/breaker.py` opens them."""

import logging
from collections.abc import Sequence

from django.db import transaction
from django.db.models.functions import Now

from matters.models import Breaker, Step
from matters.states import StepState, WaitingFor
from matters.wakeup import publish_hints

logger = logging.getLogger(__name__)


def close_breakers(keys: Sequence[str]) -> int:
    """Let calls through again, and make every step due that waits for the provider; returns how many those are."""
    with transaction.atomic():
        Breaker.objects.filter(pk__in=keys).delete()
        waiting = Step.objects.filter(state=StepState.READY, matter__waiting_for=WaitingFor.PROVIDER)
        # A row that somebody holds is being retried, stopped or claimed: waiting for it could end in a deadlock.
        parked = waiting.filter(due_at__gt=Now()).select_for_update(of=("self",), skip_locked=True)
        hints = list(parked.values_list("kind", "pk"))
        Step.objects.filter(pk__in=[pk for _kind, pk in hints], state=StepState.READY).update(due_at=Now())
    logger.warning("the breakers %s are closed; %d steps go on", ", ".join(keys), len(hints))
    publish_hints(hints)
    return len(hints)
