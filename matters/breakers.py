"""The breakers that are open, and closing them: what waited for the provider goes on. `workers/breaker.py` opens them.

Those of the provider and of the installed models concern everybody. The others are of models that companies named: any
number, with any words, so neither a metric nor a log has their names.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from matters.language_models import OTHER, installed_models
from matters.models import Breaker, Step
from matters.states import StepState, WaitingFor
from matters.wakeup import publish_hints

logger = logging.getLogger(__name__)
FORGOTTEN_AFTER = timedelta(minutes=10)  # whoever waits comes for the probe as soon as it is due


def keys_of(model: str) -> tuple[str, str]:
    """The breakers that a call of `model` passes: the provider's, and the model's own."""
    return "llm", f"llm:{model}"[:255]


def everybodys_keys() -> frozenset[str]:
    """Of the provider's breaker, and of those of the installed models."""
    return frozenset(key for model in installed_models() for key in keys_of(model))


def label_of(key: str) -> str:
    """What a metric and a log call the breaker."""
    return key if key in everybodys_keys() else OTHER


def open_breakers() -> dict[str, int]:
    """How many are open, 0 too, by what a metric calls them."""
    counts = dict.fromkeys((*sorted(everybodys_keys()), OTHER), 0)
    for key in Breaker.objects.values_list("pk", flat=True):
        counts[label_of(key)] += 1
    return counts


def close_breakers(keys: Sequence[str]) -> int:
    """Let calls through again, and make every step due that waits for the provider; returns how many those are."""
    with transaction.atomic():
        Breaker.objects.filter(pk__in=keys).delete()
        waiting = Step.objects.filter(state=StepState.READY, matter__waiting_for=WaitingFor.PROVIDER)
        # A row that somebody holds is being retried, stopped or claimed: waiting for it could end in a deadlock.
        parked = waiting.filter(due_at__gt=Now()).select_for_update(of=("self",), skip_locked=True)
        hints = list(parked.values_list("kind", "pk"))
        Step.objects.filter(pk__in=[pk for _kind, pk in hints], state=StepState.READY).update(due_at=Now())
    logger.warning("the breakers %s are closed; %d steps go on", ", ".join(map(label_of, keys)), len(hints))
    publish_hints(hints)
    return len(hints)


def forget_breakers() -> int:
    """Remove those of models that companies named, and that nobody waits for any more; returns how many."""
    unasked = Breaker.objects.filter(probe_at__lt=Now() - FORGOTTEN_AFTER).exclude(pk__in=everybodys_keys())
    return unasked.delete()[0]
