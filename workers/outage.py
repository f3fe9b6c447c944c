"""Waiting for the database where something would be lost without it."""

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InternalError, OperationalError, connection

from companies.postgresql.faults import is_locked_out, is_too_late
from companies.postgresql.resting import has_broken_off

T = TypeVar("T")
logger = logging.getLogger(__name__)
OUTAGE_SECONDS, RETRY_SECONDS = 60.0, 0.5
FIRST_LOCKED_PAUSE, LONGEST_LOCKED_PAUSE = 1.0, 8.0
LATELY_SECONDS = 300.0
_failed_at = float("-inf")


def note_failure() -> None:
    """The database has just failed a statement, or could not be reached."""
    global _failed_at
    _failed_at = time.monotonic()


def has_failed_lately() -> bool:
    """Whether this process has met a failure of the database within the last five minutes."""
    return time.monotonic() < _failed_at + LATELY_SECONDS


def await_database(ends_at: float | None = None) -> None:
    """Have a connection that works: what a model has answered must not be lost with the session that is to store it.

    One that broke while it rested in the pool is given back for another one; a database that is away is waited for, up
    to a minute, or until `ends_at`, a time of `time.monotonic`. Raises OperationalError.
    """
    ends_at = ends_at or time.monotonic() + OUTAGE_SECONDS
    while True:
        try:
            connection.ensure_connection()
            if not has_broken_off(connection.connection):
                return
        except OperationalError as error:
            note_failure()
            if time.monotonic() > ends_at:
                raise
            logger.warning("an outcome waits for the database: %s", error)
            time.sleep(RETRY_SECONDS)
        connection.close()


def until_stored(
    store: Callable[[], T], *, worth_it: Callable[[], bool] = lambda: True, ends_at: float | None = None
) -> T:
    """What `store` gives, done again while the database fails it and it is `worth_it`, up to a minute from then on.

    For what a model or a provider has said and nobody wants to ask again: a statement, a transaction, or a step whose
    answer is at hand. Each try has a connection that works. That the server ended a session because this process stood
    still inside its transaction is such a failure, too. The minute is over at `ends_at`, a time of `time.monotonic`,
    where that is given. Raises OperationalError.
    """
    while True:
        try:
            await_database(ends_at)
            return store()
        except (OperationalError, InternalError) as error:
            if isinstance(error, InternalError) and not is_too_late(error):
                raise
            note_failure()
            ends_at = ends_at or time.monotonic() + OUTAGE_SECONDS
            if time.monotonic() > ends_at or not worth_it():
                raise
            logger.warning("an outcome is offered again: %s", error)
            time.sleep(RETRY_SECONDS)


def until_unlocked(do: Callable[[], T]) -> T:
    """What `do` gives, begun anew for as long as somebody else keeps locked what it begins with.

    In between the connection is given back: threads share a few, and those that wait for one matter would keep all. So
    the pauses grow. Raises OperationalError for anything else.
    """
    pause = FIRST_LOCKED_PAUSE
    while True:
        try:
            return do()
        except OperationalError as error:
            if not is_locked_out(error):
                raise
            logger.warning("an outcome waits for a matter that is locked: %s", error)
        connection.close()
        time.sleep(random.uniform(pause / 2, pause))  # else all that wait would come back at once
        pause = min(2 * pause, LONGEST_LOCKED_PAUSE)
