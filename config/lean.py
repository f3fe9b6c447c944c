"""What a process need not do, and what it takes to leave it out: web, workers and commands start the sooner."""

import gc
import importlib
import sys


def import_redis_alone() -> None:
    """Import redis-py without the OpenTelemetry SDK, which it imports wherever that is installed, to measure itself.

    We have it measure nothing, and the SDK is sixty modules. `matters.tracing` imports them where there is an endpoint.
    """
    if "redis" in sys.modules or "opentelemetry" in sys.modules:
        return
    sys.modules["opentelemetry"] = None  # type: ignore[assignment] # an import of it says that it is not installed
    try:
        importlib.import_module("redis.asyncio")
    finally:
        del sys.modules["opentelemetry"]


def collect_rarely() -> None:
    """Look for garbage once in 20,000 new objects, not in 700.

    What a process imports stays. Python goes through it again and again while it grows: a quarter of a start's CPU.
    """
    gc.set_threshold(20_000)


def keep_what_is_there() -> None:
    """What a process that is ready has imported is no garbage: to find that out held everything up for 0.17 s."""
    gc.collect()
    gc.freeze()
