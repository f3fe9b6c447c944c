"""Telling a worker that there is work. Only a hint: what is due is read from the ledger, and the sweeper asks again."""

import logging
import time
from collections.abc import Iterable

from celery import current_app
from django.db import transaction

logger = logging.getLogger(__name__)
PAUSE_SECONDS = 1.0  # after a failed hint none is tried for so long: a broker that is down must not slow requests
_quiet_until = 0.0


def wake_workers(steps: Iterable[tuple[str, int]]) -> None:
    """Once the transaction has committed, send a message for each (kind, step id). Never raises for a dead broker."""
    wanted = list(steps)
    transaction.on_commit(lambda: publish_hints(wanted))


def publish_hints(steps: Iterable[tuple[str, int]]) -> None:
    """Send the messages now. The id is for Flower's eyes; the worker claims the best due step of the kind."""
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return
    try:
        for kind, step_id in steps:
            current_app.send_task(kind, args=[step_id], retry=False, ignore_result=True)
    except (
        Exception
    ) as error:  # whatever the broker's client raises: the step is stored, and the sweeper will ask again
        _quiet_until = time.monotonic() + PAUSE_SECONDS
        logger.warning("broker unreachable, the sweeper will wake the workers: %s", error)
