"""Celery's way to Redis, with one client for each channel: kombu makes a new one for every message it publishes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kombu.transport import redis


class Channel(redis.Channel):
    """Publishes with a client that it keeps as long as the connections which that takes from."""

    _kept: Any = None

    @contextmanager
    def conn_or_acquire(self, client: Any = None) -> Iterator[Any]:
        """A client of Redis; safe for threads, as its pool of connections is."""
        if client is None:
            if self._kept is None or self._kept.connection_pool is not self.pool:
                self._kept = self._create_client()  # type: ignore[attr-defined] # the stubs leave it out
            client = self._kept
        yield client


class Transport(redis.Transport):
    """What `config/celery.py` names for addresses of Redis."""

    Channel = Channel
