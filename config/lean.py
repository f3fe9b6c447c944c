"""What a process need not import, and what it takes to leave it out: web, workers and commands start the sooner."""

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
