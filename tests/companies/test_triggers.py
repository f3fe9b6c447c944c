"""The trigger of chunks asks nobody whether it is to be ignored."""

import pytest
from django.db import connection
from pgtrigger import compiler

from advice.models import Chunk
from companies.postgresql.triggers import SteadyTriggerSql


@pytest.mark.django_db
def test_a_chunk_is_stored_without_the_error_that_asking_raises() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
                WHERE t.tgrelid = %s::regclass AND NOT t.tgisinternal""",
            [Chunk._meta.db_table],
        )
        (source,) = [row[0] for row in cursor.fetchall()]
    assert "pg_notify" in source
    assert "should_ignore" not in source


def test_it_says_so_when_the_library_asks_in_other_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler.UpsertTriggerSql, "get_template", lambda _self: "CREATE TRIGGER {pgid}")
    with pytest.raises(ValueError, match="look how it asks"):
        SteadyTriggerSql(pgid="p", func="", table="t", when="BEFORE", operation="INSERT")
