"""REST: connections to Rippling and Carta. Secrets come in and never go out."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Body, Router
from pydantic import SecretStr

from companies.access import is_owner, user_of
from companies.api_auth import Authentication, caller
from companies.connection_services import disconnect, shown_connections
from companies.connections import Connection, ConnectionStatus, Provider
from companies.models import Company, Scope, User
from companies.problems import Problem, invalid, not_found, problems
from matters.api import calling_company, calling_person
from workers.connections.connecting import (
    Away,
    Refused,
    choose,
    connect_carta,
    connect_rippling,
    readable_issuers,
    try_connection,
)
from workers.connections.schemas import ConnectBody, ConnectionOut, ConnectionPage, IssuerBody, IssuerPage
from workers.connections.words import ONLY_OWNERS

router = Router(auth=Authentication(), tags=["connections"])
_ONE = "/connections/{id:connection_id}"


@router.get("/connections", summary="List connections", response={200: ConnectionPage, **problems()})
def list_connections(request: HttpRequest) -> JsonResponse:
    """The newest to each provider, live or not."""
    rows = shown_connections(list(caller(request).companies))
    return JsonResponse({"items": [_as_json(row) for row in rows], "next": None})


@router.post("/connections", summary="Connect a provider", response={201: ConnectionOut, **problems(413)})
def connect_provider(request: HttpRequest, body: Body[ConnectBody]) -> JsonResponse:
    """201: it works and is stored; an earlier one to this provider is disconnected. For keys with the scope `admin`."""
    company = calling_company(request)
    _check_may_change(request, company)
    with _told():
        return JsonResponse(_as_json(_connect(company, calling_person(request), body)), status=201)


@router.get(_ONE, summary="Look at a connection", response={200: ConnectionOut, **problems(404)})
def get_connection(request: HttpRequest, connection_id: UUID) -> JsonResponse:
    """Also one that has ended."""
    return JsonResponse(_as_json(_own(request, connection_id)))


@router.delete(_ONE, summary="Disconnect", response={204: None, **problems(404)})
def delete_connection(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """204: its secrets are gone; who connected it when stays on record."""
    connection = _own(request, connection_id)
    _check_may_change(request, connection.company)
    disconnect(connection.pk)
    return HttpResponse(status=204)


@router.post(f"{_ONE}/test", summary="Ask the provider", response={200: ConnectionOut, **problems(404, 409)})
def test_connection(request: HttpRequest, connection_id: UUID) -> JsonResponse:
    """200 with how it stands then, also where it is refused; 503 where the provider can't be asked."""
    connection = _live(request, connection_id)
    with _told():
        try_connection(connection)
    return JsonResponse(_as_json(_own(request, connection_id)))


@router.get(
    f"{_ONE}/issuers", summary="List the companies that Carta shows", response={200: IssuerPage, **problems(404, 409)}
)
def list_issuers(request: HttpRequest, connection_id: UUID) -> JsonResponse:
    """Of Carta's client credentials; 409 for a connection to another provider, or one that Carta refuses."""
    connection = _carta(request, connection_id)
    with _told(409):
        issuers = readable_issuers(connection)
    return JsonResponse({"items": [{"id": issuer.id, "name": issuer.name} for issuer in issuers], "next": None})


@router.post(
    f"{_ONE}/issuer", summary="Choose the company on Carta", response={200: ConnectionOut, **problems(404, 409, 413)}
)
def choose_issuer(request: HttpRequest, connection_id: UUID, body: Body[IssuerBody]) -> JsonResponse:
    """200: it is read from now on."""
    connection = _carta(request, connection_id)
    with _told(409):
        choose(connection, body.issuer_id)
    return JsonResponse(_as_json(_own(request, connection_id)))


def _connect(company: Company, user: User | None, body: ConnectBody) -> Connection:
    if body.provider == Provider.RIPPLING:
        _only(body, "api_token")
        return connect_rippling(company.pk, _given(body, "api_token"), user)
    _only(body, "client_id", "client_secret", "issuer_id")
    client_id, client_secret = _given(body, "client_id"), _given(body, "client_secret")
    return connect_carta(company.pk, client_id, client_secret, user, body.issuer_id or "")


def _given(body: ConnectBody, name: str) -> str:
    secret: SecretStr | None = getattr(body, name)
    if secret is None:
        raise invalid(name, "Give this, too.")
    return secret.get_secret_value()


def _only(body: ConnectBody, *names: str) -> None:
    for name in body.model_fields_set - {"provider", *names}:
        raise invalid(name, f"{body.provider.label} is not connected by this.")


def _own(request: HttpRequest, connection_id: UUID) -> Connection:
    """One of the caller's. Raises Problem 404."""
    own = Connection.objects.filter(company__in=caller(request).companies).select_related("connected_by", "company")
    connection = own.filter(pk=connection_id).first()
    if connection is None:
        raise not_found()
    return connection


def _live(request: HttpRequest, connection_id: UUID) -> Connection:
    """One that the caller may change and that is not disconnected. Raises Problem."""
    connection = _own(request, connection_id)
    _check_may_change(request, connection.company)
    if connection.status == ConnectionStatus.DISCONNECTED:
        raise Problem(409, "This connection was disconnected. Connect again.")
    return connection


def _carta(request: HttpRequest, connection_id: UUID) -> Connection:
    connection = _live(request, connection_id)
    if connection.provider != Provider.CARTA:
        raise Problem(409, "Only Carta has companies to choose from.")
    return connection


def _check_may_change(request: HttpRequest, company: Company) -> None:
    principal = caller(request)
    if principal.user_id is None:
        if not principal.may(Scope.ADMIN):
            raise Problem(403, f"This needs a key with the scope `{Scope.ADMIN}`.")
    elif not is_owner(user_of(request), company):
        raise Problem(403, ONLY_OWNERS)


@contextmanager
def _told(refused_as: int = 400) -> Iterator[None]:
    """What a provider says, as a problem: 503 where it can't be asked, 400 with the field that does not do."""
    try:
        yield
    except Refused as refused:
        if refused.field:
            raise invalid(refused.field, refused.message) from None
        raise Problem(refused_as, refused.message) from None
    except Away as away:
        raise Problem(503, away.message, headers={"Retry-After": str(away.retry_after)}) from None


def _as_json(row: Connection) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "provider": row.provider,
        "method": row.method,
        "status": row.status,
        "reason": row.reason,
        "issuer": {"id": row.issuer_id, "name": row.issuer_name} if row.issuer_id else None,
        "scopes": row.scopes,
        "connected_by": row.connected_by.email if row.connected_by else None,
        "connected_at": row.connected_at,
        "last_ok_at": row.last_ok_at,
        "expires_at": row.expires_at,
        "disconnected_at": row.disconnected_at,
    }
