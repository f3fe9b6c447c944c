"""What a lost message, a dead worker or an emptied broker left behind is found here, in the rows."""

from datetime import timedelta

import redis
from django.conf import settings
from django.db.models import Count
from django.db.models.functions import Now

from matters.models import Step
from matters.processes import note_beat
from matters.states import StepState
from matters.wakeup import publish_hints

MOST_HINTS = 100  # for each kind and sweep; what is left over waits for the next one
STEP_QUEUES = ("steps", "advice")
FEW_HINTS = 2  # while messages still wait: the workers are busy, and more messages would only keep them so


def sweep_ledger() -> int:
    """Send hints for steps that nobody has claimed for a while; returns how many.

    A step that became due a moment ago has its own hint under way.
    """
    overdue = Now() - timedelta(seconds=settings.SWEEP_SECONDS / 2)
    note_beat()
    due = Step.objects.filter(state__in=[StepState.READY, StepState.RUNNING], due_at__lte=overdue)
    counts = dict(due.values_list("kind").annotate(Count("pk")).order_by("kind"))
    if not counts:
        return 0
    most = FEW_HINTS if _messages_wait() else MOST_HINTS
    hints = [(kind, 0) for kind, count in counts.items() for _ in range(min(count, most))]
    publish_hints(hints)
    return len(hints)


def _messages_wait() -> bool:
    """Whether the broker has messages that no worker has taken yet. Raises redis.RedisError while it is away."""
    with redis.Redis.from_url(settings.CELERY_BROKER_URL, socket_timeout=2) as broker:
        return any(broker.llen(queue) for queue in STEP_QUEUES)
