"""Limits that all worker processes share through Redis: `LLM_REQUESTS_PER_MINUTE`, `LLM_TOKENS_PER_MINUTE`, Carta's.

The provider refuses what is too much in any case: while Redis is away calls go on.
"""

import functools
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from workers.buckets import LONGEST_WAIT, Bucket, SharedLimit

logger = logging.getLogger(__name__)
AWAY_SECONDS = 1.0  # after a failure Redis is not asked for so long: one that hangs must not slow calls
LOG_SECONDS = 60.0
_quiet_until = _logged_until = 0.0


class LimitReached(Exception):
    """There is not enough now. `seconds`: after how many one may ask again."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"our own limit is reached for {seconds:.1f} s")
        self.seconds = seconds


@dataclass(frozen=True)
class Share:
    """What a call took of the limits. `None`: there are none, or Redis is away."""

    limit: SharedLimit | None
    tokens: int

    def settle(self, tokens: int) -> None:
        """The call used `tokens`."""
        if self.tokens:
            self._tell(lambda limit: limit.settle(self.tokens, tokens))

    def release(self, *, refused: bool) -> None:
        """The model did not see the call. A request that its provider `refused` counts there all the same."""
        self._tell(lambda limit: limit.give_back(0 if refused else 1, self.tokens))

    def _tell(self, what: Callable[[SharedLimit], None]) -> None:
        if self.limit is None or time.monotonic() < _quiet_until:
            return
        try:
            what(self.limit)
        except (redis.RedisError, OSError) as error:
            _pause(error)


def take_share(step: int, turn: float, tokens: int, *, sure: bool = False) -> Share:
    """Take a request and `tokens` for a call of `step`, whose matter has the `turn` (seconds since 1970).

    `sure`: goes on in any case, and later calls wait for it. Raises LimitReached where there is not enough; then
    nothing is taken.
    """
    limit = shared_limit(settings.LLM_REQUESTS_PER_MINUTE, settings.LLM_TOKENS_PER_MINUTE)
    if limit is None or time.monotonic() < _quiet_until:
        return Share(None, 0)
    try:
        wait = limit.take(step, turn, tokens, sure=sure)
    except (redis.RedisError, OSError) as error:
        _pause(error)
        return Share(None, 0)
    if wait > 0:
        raise LimitReached(_spread(wait))
    return Share(limit, limit.needed(tokens))


def seconds_to_turn(name: str, in_a_second: Bucket, in_a_minute: Bucket, who: int, came: float) -> float:
    """Take one request out of both buckets of `name`: 0.0, or the seconds after which `who` may ask again.

    Who `came` first (seconds since 1970) goes first. While Redis is away everybody may go.
    """
    if time.monotonic() < _quiet_until:
        return 0.0
    try:
        return SharedLimit(_client(settings.REDIS_URL), name, in_a_second, in_a_minute).take(who, came, 1)
    except (redis.RedisError, OSError) as error:
        _pause(error)
        return 0.0


def shared_limit(requests: int, tokens: int) -> SharedLimit | None:
    """The buckets for so many requests and tokens a minute; None where neither is limited (0)."""
    if requests <= 0 and tokens <= 0:
        return None
    return SharedLimit(_client(settings.REDIS_URL), "llm_limit", Bucket.of_minute(requests), Bucket.of_minute(tokens))


def _spread(wait: float) -> float:
    """Those far behind in the line are told the same time: they must not all come at once."""
    return wait if wait < LONGEST_WAIT else random.uniform(LONGEST_WAIT / 2, LONGEST_WAIT)


def _pause(error: Exception) -> None:
    global _quiet_until, _logged_until
    now = time.monotonic()
    _quiet_until = now + AWAY_SECONDS
    if now >= _logged_until:
        _logged_until = now + LOG_SECONDS
        logger.warning("Redis does not answer, the others' own limits alone hold calls back: %s", error)


@functools.cache
def _client(url: str) -> redis.Redis:
    """This process's client; its pool of connections is made for threads."""
    return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_connect_timeout=0.5, socket_timeout=2)
