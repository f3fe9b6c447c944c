"""The way to Redis: one client for many messages, and none of what the ledger makes needless."""

from typing import Any

import redis
from django.conf import settings

from config.celery import app
from workers.broker import Channel


def test_a_channel_publishes_with_one_client_until_its_connections_are_gone() -> None:
    with app.connection_for_write() as connection:
        channel = connection.channel()
        assert isinstance(channel, Channel)
        with channel.conn_or_acquire() as first, channel.conn_or_acquire() as second:
            assert first is second
            assert first.ping()
        channel._disconnect_pools()  # type: ignore[attr-defined] # the stubs leave it out
        with channel.conn_or_acquire() as third:
            assert third is not first
            assert third.ping()


def test_a_message_that_is_taken_leaves_nothing_in_redis() -> None:
    queue = "test-taken"
    with app.connection_for_write() as connection:
        channel: Any = connection.channel()
        app.send_task("plan_search", args=[1], queue=queue, connection=connection)
        message = channel.basic_get(queue)
        assert message is not None
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            assert client.exists("unacked", "unacked_index", queue) == 0
        channel.basic_ack(message.delivery_tag)
        channel.queue_delete(queue)
