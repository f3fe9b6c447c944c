"""What a lost message, a dead worker or an emptied broker left behind is found here, in the rows."""

from django.db.models import Count
from django.db.models.functions import Now

from matters.models import Step
from matters.states import StepState
from matters.wakeup import publish_hints

MOST_HINTS = 200  # for each kind and sweep: what is left over waits for the next one, or for the workers' own hints


def sweep_ledger() -> int:
    """Send a hint for every due step, at most 200 of each kind; returns how many were sent."""
    due = Step.objects.filter(state__in=[StepState.READY, StepState.RUNNING], due_at__lte=Now())
    counts = due.values_list("kind").annotate(Count("pk")).order_by("kind")
    hints = [(kind, 0) for kind, count in counts for _ in range(min(count, MOST_HINTS))]
    publish_hints(hints)
    return len(hints)
