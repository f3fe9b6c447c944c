"""The Celery application: `celery -A config worker`.

A message only wakes; the ledger says what is done (docs/adr/0001-ledger-of-steps.md). So there is no result backend, no
chord and no ETA, and a lost or doubled message costs nothing.
"""

import os
import warnings
from typing import Any

from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import import_modules, worker_init, worker_ready
from kombu.transport import TRANSPORT_ALIASES

from config.lean import keep_what_is_there

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Django's checks are of the code, and `make check` makes them; here they would load every page, which no worker shows.
os.environ.setdefault("CELERY_SKIP_CHECKS", "true")

# Not by CELERY_BROKER_TRANSPORT: addresses then have that name for their scheme, and Flower knows no such broker.
TRANSPORT_ALIASES |= dict.fromkeys(("redis", "rediss"), "workers.broker:Transport")
# As root too it is only this product that its workers run, from JSON that holds no code.
warnings.filterwarnings("ignore", category=SecurityWarning)
app = Celery("matterstream")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@import_modules.connect
def refuse_missing(**_kwargs: Any) -> None:
    """Worker, beat and Flower begin with this. They would try for ever to reach a server that nobody named."""
    from config.servers import refuse_missing_servers  # with Django, which the supervisor imports this without

    refuse_missing_servers()


@worker_init.connect
def refuse_unfit(**_kwargs: Any) -> None:
    """A worker whose database does not fit ends before it takes anything."""
    from config.servers import refuse_unfit_database  # likewise

    refuse_unfit_database()


@worker_ready.connect
def settle(**_kwargs: Any) -> None:
    """A worker has imported everything by now."""
    keep_what_is_there()
