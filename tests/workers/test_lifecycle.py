"""What a worker process is at its start."""

import os
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from typing import Any

import pytest
from celery import current_app
from pytest_django import Settings

from tests.databases import ROOT
from tests.fakes.llm import FakeLLM
from workers import runtime
from workers.clients.llm import Call, LLMError
from workers.tasks import MAINTENANCE

# One connection for two threads, of which the first keeps it longer than a request would wait.
TWO_THREADS = """
import threading
import django
django.setup()
from django.db import connection
from workers.lifecycle import share_few_connections

connection.settings_dict["OPTIONS"]["pool"] |= {"max_size": 1}
share_few_connections()
taken = threading.Event()

def keep() -> None:
    with connection.cursor() as cursor:
        taken.set()
        cursor.execute("SELECT pg_sleep(5)")
    connection.close()

thread = threading.Thread(target=keep)
thread.start()
taken.wait()
with connection.cursor() as cursor:
    cursor.execute("SELECT 'had its turn'")
    print(cursor.fetchone()[0])
connection.close()
thread.join()
"""


def test_a_step_waits_for_a_connection_longer_than_a_request_does() -> None:
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": os.environ["DATABASE_URL"].partition("?")[0],
    }
    done = subprocess.run(
        [sys.executable, "-c", TWO_THREADS], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "had its turn", f"a model's answer was lost for want of a connection: {done.stderr}"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        ("LLM_FIRST_CONTENT_SECONDS", {"kind": "stall"}),
        ("LLM_BETWEEN_CONTENTS_SECONDS", {"kind": "stall", "after_chunks": 3}),
        ("LLM_CALL_SECONDS", {"kind": "stall"}),
    ],
)
def test_how_long_a_call_may_take_is_set(setting: str, fault: dict[str, Any], llm: FakeLLM, settings: Settings) -> None:
    settings.OPENAI_BASE_URL = llm.base_url
    setattr(settings, setting, 0.3)
    llm.set(always=fault, chunk=5)
    client, began = runtime.llm_client.__wrapped__(), time.monotonic()
    question = [{"role": "user", "content": "May we?"}]
    with pytest.raises(LLMError), client.stream(question, model="fake-model", call=Call()) as stream:
        list(stream)
    client.close()
    assert time.monotonic() - began < 10, "the default of 20 s or more was waited for"


@pytest.mark.django_db(transaction=True)
def test_each_thread_of_a_worker_may_have_a_call_at_once_however_many_they_are(
    llm: FakeLLM, settings: Settings
) -> None:
    settings.OPENAI_BASE_URL, settings.WORKER_THREADS = llm.base_url, 205
    llm.set(interval=60)
    question = [{"role": "user", "content": "May we?"}]
    client = runtime.llm_client.__wrapped__()
    with closing(client), ExitStack() as streams:
        for _ in range(settings.WORKER_THREADS):
            streams.enter_context(client.stream(question, model="fake-model", call=Call()))
        assert llm.counts()["in_flight"] == settings.WORKER_THREADS, "a call waits for another thread's to end"


def test_beat_gives_each_task_of_maintenance_its_time_and_queue(settings: Settings) -> None:
    assert set(settings.CELERY_BEAT_SCHEDULE) == set(MAINTENANCE)
    assert {name for name, route in settings.CELERY_TASK_ROUTES.items() if route["queue"] == "maintenance"} == set(
        MAINTENANCE
    )
    assert set(MAINTENANCE) <= set(current_app.tasks), "a task that nobody knows is dropped by the worker"
