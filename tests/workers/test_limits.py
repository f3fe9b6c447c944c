"""The limits of requests and tokens that all workers share: against a real Redis, with buckets that fill in moments."""

import heapq
import os
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis
from django.conf import settings as settings_of_django
from pytest_django import Settings

from matters.models import Matter
from matters.states import StepState, WaitingFor
from tests.fakes.llm import FakeLLM
from tests.processes import Installation, free_port, wait_until
from tests.threads import at_once
from tests.workers.conftest import Pipeline
from workers import limits
from workers.buckets import LONGEST_WAIT, Bucket, SharedLimit
from workers.limits import LimitReached, take_share

KIND = "plan_search"
NONE = Bucket(1, 0, 0)
_names = (f"test_limit_{os.getpid()}_{number}" for number in count())


def own_redis(number: int = 1 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 14) -> str:
    """The address of a database of Redis that no other process of this test run uses."""
    return urlunsplit(urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{number}"))


@pytest.fixture
def client() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(own_redis()) as client:
        client.flushdb()
        yield client


@pytest.fixture(autouse=True)
def _redis_of_our_own(settings: Settings, client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """Buckets that nobody has taken from, and no memory of a Redis that was away."""
    settings.REDIS_URL = own_redis()
    monkeypatch.setattr(limits, "_quiet_until", 0.0)
    monkeypatch.setattr(limits, "_logged_until", 0.0)


def limit_of(client: redis.Redis, requests: Bucket = NONE, tokens: Bucket = NONE, grace: float = 5.0) -> SharedLimit:
    return SharedLimit(client, next(_names), requests, tokens, grace)


def let_pass(limit: SharedLimit, seconds: float) -> None:
    """As if so much time had passed: the times that are noted are put back, for Redis's own clock can't be set."""
    limit.client.hincrbyfloat(f"{limit.name}:bucket", "at", -seconds)
    for step, _lost_at in limit.client.zscan_iter(f"{limit.name}:places"):
        limit.client.zincrby(f"{limit.name}:places", -seconds, step)


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 10, 15, 60, 999, 10_000])
def test_no_minute_sees_more_than_its_limit(limit: int) -> None:
    bucket = Bucket.of_minute(limit)
    assert int(bucket.capacity + 60 * bucket.per_second) <= limit
    assert 60 * bucket.per_second >= 0.9 * limit, "too much of the limit is wasted"


def test_what_is_there_is_given_at_once_and_then_as_fast_as_it_fills(client: redis.Redis) -> None:
    limit = limit_of(client, Bucket(3, 0.5, 30))
    assert [limit.take(n, 0.0, 0) for n in range(3)] == [0, 0, 0]
    assert limit.take(9, 0.0, 0) == pytest.approx(2.0, abs=0.2)


def test_requests_and_tokens_are_taken_together_or_not_at_all(client: redis.Redis) -> None:
    limit = limit_of(client, Bucket(5, 0.001, 5), Bucket(100, 0.001, 100))
    assert limit.take(1, 0.0, 60) == 0
    for _ in range(20):
        assert limit.take(2, 1.0, 60) > 0, "there are 40 tokens"
    kept = client.hgetall(f"{limit.name}:bucket")
    assert float(kept[b"requests"]) == pytest.approx(4, abs=0.1), "a refused call used up a request"
    assert limit.take(2, 1.0, 30) == 0


def test_what_a_call_did_not_use_is_there_for_the_next(client: redis.Redis) -> None:
    limit = limit_of(client, tokens=Bucket(100, 0.001, 1000))
    limit.take(1, 0.0, 90)
    limit.settle(90, 10)
    assert limit.take(2, 0.0, 80) == 0


def test_what_a_call_used_beyond_its_estimate_later_ones_wait_for(client: redis.Redis) -> None:
    limit = limit_of(client, tokens=Bucket(100, 10, 1000))
    limit.take(1, 0.0, 90)
    limit.settle(90, 180)
    assert limit.take(2, 0.0, 10) == pytest.approx(9, abs=0.5)


