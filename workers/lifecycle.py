"""How a worker process starts and ends.

SIGTERM: nothing new is claimed; calls may end for `GRACE_SECONDS`, then they are cut, and their steps are given back to
be begun anew by another worker. So the process ends well within the 30 s that a supervisor grants.
"""

import logging
import threading
from typing import Any

from celery.signals import worker_init, worker_shutting_down

from workers import runtime

logger = logging.getLogger(__name__)
GRACE_SECONDS = 10.0
_stopping = threading.Event()


def is_stopping() -> bool:
    """Whether this process has been told to end."""
    return _stopping.is_set()


@worker_init.connect
def prepare(**_kwargs: Any) -> None:
    """Make what the process has once, before threads ask for it at the same time."""
    runtime.llm_client()
    runtime.chunk_writer()
    runtime.heartbeat()


@worker_shutting_down.connect
def stop(**_kwargs: Any) -> None:
    """Claim nothing more, and cut what has not ended after the grace."""
    _stopping.set()
    timer = threading.Timer(GRACE_SECONDS, runtime.heartbeat().cancel_all, args=["the worker is stopping"])
    timer.daemon = True
    timer.start()
