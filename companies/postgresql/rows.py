"""Rows as instances of their models, by statements of our own.

Django compiles a query anew each time, which costs several times what the driver needs for it. What every step of every
matter does is written out (docs/adr/0005-statements-of-a-step.md).
"""

import functools
import json
from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)


@functools.cache
def columns_of(model: type[models.Model], alias: str) -> str:
    """All columns of `model`'s table, which the statement calls `alias`, in the order that `fetch_one` expects."""
    return ", ".join(f'{alias}."{field.column}"' for field in model._meta.concrete_fields)  # noqa: SLF001 # Django documents it


def fetch_rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement of our own; jsonb comes as text (`read_json`)."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def read_json(value: Any) -> Any:
    """A column of jsonb as `fetch_rows` gives it: Django has the driver leave it as text."""
    return json.loads(value) if isinstance(value, str) else value


def insert_rows(model: type[M], instances: Sequence[M]) -> None:
    """Insert new rows whose keys are set, with all their columns, by one parameter.

    An INSERT with a parameter for each column of each row takes Django and the driver milliseconds.
    """
    fields = model._meta.concrete_fields  # noqa: SLF001 # Django documents it
    rows = [{field.column: getattr(instance, field.attname) for field in fields} for instance in instances]
    table = model._meta.db_table  # noqa: SLF001 # likewise
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table}" SELECT * FROM json_populate_recordset(NULL::"{table}", %(rows)s::json)',  # noqa: S608 # the model's own name; values are bound
            {"rows": json.dumps(rows, default=str)},
        )
    for instance in instances:
        instance._state.adding = False  # noqa: SLF001 # as Django's own inserts do: a later save is an update


def fetch_one(model: type[M], statement: str, values: dict[str, Any]) -> M | None:
    """The first row of a statement that gives `columns_of(model, …)`; None where there is none."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    if row is None:
        return None
    names, of_json = _reading(model)
    read = list(row)
    for index in of_json:  # Django has the driver leave jsonb as text
        if read[index] is not None:
            read[index] = json.loads(read[index])
    instance: M = model.from_db("default", names, read)
    return instance


@functools.cache
def _reading(model: type[models.Model]) -> tuple[list[str], list[int]]:
    """The fields' names, and the places of those that hold JSON."""
    fields = model._meta.concrete_fields  # noqa: SLF001 # Django documents it
    of_json = [index for index, field in enumerate(fields) if isinstance(field, models.JSONField)]
    return [field.attname for field in fields], of_json
