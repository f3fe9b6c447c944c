"""The backend that `ENGINE` names. It differs from Django's own in what it does with connections that break or hang."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql import base
from psycopg import Connection

from companies.postgresql.resting import has_broken_off

# A process that is stopped or hangs inside a transaction keeps its locks; after so long PostgreSQL ends its session.
# No work of ours rests that long between two statements: models are called with no connection held (CONTRIBUTING.md).
# Long statements, such as a migration's, a COPY or the wait for a lock, are no rest.
IDLE_IN_TRANSACTION_SECONDS = 10


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's connection to PostgreSQL, that never begins with a session which ended while it rested in the pool."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection that works as far as this machine can tell. Raises OperationalError, also after waiting."""
        connection = super().get_new_connection(conn_params)
        if (pool := self.pool) is None:
            return connection
        for _ in range(pool.max_size):
            if not has_broken_off(connection):
                break
            connection.close()
            pool.putconn(connection)
            connection = super().get_new_connection(conn_params)
        return connection

    def _configure_connection(self, connection: Connection[Any]) -> bool:
        """For each new session, in the pool or not. By statements: a proxy that pools refuses them as libpq's options.

        Raises ImproperlyConfigured (`refuse_unfit`).
        """
        refuse_unfit(connection)
        super()._configure_connection(connection)  # type: ignore[misc] # its types leave it out
        connection.execute(
            f"SET idle_in_transaction_session_timeout = '{IDLE_IN_TRANSACTION_SECONDS}s'; SET intervalstyle = postgres"
        )
        return True


def refuse_unfit(connection: Connection[Any]) -> None:
    """Raises ImproperlyConfigured, with what to do, where the product can't work through this connection."""
    _refuse_encoding(connection)
    if connection.prepare_threshold is not None:
        _refuse_pooler(connection)


def _refuse_encoding(connection: Connection[Any]) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding not in ("UTF8", None):  # None: of a proxy that doesn't say it
        raise ImproperlyConfigured(
            f"The database of DATABASE_URL keeps text in {encoding} and must in UTF8: make another by "
            "`createdb --template=template0 --encoding=UTF8 --locale=C.UTF-8 NAME`, and set DATABASE_URL to that."
        )


def _refuse_pooler(connection: Connection[Any]) -> None:
    """A pooler begins a client's session with a process id of its own making: each transaction has another server."""
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    if row != (connection.info.backend_pid,):
        raise ImproperlyConfigured(
            "DATABASE_URL leads through a pooler, such as PgBouncer, where LISTEN and prepared statements break: set "
            "LISTEN_DATABASE_URL to the direct address of PostgreSQL, or to the same one if the pooler keeps sessions."
        )
