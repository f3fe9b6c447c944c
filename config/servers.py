"""Whether a process has the servers that it works with: asked before it begins, so that a line says what to do."""

from contextlib import suppress

import psycopg
import redis
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from companies.async_pool import database_dsn
from companies.postgresql.base import refuse_unfit
from config.env import WishError


def refuse_missing_servers() -> None:
    """Ends the process with 1 and a line for each address that is neither set nor that of a running `make run`."""
    if settings.NOT_SET:
        raise WishError("\n".join(map(say_not_set, settings.NOT_SET)))


def say_not_set(name: str) -> str:
    """What to do about the address that the variable `name` should have."""
    return f"{name} is not set, and no `make run` is running on {settings.DATA_DIR}: do one of them."


def check_database() -> None:
    """Raises psycopg.Error where PostgreSQL does not answer, and ImproperlyConfigured where it does not fit.

    By a connection of its own: one that is down is known in two seconds, and a busy pool is no fault.
    """
    threshold = settings.PREPARE_THRESHOLD
    with psycopg.connect(database_dsn(), connect_timeout=2, autocommit=True, prepare_threshold=threshold) as conn:
        refuse_unfit(conn)
        conn.execute("SELECT 1")


def refuse_unfit_database() -> None:
    """Ends the process with 1 and a line where PostgreSQL does not fit. One that is away is waited for."""
    try:
        with suppress(psycopg.Error):
            check_database()
    except ImproperlyConfigured as error:
        raise WishError(str(error)) from None


def check_broker() -> None:
    """Raises redis.RedisError where Redis does not answer, or refuses the password or the database."""
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as broker:
        broker.ping()
