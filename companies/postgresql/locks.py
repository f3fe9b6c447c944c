"""How long a server waits for what somebody else keeps locked.

Its threads share few connections. Those that wait for one matter must not keep all of them from the other matters.
"""

from django.db import connection
from psycopg.errors import LockNotAvailable

LOCK_OPTION = "lock_seconds"  # of Django's OPTIONS, read by this backend


def wait_for_locks(seconds: float) -> None:
    """Let the sessions that this process opens from now on wait so long for a lock; then OperationalError is raised.

    Not for what is run by hand: a migration above all waits as long as it takes.
    """
    connection.settings_dict["OPTIONS"][LOCK_OPTION] = seconds


def is_locked_out(error: BaseException) -> bool:
    """Whether Django's `error` says that somebody else kept a lock for too long."""
    return isinstance(error.__cause__, LockNotAvailable)
