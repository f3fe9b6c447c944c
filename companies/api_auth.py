"""Authentication of API calls: `Authorization: Bearer <key>` first, else the page's own session with CSRF."""

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from ninja.security import HttpBearer

from companies.authentication import Principal, principal_of_headers, principal_of_request
from companies.models import Scope
from companies.problems import Problem
from companies.rate_limit import check_rate, check_rate_async

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_WHO = "Give an API key as `Authorization: Bearer <key>`, or sign in."


class _CsrfCheck(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        return HttpResponse(reason)


class Authentication(HttpBearer):
    """Sets `request.principal`. 401 without a caller, 403 without the scope or, for a session, the CSRF token.

    `scope`: what every call needs; unless given, `read` or `write`, by its method.
    """

    openapi_type = "http"
    openapi_scheme = "bearer"
    csrf = True  # the documentation's page sends the token along

    def __init__(self, scope: Scope | None = None) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Principal:
        principal = _known(principal_of_request(request))
        if key := _key_of(principal):
            check_rate(key)
        return _checked(request, principal, self.scope)

    def authenticate(self, request: HttpRequest, token: str) -> Principal | None:
        """Not called: `__call__` looks at the session too."""
        raise AssertionError


class AsyncAuthentication(Authentication):
    """The same for asynchronous operations, without Django's ORM thread."""

    async def __call__(self, request: HttpRequest) -> Principal:  # type: ignore[override]
        found = await principal_of_headers(request.headers.get("Authorization"), request.headers.get("Cookie"))
        principal = _known(found)
        if key := _key_of(principal):
            await check_rate_async(key)
        return _checked(request, principal, self.scope)


def _known(principal: Principal | None) -> Principal:
    if principal is None:
        raise Problem(401, _WHO, headers={"WWW-Authenticate": "Bearer"})
    return principal


def _key_of(principal: Principal) -> str | None:
    """The SHA-256 of the caller's API key; None for a session, which no rate limits."""
    kind, value = principal.credential
    return value if kind == "key" else None


def _checked(request: HttpRequest, principal: Principal, wanted: Scope | None) -> Principal:
    scope = wanted or (Scope.READ if request.method in SAFE else Scope.WRITE)
    if not principal.may(scope):
        raise Problem(403, f"This key lacks the scope `{scope}`.")
    if _key_of(principal) is None and request.method not in SAFE:
        _check_csrf(request)
    request.principal = principal  # type: ignore[attr-defined]
    return principal


def _check_csrf(request: HttpRequest) -> None:
    check = _CsrfCheck(lambda _request: HttpResponse())
    check.process_request(request)
    if rejected := check.process_view(request, HttpResponse, (), {}):
        raise Problem(403, f"The CSRF check failed: {rejected.content.decode()}")


def caller(request: HttpRequest) -> Principal:
    """Who makes this API call."""
    principal = request.principal  # type: ignore[attr-defined]
    assert isinstance(principal, Principal)
    return principal
