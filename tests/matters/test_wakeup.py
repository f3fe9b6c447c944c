"""A hint that can't be sent costs nothing: the step is stored."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from celery import current_app
from django.conf import settings

from companies.models import Company
from matters import wakeup
from matters.models import Step
from matters.states import StepState
from tests import rows
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_hint_goes_out_when_the_step_is_committed(company: Company, sent: list[tuple[str, int]]) -> None:
    matter = rows.submitted(company)
    assert sent == [("plan_search", matter.steps.get().pk)]


def test_a_broker_that_is_down_fails_nothing_and_is_left_in_peace_for_a_moment(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    def fail(hints: list[tuple[str, int]], _queue: str | None) -> None:
        tries.extend(kind for kind, _id in hints)
        raise ConnectionError("no broker")

    monkeypatch.setattr(wakeup, "_quiet_until", 0.0)
    monkeypatch.setattr(wakeup, "_send", fail)
    for _ in range(3):
        rows.submitted(company)
    assert tries == ["plan_search"], "each request waits for the dead broker"
    assert Step.objects.filter(state=StepState.READY).count() == 3


@pytest.fixture
def arrived(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """How many messages came to the broker: all hints go to a queue that no worker takes from."""
    queue = "test-hints"
    monkeypatch.setattr(wakeup, "_quiet_until", 0.0)
    monkeypatch.setattr(wakeup, "queue_of", lambda _kind: queue)
    with current_app.connection_for_write() as connection:
        channel: Any = connection.channel()
        channel.queue_declare(queue)
        channel.queue_purge(queue)
        yield lambda: channel.queue_declare(queue).message_count
        channel.queue_purge(queue)


def test_a_hundred_threads_that_wake_at_once_lose_no_message(arrived: Any) -> None:
    at_once(*(lambda n=n: wakeup.publish_hints([("plan_search", n), ("plan_search", n)]) for n in range(100)))
    assert arrived() == 200, "threads share a few connections, and those that got none sent nothing"


def test_whoever_waits_for_its_turn_while_the_broker_is_found_down_does_not_try(
    arrived: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred threads would each wait for it, one behind the other."""
    monkeypatch.setattr(wakeup, "_quiet_until", float("inf"))
    wakeup._send([("plan_search", 7)], None)
    assert arrived() == 0, "it tries what another thread has just found out"


def test_a_thread_that_gets_no_turn_says_nothing_about_the_broker(
    arrived: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(wakeup, "TURN_SECONDS", 0.01)
    with ExitStack() as others:
        for _ in range(settings.CELERY_BROKER_POOL_LIMIT):
            others.enter_context(current_app.pool.acquire(block=True))
        wakeup.publish_hints([("plan_search", 7)])
    assert "sweeper" in caplog.text, "a message that was not sent is not told"
    assert "unreachable" not in caplog.text, "a broker that answers is called unreachable"
    wakeup.publish_hints([("plan_search", 8)])
    assert arrived() == 1, "the others' hints are lost, too"


def test_a_message_is_the_one_that_celery_itself_would_send(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (wakeup.queue_of("plan_search"), wakeup.queue_of("draft_advice")) == ("steps", "advice")
    queue = "test-hints"
    monkeypatch.setattr(wakeup, "queue_of", lambda _kind: queue)
    with current_app.connection_for_write() as connection:
        channel: Any = connection.channel()
        current_app.send_task("plan_search", args=[7], queue=queue, retry=False, ignore_result=True)
        wakeup._send([("plan_search", 7)], None)
        theirs, ours = channel.basic_get(queue, no_ack=True), channel.basic_get(queue, no_ack=True)
        channel.queue_delete(queue)
    assert ours.decode() == theirs.decode()
    assert _headers(ours) == _headers(theirs)
    assert ours.headers["id"] == ours.headers["root_id"] == ours.properties["correlation_id"]
    assert set(ours.properties) == set(theirs.properties)
    assert ours.properties["delivery_info"] == theirs.properties["delivery_info"]


def _headers(message: Any) -> dict[str, Any]:
    """But for its id, which each has of its own."""
    return {name: value for name, value in message.headers.items() if name not in ("id", "root_id")}
