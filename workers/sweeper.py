"""What a lost message, a dead worker or an emptied broker left behind is found here, in the rows."""

from datetime import timedelta

import redis
from django.conf import settings
from django.db.models import Count
from django.db.models.functions import Now

from matters.models import Step
from matters.processes import note_beat
from matters.states import StepState
from matters.wakeup import publish_hints, queue_of

MOST_HINTS = 100  # for each kind and sweep; what is left over waits for the next one
# While messages still wait: the workers are busy, and more messages would only keep them so. A kind with a queue of its
# own is not held back: whoever takes that may be frozen, and in a burst messages wait all the time.
FEW_HINTS = 2


def sweep_ledger() -> int:
    """Send hints for steps that nobody has claimed for a while; returns how many.

    A step that became due a moment ago has its own hint under way. Every worker is asked: those that alone take a kind
    by its own queue are gone, or have their hands full.
    """
    overdue = Now() - timedelta(seconds=settings.SWEEP_SECONDS / 2)
    note_beat()
    due = Step.objects.filter(state__in=[StepState.READY, StepState.RUNNING], due_at__lte=overdue)
    counts = dict(due.values_list("kind").annotate(Count("pk")).order_by("kind"))
    if not counts:
        return 0
    busy = _messages_wait()
    hints = [(kind, 0) for kind, count in counts.items() for _ in range(min(count, _most(kind, busy)))]
    publish_hints(hints, settings.CELERY_TASK_DEFAULT_QUEUE)
    return len(hints)


def _most(kind: str, busy: bool) -> int:
    return FEW_HINTS if busy and queue_of(kind) == settings.CELERY_TASK_DEFAULT_QUEUE else MOST_HINTS


def _messages_wait() -> bool:
    """Whether messages for all workers wait, so that each is busy. Raises redis.RedisError while the broker is away."""
    with redis.Redis.from_url(settings.CELERY_BROKER_URL, socket_timeout=2) as broker:
        return bool(broker.llen(settings.CELERY_TASK_DEFAULT_QUEUE))
