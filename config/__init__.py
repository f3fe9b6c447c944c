"""The composition root. `celery -A config` finds the application here."""

import signal
import sys

if sys.argv[0] == "-m":  # as long as `python -m config.run` imports this: Ctrl-C ends it without a traceback
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))

from config.env import env
from config.lean import collect_rarely, import_redis_alone

env.check()
collect_rarely()
import_redis_alone()

from config.celery import app  # noqa: E402 - which imports redis

__all__ = ["app"]