def test_who_waits_asks_again_when_calls_as_they_were_of_late_have_given_back_enough(client: redis.Redis) -> None:
    limit = limit_of(client, tokens=Bucket(100, 2, 1000))
    for step in range(20):
        assert limit.take(step, 0.0, 90) == 0
        limit.settle(90, 9)
        let_pass(limit, 5.0)
    assert limit.take(21, 1.0, 90) == 0
    assert limit.take(22, 2.0, 90) == pytest.approx(4, abs=0.5), "it waits as if nothing came back"
    let_pass(limit, 5.0)
    assert limit.take(22, 2.0, 90) > 0, "it got what a call may still use"
    limit.settle(90, 9)
    assert limit.take(22, 2.0, 90) == 0


class Clock:
    """Redis's, as far as a limit is concerned, and in moments."""

    def __init__(self, limit: SharedLimit) -> None:
        self._limit, self._began = limit, time.monotonic()

    def now(self) -> float:
        return time.monotonic() - self._began

    def go_to(self, then: float) -> None:
        if (seconds := then - self.now()) > 0:
            let_pass(self._limit, seconds)
            self._began -= seconds


@pytest.mark.parametrize(("used", "least"), [(100, 0.2), (450, 0.7), (900, 0.7), (1_800, 0.7)])
def test_the_pace_is_that_of_what_calls_use_and_no_minute_sees_more_than_its_limit(
    client: redis.Redis, used: int, least: float
) -> None:
    """Twenty at a time wait to make calls that may use 1,800 tokens and take a second."""
    most, minutes = 20_000, 3
    limit = limit_of(client, tokens=Bucket.of_minute(most))
    clock, steps, calls = Clock(limit), count(20), list[float]()
    events = [(0.0, True, step) for step in range(20)]  # when, whether it asks or ends, and who
    while events[0][0] < 60 * minutes:
        when, asks, step = heapq.heappop(events)
        clock.go_to(when)
        if not asks:
            limit.settle(1_800, used)
        elif wait := limit.take(step, float(step), 1_800):
            heapq.heappush(events, (clock.now() + wait, True, step))
        else:
            calls.append(clock.now())
            heapq.heappush(events, (clock.now() + 1, False, step))
            heapq.heappush(events, (clock.now(), True, next(steps)))
    in_a_minute = [used * sum(began <= call < began + 60 for call in calls) for began in calls]
    assert max(in_a_minute) <= most, "a minute saw more than the limit"
    assert used * sum(call >= 60 for call in calls) >= least * most * (minutes - 1), "most of the limit is left unused"


def test_who_must_go_on_does_and_the_others_wait_for_it(client: redis.Redis) -> None:
    limit = limit_of(client, Bucket(1, 1, 10))
    assert [limit.take(n, 0.0, 0, sure=True) for n in range(3)] == [0, 0, 0]
    assert limit.take(9, 0.0, 0) == pytest.approx(3, abs=0.2)


def test_the_earlier_turn_is_served_first(client: redis.Redis) -> None:
    limit = limit_of(client, Bucket(1, 4, 60))
    limit.take(0, 0.0, 0)
    assert limit.take(1, 100.0, 0) > 0
    let_pass(limit, 0.3)
    assert limit.take(2, 200.0, 0) > 0, "it came when there was enough for one, and took it from who waited for it"
    assert limit.take(1, 100.0, 0) == 0


def test_the_further_behind_the_later_it_asks_again(client: redis.Redis) -> None:
    limit = limit_of(client, Bucket(1, 2, 60))
    limit.take(0, 0.0, 0)
    waits = [limit.take(n, float(n), 0) for n in range(1, 6)]
    assert waits == pytest.approx([0.5, 1.0, 1.5, 2.0, 2.5], abs=0.4)
    assert limit.take(9, 0.5, 0) == pytest.approx(0.5, abs=0.4), "an earlier turn came later and is not the first"


def test_a_place_is_lost_when_nobody_comes_for_it(client: redis.Redis) -> None:
    limit = limit_of(client, Bucket(1, 20, 60), grace=0.1)
    limit.take(0, 0.0, 0)
    limit.take(1, 1.0, 0)
    let_pass(limit, 0.3)
    assert limit.take(2, 2.0, 0) == 0
    assert client.zcard(f"{limit.name}:line") == 0


