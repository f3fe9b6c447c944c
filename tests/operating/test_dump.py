"""The backup of a running product, as docs/operating says to take it."""

import subprocess

import psycopg
import pytest
from psycopg import sql

from config.embedded.postgres import binary
from tests.databases import drop_database
from tests.processes import Installation

pytestmark = pytest.mark.xdist_group("operating")


def rows_of(database: str) -> dict[str, str]:
    """By table, a checksum over all of its rows."""
    with psycopg.connect(database.partition("?")[0]) as conn:
        named = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        checksum = "SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {} AS t"
        tables = [table for (table,) in conn.execute(named).fetchall()]
        read = {table: conn.execute(sql.SQL(checksum).format(sql.Identifier(table))) for table in tables}
        return {table: (cursor.fetchone() or ("",))[0] for table, cursor in read.items()}


def test_a_backup_of_the_running_product_restores_every_row(product: Installation) -> None:
    dump, server = product.folder / "matterstream.dump", product.database_url.partition("?")[0]
    restored = server.rpartition("/")[0] + "/restored"
    for command in (
        ("pg_dump", "--format=custom", f"--file={dump}", server),
        ("createdb", f"--maintenance-db={server}", "restored"),
        ("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={restored}", str(dump)),
    ):
        subprocess.run([str(binary(command[0])), *command[1:]], check=True, capture_output=True)
    try:
        there, here = rows_of(restored), rows_of(product.database_url)
        living = {"matters_processreport", "django_session"}  # what a running product renews
        assert {t: rows for t, rows in there.items() if t not in living} == {
            t: rows for t, rows in here.items() if t not in living
        }
        assert there["advice_attempt"], "there was nothing to restore"
    finally:
        drop_database(restored)
