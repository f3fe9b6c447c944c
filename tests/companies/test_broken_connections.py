"""Connections that rest in a pool: in time they are given back, and whoever comes next gets one that works."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest
from django.db import DatabaseError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend

from companies.async_pool import async_pool, database_dsn
from companies.postgresql import base
from config.settings import database_at
from tests.pools import close_async_pool
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 4  # as many as the asynchronous pool has


def end_sessions(pids: list[int]) -> None:
    with psycopg.connect(database_dsn(), autocommit=True) as conn:
        for pid in pids:
            assert conn.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchone() == (True,)


@pytest.fixture
def pooled() -> Iterator[BaseDatabaseWrapper]:
    """Django's connection as a web process or worker has it, with a pool of its own behind it."""
    product_s = database_at("postgresql://of-no-matter")["OPTIONS"]
    options = connection.settings_dict["OPTIONS"] | {"pool": product_s["pool"] | {"max_size": AT_ONCE}}
    backend = load_backend(connection.settings_dict["ENGINE"])
    wrapper = backend.DatabaseWrapper(connection.settings_dict | {"OPTIONS": options}, alias=connection.alias)
    wrapper.inc_thread_sharing()
    yield wrapper
    with suppress(DatabaseError):  # a session that was ended can't be rolled back
        wrapper.close()
    wrapper.close_pool()


def session_of(wrapper: BaseDatabaseWrapper) -> int:
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def sessions_at_once(wrapper: BaseDatabaseWrapper, count: int = AT_ONCE) -> list[int]:
    """One request after another has held a connection, all at the same time; now all rest in the pool."""
    taken = [wrapper.copy() for _ in range(count)]
    try:
        for each in taken:
            each.inc_thread_sharing()
        return [session_of(each) for each in taken]
    finally:
        for each in taken:
            each.close()


def test_the_connections_of_a_burst_are_given_back(pooled: BaseDatabaseWrapper) -> None:
    burst = sessions_at_once(pooled, 3)

    with psycopg.connect(database_dsn(), autocommit=True) as conn:

        def left() -> int:
            row = conn.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s)", [burst]).fetchone()
            return row[0] if row else 0

        assert left() == 3
        wait_until(lambda: left() == 1, "all but one are given back", seconds=30)


def test_sessions_that_ended_in_django_s_pool_fail_no_request(pooled: BaseDatabaseWrapper) -> None:
    before = sessions_at_once(pooled)
    assert len(set(before)) == AT_ONCE
    end_sessions(before)
    after = sessions_at_once(pooled)
    assert not set(before) & set(after)


def test_sessions_that_ended_in_the_asynchronous_pool_fail_no_reader() -> None:
    async def ask(together: asyncio.Barrier) -> int:
        pool = await async_pool()
        async with pool.connection() as conn:
            await together.wait()
            row = await (await conn.execute("SELECT pg_backend_pid()")).fetchone()
            assert row is not None
            return int(row[0])

    async def ask_at_once() -> list[int]:
        together = asyncio.Barrier(AT_ONCE)
        return await asyncio.gather(*[ask(together) for _ in range(AT_ONCE)])

    async def ask_around_an_outage() -> tuple[list[int], list[int]]:
        try:
            before = await ask_at_once()
            await asyncio.to_thread(end_sessions, before)
            return before, await ask_at_once()
        finally:
            await close_async_pool()

    before, after = asyncio.run(ask_around_an_outage())
    assert not set(before) & set(after)


def test_a_session_that_rests_in_the_pool_is_not_asked_before_it_is_given(
    pooled: BaseDatabaseWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    pooled.settings_dict["OPTIONS"]["pool"]["max_size"] = 1
    first = session_of(pooled)
    pooled.close()
    with psycopg.connect(database_dsn(), autocommit=True) as conn:
        query = "SELECT query_start FROM pg_stat_activity WHERE pid = %s"
        asked = conn.execute(query, [first]).fetchone()
        pooled.ensure_connection()
        assert conn.execute(query, [first]).fetchone() == asked, "every request pays a roundtrip for the check"
    assert session_of(pooled) == first


def test_a_process_that_stops_inside_a_transaction_does_not_keep_its_locks(
    pooled: BaseDatabaseWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "IDLE_IN_TRANSACTION_SECONDS", 1)
    pooled.set_autocommit(False)
    with pooled.cursor() as cursor:
        cursor.execute("LOCK TABLE django_session IN ACCESS EXCLUSIVE MODE")
    with psycopg.connect(database_dsn(), autocommit=True) as conn:
        conn.execute("SET lock_timeout = '8s'")
        conn.execute("SELECT 1 FROM django_session")


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux has it")
def test_a_server_whose_machine_is_gone_is_given_up_by_the_kernel() -> None:
    connection.ensure_connection()
    with psycopg.connect(database_dsn()) as beside:
        for conn in (connection.connection, beside):
            with socket.socket(fileno=os.dup(conn.fileno())) as line:
                told = [
                    line.getsockopt(socket.IPPROTO_TCP, option)
                    for option in (socket.TCP_KEEPIDLE, socket.TCP_USER_TIMEOUT)
                ]
            assert told == [10, 15_000], "whoever waits for its answer waits for hours"


def test_an_operator_may_give_a_lost_server_more_time() -> None:
    options = database_at("postgresql://of-no-matter/app?tcp_user_timeout=60000")["OPTIONS"]
    assert (options["tcp_user_timeout"], options["keepalives_idle"]) == (60_000, 10)
