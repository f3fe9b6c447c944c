"""A database whose defaults are of another country: every connection of ours reads what it holds all the same."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from django.db import connection

from companies.async_pool import async_pool, database_dsn
from tests.pools import close_async_pool

pytestmark = pytest.mark.django_db(transaction=True)
VALUES = (datetime(2026, 3, 4, 5, 6, tzinfo=UTC), date(2026, 3, 4), "“→”")
ASKED = "SELECT '2026-03-04 05:06Z'::timestamptz, '2026-03-04'::date, '“→”'"
DEFAULTS = {"datestyle": "German, DMY", "client_encoding": "LATIN1", "intervalstyle": "iso_8601"}


@pytest.fixture(autouse=True)
def _defaults() -> Iterator[None]:
    name = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        for setting, value in DEFAULTS.items():
            cursor.execute(f"ALTER DATABASE \"{name}\" SET {setting} = '{value}'")
    connection.close()  # the next session begins with them
    yield
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" RESET ALL')
    connection.close()


def test_django_s_connection_reads_dates_text_and_durations() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"{ASKED}, interval '1 day 02:00'")
        assert cursor.fetchone() == (*VALUES, timedelta(days=1, hours=2))


def test_a_connection_beside_it_reads_dates_and_text() -> None:
    with psycopg.connect(database_dsn()) as conn:
        assert conn.execute(ASKED).fetchone() == VALUES


def test_the_asynchronous_pool_reads_dates_and_text() -> None:
    async def read() -> object:
        try:
            async with (await async_pool()).connection() as conn:
                return await (await conn.execute(ASKED)).fetchone()
        finally:
            await close_async_pool()

    assert asyncio.run(read()) == VALUES
