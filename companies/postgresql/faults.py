"""What an error of PostgreSQL's says, where what is done about it depends on that.

`error`: Django's, which psycopg's own is the cause of, or psycopg's.
"""

from psycopg.errors import (
    DeadlockDetected,
    IdleInTransactionSessionTimeout,
    LockNotAvailable,
    UndefinedColumn,
    UndefinedTable,
)


def is_locked_out(error: BaseException) -> bool:
    """Whether somebody else kept a lock for too long: nobody waits for ever with a connection that threads share."""
    return isinstance(error.__cause__ or error, LockNotAvailable)


def is_deadlock(error: BaseException) -> bool:
    """Whether two transactions waited for each other, and PostgreSQL ended this one; the other one goes on."""
    return isinstance(error.__cause__ or error, DeadlockDetected)


def is_too_late(error: BaseException) -> bool:
    """Whether the process stood still inside a transaction for so long that the server ended its session."""
    return isinstance(error.__cause__ or error, IdleInTransactionSessionTimeout)


def is_behind(error: BaseException) -> bool:
    """Whether a table or a column is not there: the database is older than this code."""
    return isinstance(error.__cause__ or error, UndefinedTable | UndefinedColumn)
