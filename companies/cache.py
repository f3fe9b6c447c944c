"""Django's cache, in Redis: it holds how often somebody tried to sign in, and codes that were used.

It protects and is no truth (as `companies.rate_limit`): while Redis is away nothing is counted, and people sign in.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache.backends.redis import RedisCache
from redis import RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)
PAUSE_SECONDS = 5.0  # after a failure Redis is not asked for so long: a sign-in asks it ten times
_CONNECTION: dict[str, Any] = {"socket_connect_timeout": 0.2, "socket_timeout": 0.2, "retry": Retry(NoBackoff(), 0)}
T = TypeVar("T")


class PassingRedisCache(RedisCache):
    """Answers as an empty cache that takes everything while Redis is away."""

    quiet_until = 0.0

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params | {"OPTIONS": _CONNECTION})

    def add(self, *args: Any, **kwargs: Any) -> bool:
        """Whether the key was new; while Redis is away it is."""
        return self._asked(lambda: super(PassingRedisCache, self).add(*args, **kwargs), True)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """The value; `default` while Redis is away."""
        return self._asked(lambda: super(PassingRedisCache, self).get(key, default, version), default)

    def set(self, *args: Any, **kwargs: Any) -> None:
        """Store a value, if Redis is there."""
        self._asked(lambda: super(PassingRedisCache, self).set(*args, **kwargs), None)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        """Whether there was such a key."""
        return self._asked(lambda: super(PassingRedisCache, self).delete(*args, **kwargs), False)

    def _asked(self, ask: Callable[[], T], otherwise: T) -> T:
        if time.monotonic() < PassingRedisCache.quiet_until:
            return otherwise
        try:
            return ask()
        except (RedisError, OSError) as error:
            PassingRedisCache.quiet_until = time.monotonic() + PAUSE_SECONDS
            logger.warning("Redis does not answer, sign-ins are not counted: %s", error)
            return otherwise
