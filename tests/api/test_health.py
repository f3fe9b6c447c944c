"""What a load balancer and an operator ask."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from psycopg import ConnectionInfo
from pytest_django import Settings

import companies.async_pool
import config.servers
from companies.async_pool import Pool
from companies.models import ApiKey, Company, User
from matters.models import Matter
from tests.pools import close_async_pool
from tests.processes import free_port

pytestmark = pytest.mark.django_db


def asked(path: str, method: str = "GET", **headers: str) -> Any:
    """The answer of a web process, whose event loop it is that has the pool."""

    async def ask() -> Any:
        try:
            return await AsyncClient().generic(method, path, headers=headers)
        finally:
            await close_async_pool()

    return async_to_sync(ask)()


def ready() -> Any:
    return asked("/readyz")


def test_it_lives(client: Client) -> None:
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_load_balancer_may_ask_by_whatever_name_and_over_plain_http(settings: Settings, path: str) -> None:
    settings.SECURE_SSL_REDIRECT = True
    for host in ("10.1.2.3:8000", "evil.example", "not a name"):
        assert asked(path, Host=host).status_code == 200, f"refused for its Host: {host}"
    assert asked(path, method="HEAD").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_what_is_asked_is_not_posted(path: str) -> None:
    response = Client(enforce_csrf_checks=True).post(path)
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")


def test_it_is_ready_with_database_migrations_and_broker() -> None:
    response = ready()
    assert (response.status_code, response.json()) == (200, {"ready": True})


def test_it_is_not_ready_without_the_broker(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    response = ready()
    assert (response.status_code, response.json()["part"]) == (503, "broker")
    assert client.get("/healthz").status_code == 200, "it lives all the same"


def test_it_is_not_ready_without_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = f"postgresql://app@127.0.0.1:{free_port()}/app"
    monkeypatch.setattr(config.servers, "database_dsn", lambda: nowhere)
    response = ready()
    assert (response.status_code, response.json()["part"]) == (503, "database")
    assert "app@" not in response.content.decode(), "addresses are nobody's business"


def test_it_is_not_ready_where_the_database_can_not_hold_every_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ConnectionInfo, "parameter_status", lambda *_: "LATIN1")
    response = ready()
    assert (response.status_code, response.json()["part"]) == (503, "database")


def test_it_is_not_ready_before_the_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.db.migrations.executor.MigrationExecutor.migration_plan", lambda *_: ["one"])
    assert ready().json()["part"] == "migrations"


def test_it_is_not_ready_when_nobody_could_read_a_stream(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def wait_for_ever(_pool: Pool) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Pool, "getconn", wait_for_ever)
    monkeypatch.setattr(companies.async_pool, "CHECK_SECONDS", 0.1)
    response = ready()
    assert (response.status_code, response.json()["part"]) == (503, "streams")
    assert client.get("/healthz").status_code == 200, "it lives all the same"


def test_staff_see_the_numbers(client: Client, matter: Matter) -> None:
    client.force_login(User.objects.create_superuser("staff@example.com"))
    response = client.get("/metrics")
    assert response.status_code == 200
    assert 'matterstream_matters{status="queued"} 1.0' in response.content.decode()
    assert 'matterstream_steps_due{kind="plan_search"} 1.0' in response.content.decode()


def test_a_key_with_the_admin_scope_sees_the_numbers(client: Client, company: Company) -> None:
    token = ApiKey.issue(company, ["admin"])[1]
    assert client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_others_do_not_see_the_numbers(client: Client, page: Client, api_key: str) -> None:
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/metrics", headers={"Authorization": f"Bearer {api_key}"}).status_code == 403
    assert page.get("/metrics").status_code == 403
