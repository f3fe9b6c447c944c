"""A log line is a JSON object that says what it belongs to, and has no word of content."""

import itertools
import json
import logging
import sys
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.db import DataError, OperationalError
from django.test import Client
from structlog.contextvars import bound_contextvars

from config import middleware
from config.logs import WithoutWords, formatter

CANARY = "Quetzalcoatlus"


def record(message: str, *args: Any, name: str = "workers.tasks", **fields: Any) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, __file__, 1, message, args, fields.get("exc_info"))


def failed_with(words: str) -> Any:
    try:
        try:
            raise ValueError(words)
        except ValueError as error:
            raise RuntimeError(f"{words} again") from error
    except RuntimeError:
        return sys.exc_info()


def test_a_line_is_an_object_with_the_ids_that_are_known() -> None:
    with bound_contextvars(request="r1", matter="m1", step=7):
        line = json.loads(formatter(debug=False).format(record("step %s gave up", "plan_search")))
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "step plan_search gave up",
        "level": "error",
        "logger": "workers.tasks",
        "matter": "m1",
        "request": "r1",
        "step": 7,
    }
    assert "matter" not in json.loads(formatter(debug=False).format(record("later")))


def test_of_an_exception_the_types_and_places_are_written_and_not_what_it_says() -> None:
    line = formatter(debug=False).format(record("a call failed", exc_info=failed_with(CANARY)))
    assert CANARY not in line
    assert json.loads(line)["exception"].endswith("ValueError")
    assert "RuntimeError" in line
    assert "test_logs.py" in line


def test_celery_s_own_line_of_a_task_that_failed_has_no_words_of_it() -> None:
    context = {"name": "draft_advice", "id": "1", "exc": CANARY, "traceback": CANARY, "description": "raised"}
    failed = record(
        "Task %(name)s %(exc)s %(traceback)s", context, name="celery.app.trace", exc_info=failed_with(CANARY)
    )
    assert CANARY in failed.getMessage()
    assert WithoutWords().filter(failed)
    line = formatter(debug=False).format(failed)
    assert CANARY not in line
    assert "Task draft_advice[1] ended with RuntimeError" in line


def told(error: Exception) -> str:
    failed = record("refused: %s", error)
    WithoutWords().filter(failed)
    return str(json.loads(formatter(debug=False).format(failed))["event"])


def test_a_database_error_that_a_line_names_quotes_no_row() -> None:
    refused = DataError(f'invalid input: "{CANARY}"')
    refused.__cause__ = psycopg.errors.InvalidTextRepresentation(f'invalid input: "{CANARY}"')
    assert told(refused) == "refused: DataError 22P02"
    assert (
        told(psycopg.errors.CheckViolation(f"no\nDETAIL: Failing row has {CANARY}")) == "refused: CheckViolation 23514"
    )
    away = OperationalError("connection failed: Connection refused\n\tIs the server running?")
    away.__cause__ = psycopg.OperationalError(str(away))
    assert told(away) == "refused: connection failed: Connection refused", "an operator can see why it was away"


def test_a_request_has_one_line_with_its_route_and_neither_its_query_nor_its_secrets(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    lines = formatter(debug=False)
    caplog.handler.setFormatter(lines)
    monkeypatch.setattr(middleware, "time", SimpleNamespace(monotonic=itertools.count(step=0.25).__next__))
    with caplog.at_level(logging.INFO):
        answers = [Client().get(path) for path in ("/healthz", f"/?q={CANARY}", f"/shared/{CANARY}/", f"/{CANARY}")]
    assert CANARY not in caplog.text
    found = [json.loads(line) for line in caplog.text.splitlines() if '"requests"' in line]
    assert [line["request"] for line in found] == [answer["X-Request-ID"] for answer in answers]
    assert [(line["method"], line["route"], line["status"]) for line in found] == [
        ("GET", "healthz", 200),
        ("GET", "", 302),
        ("GET", "shared/<str:token>/", 404),
        ("GET", "", 404),
    ]
    assert {line["ms"] for line in found} == {250}, "milliseconds from the request to the answer's start"


def test_with_debug_a_line_is_for_a_person() -> None:
    line = formatter(debug=True).format(record("a call failed", exc_info=failed_with("why")))
    assert "a call failed" in line
    assert "why again" in line
    assert not line.startswith("{")
