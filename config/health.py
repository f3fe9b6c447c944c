"""What a load balancer and an operator ask: alive, ready, and the numbers."""

from collections.abc import Callable

import redis
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from companies.authentication import bearer_token, principal_of_request
from companies.models import Scope

_NUMBERS: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    (
        "matterstream_steps_due",
        "Steps that may be claimed now",
        ("kind",),
        """SELECT kind, count(*) FROM matters_step
            WHERE state IN ('ready', 'running') AND due_at <= clock_timestamp() GROUP BY kind""",
    ),
    (
        "matterstream_oldest_due_step_seconds",
        "Age of the oldest step that may be claimed now",
        ("kind",),
        """SELECT kind, extract(epoch FROM clock_timestamp() - min(due_at))::float8 FROM matters_step
            WHERE state IN ('ready', 'running') AND due_at <= clock_timestamp() GROUP BY kind""",
    ),
    (
        "matterstream_matters",
        "Matters by status",
        ("status",),
        "SELECT status, count(*) FROM matters_matter GROUP BY status",
    ),
    (
        "matterstream_llm_calls",
        "Calls to language models by kind of step and outcome",
        ("kind", "outcome"),
        "SELECT kind, outcome, count(*) FROM matters_llmcall GROUP BY kind, outcome",
    ),
)


def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process lives."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """200 with database, broker and migrations in order, else 503 naming the part."""
    parts: dict[str, Callable[[], None]] = {
        "database": _check_database,
        "migrations": _check_migrations,
        "broker": _check_broker,
    }
    for name, check in parts.items():
        try:
            check()
        except Exception as error:  # whatever a part raises, it is not in order
            body = {"ready": False, "part": name, "detail": f"{name}: {type(error).__name__}"}
            return JsonResponse(body, status=503, headers={"Retry-After": "5"})
    return JsonResponse({"ready": True})


def _check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _check_migrations() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise RuntimeError("migrations are missing")


def _check_broker() -> None:
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as broker:
        broker.ping()


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text, for staff and for API keys with the admin scope."""
    if not _may_see_metrics(request):
        return HttpResponse("Sign in as staff, or give an API key with the scope `admin`.\n", status=401)
    registry = CollectorRegistry()
    with connection.cursor() as cursor:
        for name, words, labels, sql in _NUMBERS:
            gauge = Gauge(name, words, labels, registry=registry)
            cursor.execute(sql)
            for *values, number in cursor.fetchall():
                gauge.labels(*values).set(number)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_see_metrics(request: HttpRequest) -> bool:
    if bearer_token(request.headers.get("Authorization")) is not None:
        principal = principal_of_request(request)
        return principal is not None and principal.may(Scope.ADMIN)
    return not isinstance(request.user, AnonymousUser) and request.user.is_staff