def test_a_line_of_steps_that_were_stopped_does_not_hold_up_the_others_for_long(client: redis.Redis) -> None:
    limit = limit_of(client, Bucket(1, 10, 60), grace=0.2)
    limit.take(0, 0.0, 0)
    for n in range(1, 500):
        limit.take(n, float(n), 0)
    wait_until(lambda: limit.take(999, 999.0, 0) == 0, "a call is let through a bucket that stays full", 10)


def test_small_calls_do_not_starve_a_large_one(client: redis.Redis) -> None:
    """It needs more than the bucket holds: once it is the first in line that much is gathered for it."""
    limit = limit_of(client, tokens=Bucket(10, 200, 100))
    limit.take(0, 0.0, 10)
    began = time.monotonic()
    while limit.take(1, 1.0, 90) > 0:
        limit.take(2, 2.0, 5)
        assert time.monotonic() - began < 20, "it never gets its turn"
    assert time.monotonic() - began > 0.2, "it was let through before enough was gathered"


def test_a_call_above_the_whole_limit_goes_when_a_minute_of_it_is_there(client: redis.Redis) -> None:
    limit = limit_of(client, tokens=Bucket(10, 200, 100))
    assert limit.take(1, 1.0, 5_000) == pytest.approx(0.45, abs=0.1)
    wait_until(lambda: limit.take(1, 1.0, 5_000) == 0, "it goes", 10)


def test_an_emptied_redis_begins_anew(client: redis.Redis) -> None:
    limit = limit_of(client, Bucket(1, 0.01, 1), Bucket(10, 0.1, 10))
    limit.take(1, 1.0, 5)
    client.flushdb()
    limit.give_back(1, 5)
    assert limit.take(2, 2.0, 5) == 0


def test_eight_takers_together_get_no_more_than_one_bucket() -> None:
    bucket, name, seconds = Bucket(10, 40, 100), next(_names), 1.5

    def take_all() -> int:
        with redis.Redis.from_url(own_redis()) as client:
            limit, ends, taken = SharedLimit(client, name, bucket, NONE), time.monotonic() + seconds, 0
            for step in count(id(client)):
                if time.monotonic() >= ends:
                    return taken
                if (wait := limit.take(step % 8, 0.0, 0)) == 0:
                    taken += 1
                else:
                    time.sleep(min(wait, 0.05))
        raise AssertionError

    began = time.monotonic()
    taken = sum(at_once(*[take_all] * 8))
    most = bucket.capacity + bucket.per_second * (time.monotonic() - began)
    assert taken <= most, "more was given than there was"
    assert taken >= 0.3 * (bucket.capacity + bucket.per_second * seconds), "most of the limit was left unused"


def test_a_thousand_steps_that_wait_do_not_wake_together(client: redis.Redis, settings: Settings) -> None:
    settings.LLM_REQUESTS_PER_MINUTE = 600
    waits = []
    for step in range(1_060):
        try:
            take_share(step, float(step), 0)
        except LimitReached as error:
            waits.append(error.seconds)
    assert len(waits) >= 1_000 - 20
    assert 0 < min(waits) < max(waits) <= LONGEST_WAIT
    (_second, most), *_ = Counter(int(wait) for wait in waits).most_common(1)
    assert most <= 40, f"{most} of them wake in the same second, of whom 9 can be served"


def test_no_limit_asks_nobody(settings: Settings) -> None:
    settings.REDIS_URL = "not even an address"
    settings.LLM_REQUESTS_PER_MINUTE = settings.LLM_TOKENS_PER_MINUTE = 0
    share = take_share(1, 1.0, 10**9)
    share.settle(10)
    share.release(refused=False)


