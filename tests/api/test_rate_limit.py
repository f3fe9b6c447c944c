"""`API_RATE`: requests per minute and key."""

import os
import time

import pytest
import redis
from django.test import Client
from pytest_django import Settings

import companies.rate_limit
from companies.models import ApiKey, Company
from companies.problems import Problem
from companies.rate_limit import check_rate, check_rate_async
from tests.api.answers import read_problem
from tests.api.conftest import MATTERS, Program
from tests.processes import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _five_a_minute(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a Redis that is slow because the machine is busy is not taken to be away."""
    settings.API_RATE = 5
    monkeypatch.setattr(companies.rate_limit, "_TIMEOUTS", {"socket_connect_timeout": 10, "socket_timeout": 10})
    monkeypatch.setattr(companies.rate_limit, "_clients", {})
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as server:
        server.delete(*(server.keys("api_rate:*") or ["none"]))


def test_a_key_may_ask_so_often_and_not_more(api: Program) -> None:
    assert [api.get(MATTERS).status_code for _ in range(5)] == [200] * 5
    response = api.get(MATTERS)
    assert "5 requests a minute" in read_problem(response, 429)["detail"]
    assert 1 <= int(response["Retry-After"]) <= 12, "five a minute are one in twelve seconds"


def test_it_may_ask_again_when_it_was_told(api: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(6):
        response = api.get(MATTERS)
    wait = int(response["Retry-After"])
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as server:
        (bucket,) = server.keys("api_rate:*")
        server.hset(bucket, "at", str(float(server.hget(bucket, "at")) - wait))  # as if it had waited
    assert api.get(MATTERS).status_code == 200
    assert api.get(MATTERS).status_code == 429


def test_every_key_has_its_own_rate(api: Program, company: Company) -> None:
    for _ in range(6):
        api.get(MATTERS)
    assert Program(Authorization=f"Bearer {ApiKey.issue(company, ['read'])[1]}").get(MATTERS).status_code == 200


def test_calls_that_change_something_count_as_well(api: Program) -> None:
    assert [api.post(MATTERS, {"question": ""}).status_code for _ in range(6)] == [400] * 5 + [429]


def test_a_persons_session_has_no_rate(page: Client) -> None:
    assert {page.get(MATTERS).status_code for _ in range(8)} == {200}


def test_wrong_keys_are_not_counted(db: None) -> None:
    program = Program(Authorization="Bearer wrong")
    assert {program.get(MATTERS).status_code for _ in range(8)} == {401}


def test_nought_is_no_limit(api: Program, settings: Settings) -> None:
    settings.API_RATE = 0
    assert {api.get(MATTERS).status_code for _ in range(8)} == {200}


async def test_streams_and_calls_share_one_rate() -> None:
    for _ in range(3):
        await check_rate_async("k" * 64)
    for _ in range(2):
        check_rate("k" * 64)
    with pytest.raises(Problem) as refusal:
        await check_rate_async("k" * 64)
    assert refusal.value.status == 429
    await companies.rate_limit._async_client().aclose()


async def test_everything_passes_at_once_while_redis_is_away(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    check_rate("k" * 64)
    for _ in range(100):
        check_rate("k" * 64)
        await check_rate_async("k" * 64)
    assert len(caplog.records) == 1, "one that is away is asked once in five seconds, not by every request"
    monkeypatch.setattr(companies.rate_limit, "_quiet_until", 0.0)
    await check_rate_async("k" * 64)
    assert companies.rate_limit._quiet_until > time.monotonic(), "the asynchronous client notices it, too"
    await companies.rate_limit._async_client().aclose()


def test_it_counts_again_when_redis_is_back(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    here, settings.REDIS_URL = settings.REDIS_URL, f"redis://127.0.0.1:{free_port()}/0"
    check_rate("k" * 64)
    settings.REDIS_URL = here
    later = time.monotonic() + companies.rate_limit.PAUSE_SECONDS
    monkeypatch.setattr("companies.rate_limit.time.monotonic", lambda: later)
    for _ in range(5):
        check_rate("k" * 64)
    with pytest.raises(Problem):
        check_rate("k" * 64)
