"""The alarm: staff are told of matters that do not move on, by ids alone; what can be moved on is."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.db import transaction

from companies.staff import send_unsent, tell_staff
from matters.each import do_for_each
from matters.ledger import begun_steps
from matters.questions.gathering import look_whether_gathered
from matters.services import lock_matter
from matters.states import MatterStatus
from matters.stuck import Cause, stuck_matters

logger = logging.getLogger(__name__)
MOST_NAMED = 20
_MEANS = {
    Cause.UNCLAIMED: "a step of theirs is due, and no worker takes it: are the workers running, and are they enough?",
    Cause.RUNNING: "a worker holds their step for longer than its calls may take: restart the workers.",
    Cause.PARKED: "their step is put off, and they do not say what they wait for: this is a fault of ours.",
    Cause.NO_STEP: "they have no step that could move them on: this is a fault of ours. Stop and Regenerate help.",
}


def watch_matters() -> int:
    """Move on what can be moved on, tell staff of all that is stuck (once an hour for each cause); returns how many."""
    send_unsent()
    by_cause: defaultdict[Cause, list[UUID]] = defaultdict(list)
    for stuck in stuck_matters():
        by_cause[stuck.cause].append(stuck.matter)
    for cause, matters in by_cause.items():
        named = _named(matters)
        logger.error("%d matters do not move on (%s): %s", len(matters), cause, named)
        subject = f"Matterstream: {len(matters)} matters do not move on ({cause})"
        tell_staff(f"stuck: {cause}", subject, f"For {settings.STUCK_MINUTES:g} minutes: {_MEANS[cause]}\n\n{named}\n")
    do_for_each(by_cause[Cause.NO_STEP], _look_again, "moving on")
    return sum(map(len, by_cause.values()))


def _named(matters: Sequence[UUID]) -> str:
    more = f" and {len(matters) - MOST_NAMED} more" if len(matters) > MOST_NAMED else ""
    return ", ".join(str(matter) for matter in matters[:MOST_NAMED]) + more


def _look_again(matter_id: UUID) -> None:
    """Do what whoever finished its last question's step should have done; a matter elsewhere is left as it is."""
    with transaction.atomic():
        matter = lock_matter(matter_id, seconds=1)
        if matter.status == MatterStatus.GATHERING and not begun_steps(matter).exists():
            look_whether_gathered(matter)
            if matter.status != MatterStatus.GATHERING:
                logger.error("matter %s had no step and goes on: %s", matter_id, matter.status)
