"""Rows that somebody else keeps locked: nobody waits for them for ever with a connection that threads share."""

from psycopg.errors import LockNotAvailable


def is_locked_out(error: BaseException) -> bool:
    """Whether Django's `error` says that somebody else kept a lock for too long."""
    return isinstance(error.__cause__, LockNotAvailable)
