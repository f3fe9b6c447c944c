"""`API_RATE`: requests per minute and API key, counted in Redis over all web processes.

A key has a bucket that holds a minute's requests and is filled evenly. The limit protects the service and is no truth:
while Redis is away every request passes, at once.
"""

import asyncio
import logging
import math
import time
from typing import Any
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
from django.conf import settings
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from companies.problems import Problem

logger = logging.getLogger(__name__)
PAUSE_SECONDS = 5.0  # after a failure Redis is not asked for so long: one that is down must not slow requests
_TIMEOUTS: dict[str, Any] = {"socket_connect_timeout": 0.2, "socket_timeout": 0.2}
# Takes one token. Returns the seconds until there is one where there is none now, as a string: Lua's numbers would be
# cut to integers.
_TAKE = """
local now = redis.call('TIME')
local at = now[1] + now[2] / 1000000
local rate = tonumber(ARGV[1]) / 60
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local passed = math.max(0, at - (tonumber(kept[2]) or at))
local tokens = math.min(rate * 60, (tonumber(kept[1]) or rate * 60) + passed * rate)
local wait = 0
if tokens >= 1 then tokens = tokens - 1 else wait = (1 - tokens) / rate end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.6f', at))
redis.call('EXPIRE', KEYS[1], 61)
return tostring(wait)
"""
_quiet_until = 0.0
_clients: dict[str, redis.Redis] = {}
_async_clients: "WeakKeyDictionary[asyncio.AbstractEventLoop, redis.asyncio.Redis]" = WeakKeyDictionary()


def check_rate(key: str) -> None:
    """Count a request with the API key whose SHA-256 is `key`. Raises Problem 429."""
    if not _is_asked():
        return
    try:
        wait = _client().eval(_TAKE, 1, _bucket(key), str(settings.API_RATE))
    except (redis.RedisError, OSError) as error:
        _pause(error)
    else:
        _refuse_if(float(wait))


async def check_rate_async(key: str) -> None:
    """The same on the event loop."""
    if not _is_asked():
        return
    try:
        wait = await _async_client().eval(_TAKE, 1, _bucket(key), str(settings.API_RATE))
    except (redis.RedisError, OSError) as error:
        _pause(error)
    else:
        _refuse_if(float(wait))


def _bucket(key: str) -> str:
    return f"api_rate:{key[:32]}"


def _is_asked() -> bool:
    return bool(settings.API_RATE) and time.monotonic() >= _quiet_until


def _pause(error: Exception) -> None:
    global _quiet_until
    _quiet_until = time.monotonic() + PAUSE_SECONDS
    logger.warning("Redis does not answer, requests are not counted: %s", error)


def _refuse_if(wait: float) -> None:
    if wait > 0:
        detail = f"This key may make {settings.API_RATE} requests a minute. Wait, then try again."
        raise Problem(429, detail, headers={"Retry-After": str(math.ceil(wait))})


def _client() -> redis.Redis:
    """This process's client; its pool of connections is made for threads."""
    if settings.REDIS_URL not in _clients:
        retry = Retry(NoBackoff(), 0)
        _clients[settings.REDIS_URL] = redis.Redis.from_url(settings.REDIS_URL, retry=retry, **_TIMEOUTS)
    return _clients[settings.REDIS_URL]


def _async_client() -> redis.asyncio.Redis:
    loop = asyncio.get_running_loop()
    if loop not in _async_clients:
        retry = AsyncRetry(NoBackoff(), 0)
        _async_clients[loop] = redis.asyncio.Redis.from_url(settings.REDIS_URL, retry=retry, **_TIMEOUTS)
    return _async_clients[loop]
