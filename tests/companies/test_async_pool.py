"""The address that connections beside Django's use."""

import asyncio
from typing import Any

import pytest
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from companies.async_pool import async_pool, close_async_pool, database_dsn
from tests.threads import in_background

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_is_the_database_that_django_uses_now() -> None:
    address = conninfo_to_dict(database_dsn())
    assert (address["dbname"], str(address["port"])) == (
        connection.settings_dict["NAME"],
        str(connection.settings_dict["PORT"]),
    )


def test_it_asks_for_no_less_than_django_does(monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, Any] = {"sslmode": "verify-full", "pool": {"max_size": 12}, "isolation_level": 4}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    address = conninfo_to_dict(database_dsn())
    assert address["sslmode"] == "verify-full"
    assert set(address) <= {"host", "port", "user", "password", "dbname", "sslmode"}


def test_a_connection_that_broke_in_the_pool_fails_nobody() -> None:
    async def ask() -> Any:
        pool = await async_pool()
        async with pool.connection() as conn:
            return await (await conn.execute("SELECT pg_backend_pid()")).fetchone()

    async def ask_around_an_outage() -> tuple[Any, Any]:
        before = await ask()
        await asyncio.to_thread(lambda: in_background(lambda: end_session(before[0])).result())
        try:
            return before, await ask()
        finally:
            await close_async_pool()

    before, after = asyncio.run(ask_around_an_outage())
    assert before != after


def end_session(pid: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
