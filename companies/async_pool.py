"""One pool of plain asynchronous connections per event loop, for what must not wait for Django's ORM thread.

`database_sync_to_async` has one thread per process; a web process that streams to a thousand readers authenticates and
reads through these connections instead.
"""

import asyncio
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import connection
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from companies.postgresql.resting import IDLE_SECONDS, RECONNECT_SECONDS, has_broken_off

CHECK_SECONDS = 2.0
_LIBPQ_OPTIONS = frozenset(option.keyword.decode() for option in Conninfo.get_defaults())


class Pool(AsyncConnectionPool[AsyncConnection[TupleRow]]):
    """A pool that gives nobody a connection which broke while it rested, and gets each one back.

    A reader may go at any moment, also while their connection is on its way back: psycopg's own pool waits for its lock
    then, and a task that is canceled there loses it. Four of these, and nobody reads a stream any more.

    `given`: how many connections were given so far.
    """

    given = 0

    async def getconn(self, timeout: float | None = None) -> AsyncConnection[TupleRow]:
        """A connection that works as far as this machine can tell. Raises PoolTimeout after `timeout` seconds."""
        connection = await super().getconn(timeout)
        for _ in range(self.max_size):
            if not has_broken_off(connection):
                break
            await connection.close()
            await self.putconn(connection)
            connection = await super().getconn(timeout)
        self.given += 1
        return connection

    async def putconn(self, conn: AsyncConnection[TupleRow]) -> None:
        """Take a connection back, also from a task that is canceled meanwhile."""
        await asyncio.shield(super().putconn(conn))


_pools: "WeakKeyDictionary[asyncio.AbstractEventLoop, Pool]" = WeakKeyDictionary()


def database_dsn() -> str:
    """The address of the database that Django uses now (in tests: the test's own) as libpq's connection string.

    With the options that are libpq's, such as `sslmode`: what Django's own connections ask for, all others ask for too.
    """
    database = connection.settings_dict
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    parts = {key: database[name] for key, name in names.items() if database[name]}
    options = {key: value for key, value in database["OPTIONS"].items() if key in _LIBPQ_OPTIONS}
    return make_conninfo(**{key: str(value) for key, value in (options | parts).items()})


async def async_pool() -> Pool:
    """The running loop's pool, opened at its first use. Connections are in autocommit: one statement, one snapshot."""
    loop = asyncio.get_running_loop()
    pool = _pools.get(loop)
    if pool is None:
        pool = Pool(
            database_dsn(),
            min_size=1,
            max_size=4,
            timeout=4,
            max_idle=IDLE_SECONDS,
            reconnect_timeout=RECONNECT_SECONDS,
            open=False,
            kwargs={"autocommit": True, "prepare_threshold": settings.PREPARE_THRESHOLD},
        )
        _pools[loop] = pool
        await pool.open()
    return pool


async def check_async_pool() -> None:
    """Asks PostgreSQL by the running loop's pool. Raises whatever it is, TimeoutError too, that readers would meet.

    No fault is a pool of which others have all: as long as they take turns, so that one who waited got a connection.
    """
    pool = await async_pool()
    given = pool.given
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            connection = await pool.getconn()
    except TimeoutError:
        if pool.given > given:
            return
        raise
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await connection.execute("SELECT 1")
    finally:
        await pool.putconn(connection)
