"""Whether a process has the servers that it works with: asked before it begins, so that a line says what to do."""

from contextlib import suppress

import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from companies.async_pool import database_dsn
from companies.postgresql.base import refuse_unfit


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
        raise SystemExit(str(error)) from None
