"""How a worker process starts and ends.

SIGTERM: nothing new is claimed; calls may end for `GRACE_SECONDS`, then they are cut, and their steps are given back to
be begun anew by another worker. So the process ends well within the 30 s that a supervisor grants.
"""

import logging
import threading
from typing import Any

from celery.signals import worker_init, worker_shutting_down
from django.conf import settings
from django.db import DatabaseError, connection

from companies.models import Company
from matters.processes import Numbers, ProcessReport, Reporter
from workers import runtime

logger = logging.getLogger(__name__)
GRACE_SECONDS = 10.0
CONNECTION_SECONDS = 15.0  # the end of a process, 30 s at most, must not wait for longer
CONNECTIONS = 6  # each plans the same statements anew, and more get no more done: docs/adr/0002-chunks.md
_stopping = threading.Event()


def is_stopping() -> bool:
    """Whether this process has been told to end."""
    return _stopping.is_set()


def share_few_connections() -> None:
    """A request had rather be refused soon; a step, whose model has answered, waits its turn for a connection."""
    if pool := connection.settings_dict["OPTIONS"].get("pool"):
        pool |= {"max_size": CONNECTIONS, "timeout": CONNECTION_SECONDS}


@worker_init.connect
def refuse_without_model(**_kwargs: Any) -> None:
    """OpenAI would refuse a worker without a key, and that would stop all others, too."""
    if not settings.OPENAI_API_KEY and not settings.OPENAI_BASE_URL:
        raise SystemExit("OPENAI_API_KEY is not set. Set it, or OPENAI_BASE_URL for a server that needs none.")


@worker_init.connect
def prepare(**_kwargs: Any) -> None:
    """Make what the process has once, before threads ask for it at the same time."""
    share_few_connections()
    runtime.llm_client()
    runtime.chunk_writer()
    runtime.heartbeat()
    warn_of_free_models()


@worker_init.connect
def report(**_kwargs: Any) -> None:
    """Begin to say that this process lives, and what it is doing."""
    Reporter(ProcessReport.Kind.WORKER, _numbers)


def _numbers() -> Numbers:
    batches = runtime.chunk_writer().batches
    return {"steps_running": runtime.heartbeat().running(), "batches": batches.counts, "streams": batches.streams}


def warn_of_free_models() -> None:
    """Where there are prices or budgets, a model without a price is a mistake: what it costs is counted as nothing."""
    free = {settings.LLM_MODEL, settings.LLM_ADVICE_MODEL} - set(settings.LLM_PRICES)
    try:
        if free and (settings.LLM_PRICES or Company.objects.filter(daily_budget__isnull=False).exists()):
            names = ", ".join(sorted(free))
            logger.warning("LLM_PRICES has no price for %s: its calls cost nothing, and no budget binds them", names)
    except DatabaseError as error:  # a worker starts all the same, and waits for the database
        logger.warning("the database is away as the worker starts: %s", error)
    finally:
        connection.close()


@worker_shutting_down.connect
def stop(**_kwargs: Any) -> None:
    """Claim nothing more, and cut what has not ended after the grace."""
    _stopping.set()
    timer = threading.Timer(GRACE_SECONDS, runtime.heartbeat().cancel_all, args=["the worker is stopping"])
    timer.daemon = True
    timer.start()