def test_calls_go_on_without_redis_and_that_is_said_once_a_minute(
    settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    settings.LLM_REQUESTS_PER_MINUTE = 1
    monkeypatch.setattr(limits, "AWAY_SECONDS", 0.0)
    for step in range(20):
        take_share(step, 1.0, 10).settle(5)
    assert [r.message for r in caplog.records if "Redis does not answer" in r.message] == [caplog.records[0].message]


def test_a_refusal_says_when_to_ask_again(settings: Settings) -> None:
    settings.LLM_TOKENS_PER_MINUTE = 6_000
    take_share(1, 1.0, 600)
    with pytest.raises(LimitReached) as refusal:
        take_share(2, 2.0, 300)
    assert refusal.value.seconds == pytest.approx(300 / 90, abs=0.3)


# In the pipeline


def exhaust() -> None:
    """Take all the requests that there are now."""
    for step in range(settings_of_django.LLM_REQUESTS_PER_MINUTE // 10 or 1):
        take_share(10**9 + step, 0.0, 0)


def test_a_step_beyond_the_limit_is_parked_without_a_call(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM, settings: Settings, client: redis.Redis
) -> None:
    settings.LLM_REQUESTS_PER_MINUTE = 20
    exhaust()
    step = pipeline.run(KIND)
    matter.refresh_from_db()
    assert (step.state, step.calls_seen) == (StepState.READY, 0)
    assert matter.waiting_for == WaitingFor.RATE_LIMIT
    assert matter.error is not None
    assert "too much was asked of it in this minute" in matter.error["message"]
    assert (llm.counts()["calls"], matter.calls.count()) == (0, 0)
    client.flushdb()
    pipeline.make_due(matter)
    assert pipeline.run(KIND).state == StepState.DONE
    matter.refresh_from_db()
    assert matter.waiting_for is None


def test_a_limit_never_exhausts_a_step(pipeline: Pipeline, matter: Matter, settings: Settings) -> None:
    settings.LLM_REQUESTS_PER_MINUTE = 1
    exhaust()
    for _ in range(5):
        pipeline.make_due(matter)
        assert pipeline.run(KIND).state == StepState.READY


def test_a_call_counts_with_the_tokens_that_it_used(
    pipeline: Pipeline, matter: Matter, settings: Settings, client: redis.Redis
) -> None:
    settings.LLM_TOKENS_PER_MINUTE = 1_000_000
    pipeline.run(KIND)
    call = matter.calls.get()
    left = float(client.hget("llm_limit:bucket", "tokens") or 0)
    assert left == pytest.approx(100_000 - call.prompt_tokens - call.completion_tokens)


def test_a_call_that_the_model_did_not_see_gives_back_what_it_took(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM, settings: Settings, client: redis.Redis
) -> None:
    settings.LLM_REQUESTS_PER_MINUTE, settings.LLM_TOKENS_PER_MINUTE = 100, 1_000_000
    llm.fail_next("unavailable")
    pipeline.run(KIND)
    kept = client.hgetall("llm_limit:bucket")
    assert (float(kept[b"requests"]), float(kept[b"tokens"])) == (10, 100_000)


def test_a_repair_is_made_although_the_limit_is_reached(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM, settings: Settings
) -> None:
    """Else the first call was in vain, and would be made again and again."""
    settings.LLM_REQUESTS_PER_MINUTE = 1
    llm.fail_next("schema_violation")
    assert pipeline.run(KIND).state == StepState.DONE
    assert llm.counts()["calls"] == 2
    with pytest.raises(LimitReached) as refusal:
        take_share(10**9, 0.0, 0)
    assert refusal.value.seconds > 29, "nobody waits for what it took"


@pytest.mark.xdist_group("limits")
def test_worker_processes_share_the_limit(tmp_path: Path) -> None:
    limit = 120
    with Installation(tmp_path, workers=2, REDIS_URL=own_redis(15), LLM_REQUESTS_PER_MINUTE=str(limit)) as product:
        began = time.time()
        for n in range(12):
            assert product.api.post("/api/v1/matters", json={"question": f"May we do thing {n}?"}).status_code == 202
        waits = "SELECT count(*) FROM matters_matter WHERE waiting_for = 'rate_limit'"
        wait_until(lambda: product.sql(waits)[0][0], "a matter says that it waits")
        wait_until(lambda: time.time() > began + 12, "12 seconds have passed")
        calls = [call["began"] for call in product.llm.calls()]
        bucket = Bucket.of_minute(limit)
        assert len(calls) <= bucket.capacity + bucket.per_second * (time.time() - began)
        assert len(calls) >= 0.6 * bucket.per_second * 12, "most of the limit was left unused"

        assert product.sql("SELECT count(*) FROM matters_step WHERE state = 'dead'")[0][0] == 0
