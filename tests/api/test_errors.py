"""What is not there, methods that an address does not take, and parts of the product that are away."""

import uuid
from typing import Any

import psycopg
import pytest
from django.db import InterfaceError, OperationalError, connection, transaction
from django.test import Client
from psycopg_pool import PoolTimeout

import matters.api
import matters.services
from matters.models import Matter
from tests.api.answers import read_problem
from tests.api.conftest import MATTERS, Program

pytestmark = pytest.mark.django_db
UNKNOWN = uuid.UUID(int=0)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/",
        "/api/v1/nothing",
        f"{MATTERS}/",
        f"{MATTERS}/not-a-uuid",
        f"{MATTERS}/{UNKNOWN}".upper().replace("/API/V1/MATTERS", MATTERS) + "x",
        f"{MATTERS}/{UNKNOWN}/",
        f"{MATTERS}/{UNKNOWN}",
        f"{MATTERS}/{UNKNOWN}/advice",
        f"{MATTERS}/{UNKNOWN}/advice.md",
        f"{MATTERS}/{UNKNOWN}/nothing",
        "/api/v1/matters%00",
        "/api/v1/%ff",
    ],
)
def test_it_says_that_there_is_nothing(api: Program, path: str) -> None:
    read_problem(api.get(path), 404)


@pytest.mark.parametrize(
    "action", ["cancel", "retry", "regenerate", f"questions/{UNKNOWN}/answer", "questions/x/answer"]
)
def test_it_says_that_there_is_nothing_to_change(api: Program, action: str) -> None:
    read_problem(api.post(f"{MATTERS}/{UNKNOWN}/{action}", {"answer": "Yes"}), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", MATTERS, "GET, HEAD, OPTIONS, POST"),
        ("PATCH", MATTERS, "GET, HEAD, OPTIONS, POST"),
        ("PUT", f"{MATTERS}/{UNKNOWN}", "GET, HEAD, OPTIONS"),
        ("GET", f"{MATTERS}/{UNKNOWN}/cancel", "OPTIONS, POST"),
        ("HEAD", f"{MATTERS}/{UNKNOWN}/cancel", "OPTIONS, POST"),
        ("POST", f"{MATTERS}/{UNKNOWN}/events", "GET, HEAD, OPTIONS"),
        ("POST", "/api/v1/openapi.json", "GET, HEAD, OPTIONS"),
        ("DELETE", "/api/v1/docs", "GET, HEAD, OPTIONS"),
        ("BREW", MATTERS, "GET, HEAD, OPTIONS, POST"),
    ],
)
def test_it_says_which_methods_an_address_takes(api: Program, method: str, path: str, allowed: str) -> None:
    response = api.send(method, path)
    assert response["Allow"] == allowed
    read_problem(response, 405) if method != "HEAD" else None
    assert response.status_code == 405
    options = api.send("OPTIONS", path)
    assert (options.status_code, options["Allow"], options.content) == (204, allowed, b"")


def test_it_answers_head_as_get_without_the_body(api: Program, matter: Matter) -> None:
    for path in (MATTERS, f"{MATTERS}/{matter.pk}", "/api/v1/openapi.json"):
        response = api.send("HEAD", path)
        assert (response.status_code, response.content) == (200, b""), path
    assert api.send("HEAD", f"{MATTERS}/{UNKNOWN}").status_code == 404


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("the server closed the connection"),
        InterfaceError("the connection is closed"),
        psycopg.OperationalError("the server closed the connection"),
        PoolTimeout("no connection within 10 s"),
    ],
)
def test_it_asks_to_come_again_while_the_database_is_away(
    api: Program, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_arguments: Any, **_options: Any) -> None:
        raise error

    monkeypatch.setattr(matters.api, "submit_matter", fail)
    response = api.post(MATTERS, {"question": "How?"}, Idempotency_Key="k")
    assert "Send the same request again" in read_problem(response, 503)["detail"]
    assert int(response["Retry-After"]) > 0
    monkeypatch.setattr(matters.api, "submit_matter", matters.services.submit_matter)
    assert api.post(MATTERS, {"question": "How?"}, Idempotency_Key="k").status_code == 202


@pytest.mark.parametrize(
    "older",
    [
        "ALTER TABLE matters_matter RENAME TO matters_other",
        "ALTER TABLE matters_matter RENAME COLUMN question TO asked",
    ],
)
def test_a_database_that_is_older_than_the_program_is_told_and_is_no_fault_of_ours(
    api: Program, page: Client, older: str
) -> None:
    page.raise_request_exception = False
    for ask in (lambda: api.get(MATTERS), lambda: page.get("/")):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(older)
            response = ask()
            transaction.set_rollback(True)
        assert (response.status_code, response["Retry-After"]) == (503, "5")
        assert "The database is not up to date" in response.content.decode()


def test_a_fault_of_ours_is_a_problem_document_that_tells_nothing(
    api: Program, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_arguments: Any) -> None:
        raise KeyError("s3cret")

    monkeypatch.setattr(matters.api, "submit_matter", fail)
    response = api.post(MATTERS, {"question": "How?"})
    assert "s3cret" not in str(read_problem(response, 500))
    assert "s3cret" in caplog.text, "whoever looks into the log finds the cause"


def test_the_pages_keep_their_own_errors(client: Client) -> None:
    assert client.get("/nothing").headers["Content-Type"].startswith("text/html")
