"""What a worker process has once: the model's client, the chunk writer, the heartbeat. Made at their first use."""

import functools

from django.conf import settings

from companies.async_pool import database_dsn
from workers.breaker import GuardedClient
from workers.clients.llm import Timeouts
from workers.heartbeat import Heartbeat
from workers.writer import ChunkWriter


@functools.cache
def llm_client() -> GuardedClient:
    """The client of the language model that the settings name."""
    return GuardedClient(
        settings.OPENAI_BASE_URL or "https://api.openai.com/v1",
        settings.OPENAI_API_KEY,
        Timeouts(
            first_content=settings.LLM_FIRST_CONTENT_SECONDS,
            between_contents=settings.LLM_BETWEEN_CONTENTS_SECONDS,
            total=settings.LLM_CALL_SECONDS,
        ),
        connections=settings.WORKER_THREADS,
    )


@functools.cache
def chunk_writer() -> ChunkWriter:
    """The writer of all streams of this process."""
    return ChunkWriter(database_dsn(), settings.PREPARE_THRESHOLD)


@functools.cache
def heartbeat() -> Heartbeat:
    """The heartbeat of this process."""
    return Heartbeat()
