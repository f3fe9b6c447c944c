"""The address that connections beside Django's use."""

import asyncio
from typing import Any

import pytest
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

import companies.async_pool
from companies.async_pool import Pool, async_pool, check_async_pool, database_dsn
from tests.advice.conftest import Loop, loop
from tests.config.waiting import until

__all__ = ["loop"]

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


def test_no_connection_is_lost_on_its_way_back_from_a_reader_who_goes_meanwhile(loop: Loop) -> None:
    async def go_meanwhile(pool: Pool) -> None:
        taken, done = asyncio.Event(), asyncio.Event()

        async def read() -> None:
            async with pool.connection():
                taken.set()
                await done.wait()

        reader = asyncio.create_task(read())
        await taken.wait()
        async with pool._lock:  # as somebody has it who asks for a connection
            done.set()
            await until(lambda: pool._lock._waiters, "it is not on its way back")
            reader.cancel()
            await asyncio.sleep(0)
        await asyncio.wait([reader])

    async def read_after_all_have_gone() -> None:
        pool = await async_pool()
        for _ in range(pool.max_size):
            await go_meanwhile(pool)
        async with pool.connection() as conn:
            await conn.execute("SELECT 1")

    loop.run(read_after_all_have_gone())


def test_a_pool_that_gives_nobody_a_connection_any_more_is_noticed(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(companies.async_pool, "CHECK_SECONDS", 0.1)

    async def check_a_pool_that_lost_its_connections() -> None:
        pool = await async_pool()
        lost = [await pool.getconn() for _ in range(pool.max_size)]
        try:
            with pytest.raises(TimeoutError):
                await check_async_pool()
        finally:
            for conn in lost:
                await pool.putconn(conn)
        await check_async_pool()

    loop.run(check_a_pool_that_lost_its_connections())


def test_a_pool_whose_readers_take_turns_is_busy_and_in_order(loop: Loop) -> None:
    async def check_a_busy_pool() -> None:
        pool = await async_pool()
        taken = [await pool.getconn() for _ in range(pool.max_size)]
        next_reader = asyncio.create_task(pool.getconn())
        await until(lambda: len(pool._waiting) == 1, "a reader waits")
        check = asyncio.create_task(check_async_pool())
        await until(lambda: len(pool._waiting) == 2, "the check waits behind them")
        await pool.putconn(taken.pop())
        taken.append(await next_reader)
        await check
        for conn in taken:
            await pool.putconn(conn)

    loop.run(check_a_busy_pool())
