"""What web and workers import at their start."""

import os
import subprocess
import sys

STARTED = """
import sys, uuid
import config.asgi, config.celery
config.celery.app.loader.import_default_modules()
import workers.consumer, workers.tasks, redis.asyncio
from matters.tracing import past_span, span
with span("a step", uuid.uuid4()):
    past_span("a call", uuid.uuid4(), 1.0)
print(sorted(name for name in sys.modules if name.split(".")[0] == "opentelemetry"))
import opentelemetry.sdk.trace
"""


def test_without_an_endpoint_neither_web_nor_worker_imports_opentelemetry_and_it_can_be_imported_all_the_same() -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run([sys.executable, "-c", STARTED], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_garbage_is_looked_for_rarely_and_not_among_what_a_web_process_has_imported() -> None:
    look = "import gc, config.asgi; print(gc.get_threshold()[0], gc.get_freeze_count() > 100_000)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["20000", "True"], done.stderr
