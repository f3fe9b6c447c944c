"""The address that connections beside Django's use."""

from typing import Any

import pytest
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from companies.async_pool import database_dsn

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
