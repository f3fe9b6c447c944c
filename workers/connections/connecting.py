"""Making, trying and completing a connection: whatever asks a provider on a person's behalf, and stores what came."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from django.db import connection as database
from django.views.decorators.debug import sensitive_variables

from companies.connection_services import Issuer, NewConnection, choose_issuer, connect, mark_broken, mark_working
from companies.connections import Connection, Method, Provider
from companies.credentials import Credentials
from companies.models import User
from workers.connections.opening import LOST
from workers.connections.providers import allowed, granted, issuers_of, try_out
from workers.connections.tokens import ConnectionTokens
from workers.provider_http import Code, FixedToken, ProviderError

_NOT_ACCEPTED = {
    "api_token": "Rippling does not accept this token. Copy it again, or create a new one in Rippling.",
    "client_secret": "Carta does not accept this client id and secret. Copy both again.",
}
_NOT_AWAY = LOST | {Code.FORBIDDEN, Code.NOT_FOUND, Code.REJECTED}  # another try brings the same
_NO_ISSUER = "These credentials give access to no company on Carta. Have access granted there, then connect again."
_NOT_ONE = "The credentials do not give access to this company. Choose one that they do."


class Refused(Exception):
    """What was given does not do. `field` says which of it ("": all); the message says what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


class Away(Exception):
    """The provider can't be asked now; nothing was stored. `retry_after`: seconds."""

    def __init__(self, error: ProviderError) -> None:
        super().__init__(error.message)
        self.message, self.retry_after = error.message, int(error.retry_after or 30)


@sensitive_variables()
def connect_rippling(company_id: UUID, api_token: str, by: User | None) -> Connection:
    """Try the token, and store it. Raises Refused, Away, KeyProblem."""
    sealed = Credentials(token=api_token).sealed()
    with _asking("api_token"):
        try_out(Provider.RIPPLING, FixedToken(api_token))
    return connect(company_id, NewConnection(Provider.RIPPLING, Method.API_TOKEN, sealed), by)


@sensitive_variables()
def connect_carta(
    company_id: UUID, client_id: str, client_secret: str, by: User | None, issuer_id: str = ""
) -> Connection:
    """Try the credentials, and store them; the company is chosen where there is but one, or `issuer_id` says which.

    Raises Refused, Away, KeyProblem.
    """
    with _asking("client_secret"):
        credentials, scopes = granted(Credentials(client_id=client_id, client_secret=client_secret))
    return _store_carta(company_id, Method.CLIENT_CREDENTIALS, credentials, scopes, by, issuer_id)


@sensitive_variables()
def connect_by_code(
    company_id: UUID, provider: Provider, code: str, verifier: str, redirect_uri: str, by: User
) -> Connection:
    """The end of an OAuth flow: the code becomes tokens. Raises Refused, Away, KeyProblem."""
    with _asking(""):
        credentials, scopes = allowed(provider, code, verifier, redirect_uri)
    if provider == Provider.CARTA:
        return _store_carta(company_id, Method.OAUTH, credentials, scopes, by)
    with _asking(""):
        try_out(provider, FixedToken(credentials.token))
    return connect(company_id, NewConnection(provider, Method.OAUTH, credentials.sealed(), scopes), by)


def _store_carta(
    company_id: UUID,
    method: Method,
    credentials: Credentials,
    scopes: Sequence[str],
    by: User | None,
    issuer_id: str = "",
) -> Connection:
    with _asking("client_secret"):
        issuers = issuers_of(FixedToken(credentials.token))
    if not issuers:
        raise Refused("client_secret", _NO_ISSUER)
    issuer = _issuer(issuers, issuer_id) if issuer_id else issuers[0] if len(issuers) == 1 else None
    return connect(company_id, NewConnection(Provider.CARTA, method, credentials.sealed(), scopes, issuer), by)


def try_connection(connection: Connection) -> None:
    """Ask the provider; the row then says how the connection stands, and owners are told when it broke. Raises Away."""
    provider = Provider(connection.provider)
    try:
        with _asking(""):
            try_out(provider, ConnectionTokens(connection.pk, provider), connection.issuer_id)
    except Refused as refused:
        mark_broken(connection.pk, refused.message)
    else:
        mark_working(connection.pk)


def readable_issuers(connection: Connection) -> tuple[Issuer, ...]:
    """The companies on Carta that a connection may read. Raises Refused, Away; the row then says so, too."""
    try:
        with _asking(""):
            return issuers_of(ConnectionTokens(connection.pk, Provider.CARTA))
    except Refused as refused:
        mark_broken(connection.pk, refused.message)
        raise


def choose(connection: Connection, issuer_id: str) -> None:
    """Read this company on Carta from now on; what was broken works again. Raises Refused, Away."""
    choose_issuer(connection.pk, _issuer(readable_issuers(connection), issuer_id))
    mark_working(connection.pk)


def _issuer(issuers: Sequence[Issuer], issuer_id: str) -> Issuer:
    for issuer in issuers:
        if issuer.id == issuer_id:
            return issuer
    raise Refused("issuer_id", _NOT_ONE)


@contextmanager
def _asking(field: str) -> Iterator[None]:
    """Around calls of a provider: no database connection is held, and errors say whose turn it is."""
    database.close()
    try:
        yield
    except ProviderError as error:
        if error.code not in _NOT_AWAY:
            raise Away(error) from None
        own = _NOT_ACCEPTED.get(field) if error.code in LOST else None
        raise Refused(field, own or error.message) from None
