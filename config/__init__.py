"""The composition root. `celery -A config` finds the application here."""

from config.env import env
from config.lean import collect_rarely, import_redis_alone

env.check()
collect_rarely()
import_redis_alone()

from config.celery import app  # noqa: E402 - which imports redis

__all__ = ["app"]
