"""What a load balancer and an operator ask: alive, ready, and the numbers (config/metrics.py has those).

A load balancer comes by address, over plain HTTP, and is nobody. So the first two are answered before anything looks at
the name of the host, who asks, and a form's token.
"""

from collections.abc import Callable

from asgiref.sync import async_to_sync
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, JsonResponse
from django.urls import ResolverMatch
from django.utils.decorators import sync_only_middleware
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from companies.async_pool import check_async_pool
from companies.authentication import bearer_token, principal_of_request
from companies.models import Scope, User
from config.metrics import numbers
from config.servers import check_broker, check_database

_SAFE = ("GET", "HEAD")
_PLAIN = {"Content-Type": "text/plain; charset=utf-8"}


@sync_only_middleware
def probes(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answers `/healthz` and `/readyz`; 405 with `Allow` what is neither GET nor HEAD."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        route = request.path.removeprefix("/")
        view = {"healthz": healthz, "readyz": readyz}.get(route)
        if view is None:
            return get_response(request)
        request.resolver_match = ResolverMatch(view, (), {}, route=route)  # for the request's line in the log
        return view(request) if request.method in _SAFE else HttpResponseNotAllowed(_SAFE)

    return answer


def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process lives."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """200 with database, broker, migrations and what streams are read by in order, else 503 naming the part."""
    parts: dict[str, Callable[[], None]] = {
        "database": check_database,
        "migrations": _check_migrations,
        "broker": check_broker,
        "streams": async_to_sync(check_async_pool),  # in the event loop that reads them
    }
    for name, check in parts.items():
        try:
            check()
        except Exception as error:  # whatever a part raises, it is not in order
            body = {"ready": False, "part": name, "detail": f"{name}: {type(error).__name__}"}
            return JsonResponse(body, status=503, headers={"Retry-After": "5"})
    return JsonResponse({"ready": True})


def _check_migrations() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise RuntimeError("migrations are missing")


@csrf_exempt
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text, for staff and for API keys with the admin scope."""
    try:
        return _refusal(request) or HttpResponse(numbers(), content_type=CONTENT_TYPE_LATEST)
    except DatabaseError:
        return HttpResponse("The database does not answer.\n", status=503, headers=_PLAIN | {"Retry-After": "5"})


def _refusal(request: HttpRequest) -> HttpResponse | None:
    if bearer_token(request.headers.get("Authorization")) is not None:
        principal = principal_of_request(request)
        known, admitted = principal is not None, principal is not None and principal.may(Scope.ADMIN)
    else:
        known, admitted = isinstance(request.user, User), request.user.is_staff
    if admitted:
        return None
    words = "Sign in as staff, or give an API key with the scope `admin`.\n"
    return HttpResponse(
        words, status=403 if known else 401, headers=_PLAIN | ({} if known else {"WWW-Authenticate": "Bearer"})
    )
