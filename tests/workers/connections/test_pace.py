"""Carta's documented limits are kept before Carta refuses, by all who read through a connection together."""

import time

import pytest

from companies.connections import Connection
from companies.models import Company
from workers.buckets import Bucket
from workers.connections import open_connection, pace
from workers.provider_http import Code, ProviderCallRecord, ProviderError

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("providers")]


def read_once(company: Company, told: list[ProviderCallRecord]) -> None:
    opened = open_connection(company.pk, "carta", told.append)
    assert opened is not None
    with opened.client as client:
        client.issuers()


def test_no_second_sees_more_than_ten_requests_and_no_minute_more_than_300() -> None:
    for bucket, seconds, most in ((pace.IN_A_SECOND, 1, 10), (pace.IN_A_MINUTE, 60, 300)):
        assert bucket.capacity + seconds * bucket.per_second <= most == bucket.most


def test_what_would_wait_for_too_long_is_put_off_as_after_a_429_and_not_sent(
    company: Company, carta: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "IN_A_SECOND", Bucket(2, 0.001, 10))
    told: list[ProviderCallRecord] = []
    for _ in range(2):  # each by a client of its own, as by another worker
        read_once(company, told)
    with pytest.raises(ProviderError, match="We try again on our own") as caught:
        read_once(company, told)
    assert (caught.value.code, caught.value.permanent, caught.value.retry_after) == (Code.RATE_LIMITED, False, 60)
    assert [call.status for call in told] == [200, 200]


def test_a_request_waits_for_its_turn(company: Company, carta: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    turns, slept = iter((0.5, 0.25, 0.0)), list[float]()
    monkeypatch.setattr(pace, "seconds_to_turn", lambda *_: next(turns))
    monkeypatch.setattr(time, "sleep", slept.append)
    read_once(company, [])
    assert [seconds for seconds in slept if seconds] == [0.5, 0.25], "the server of the test sleeps, too"


def test_while_redis_is_away_nobody_waits(
    company: Company, carta: Connection, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(pace, "IN_A_SECOND", Bucket(1, 0.001, 10))
    told: list[ProviderCallRecord] = []
    for _ in range(3):
        read_once(company, told)
    assert [call.status for call in told] == [200, 200, 200]
