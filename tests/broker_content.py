"""What is in Redis, in words: a search there has to see through Redis' types and Celery's wrapping."""

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

import redis

_BODY = re.compile(r'"body": ?"([A-Za-z0-9+/]*=*)"')  # of a message, as kombu puts it into a list


def broker_texts(url: str) -> Iterator[tuple[str, str]]:
    """Each key with all that it holds, its own name included. Of one that ran out meanwhile there is its name alone."""
    with redis.Redis.from_url(url) as broker:
        for key in broker.scan_iter():
            found = [part.decode(errors="replace") for part in (key, *_parts(broker, key))]
            bodies = [b64decode(body).decode(errors="replace") for part in found for body in _BODY.findall(part)]
            yield found[0], " ".join(found + bodies)


def _parts(broker: Any, key: bytes) -> Iterable[bytes]:
    readers: dict[bytes, Callable[[], Iterable[bytes]]] = {
        b"string": lambda: [broker.get(key) or b""],
        b"list": lambda: broker.lrange(key, 0, -1),
        b"set": lambda: broker.smembers(key),
        b"zset": lambda: broker.zrange(key, 0, -1),
        b"hash": lambda: chain(*broker.hgetall(key).items()),
        b"none": list,
    }
    return readers[broker.type(key)]()
