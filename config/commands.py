"""How a command that a person types says what is wrong: in a line that says what to do, and not by a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError
from django.db import Error, OperationalError
from psycopg import errors
from redis import RedisError

from companies.postgresql.faults import is_behind
from config.servers import say_not_set

_ENDED = (errors.AdminShutdown.sqlstate, errors.CrashShutdown.sqlstate, errors.CannotConnectNow.sqlstate)


@contextmanager
def told_in_a_line() -> Iterator[None]:
    """Ends with 1 and a line for what the environment or a server is to blame for; `--traceback` shows where."""
    if "runserver" not in sys.argv:
        _connect_without_pool()
    try:
        yield
    except (ImproperlyConfigured, CommandError) as error:  # their words say what to do
        sys.exit(str(error))
    except (Error, RedisError) as error:
        words = _words_for(error)
        if not words or settings.DEBUG or "--traceback" in sys.argv:
            raise
        sys.exit(words)


def _connect_without_pool() -> None:
    """A command is one thread. A pool would try for seconds, log each try, and not say in the end what refused it."""
    settings.DATABASES["default"]["OPTIONS"].pop("pool", None)


def _words_for(error: Error | RedisError) -> str:
    """What to do about it; empty for what is no fault of the installation."""
    state = getattr(error.__cause__, "sqlstate", None)
    why = next(iter(str(error).splitlines()), "")
    if isinstance(error, RedisError):
        return f"Redis can't be used ({why}): set REDIS_URL to one that can, or start `make run` without it."
    if is_behind(error):
        return f"The database of DATABASE_URL is not up to date ({why}): run `python -m config.setup`, or `make run`."
    if not isinstance(error, OperationalError) or state not in (None, *_ENDED):
        return ""
    if not settings.DATABASE_URL:
        return say_not_set("DATABASE_URL")
    return f"PostgreSQL can't be used ({why}): set DATABASE_URL to one that can, or start `make run` without it."
