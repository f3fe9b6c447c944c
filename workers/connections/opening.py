"""What the pipeline uses: a ready client of a company's connection, and a word on how it went."""

import logging
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar, overload
from uuid import UUID

from django.conf import settings

from companies.connection_services import live_connections, mark_broken, mark_working
from companies.connections import USABLE, Provider
from companies.credentials import Credentials
from companies.encryption import KeyProblem
from companies.postgresql.rows import fetch_rows
from companies.staff import tell_staff
from workers.clients.carta import CartaClient
from workers.clients.rippling import RipplingClient
from workers.connections.pace import carta_pace
from workers.connections.tokens import ConnectionTokens
from workers.provider_http import Code, ProviderError, Recorder

logger = logging.getLogger(__name__)
Client = TypeVar("Client", RipplingClient, CartaClient)
LOST = frozenset({Code.UNAUTHORIZED, Code.GRANT_REFUSED})  # what only a person can mend


@dataclass(frozen=True)
class OpenConnection(Generic[Client]):
    """A client whose token is kept fresh, and the connection's id for `note_connection`."""

    id: UUID
    client: Client = field(repr=False)


@overload
def open_connection(
    company_id: UUID, provider: Literal["rippling", Provider.RIPPLING], record: Recorder | None = None
) -> OpenConnection[RipplingClient] | None: ...
@overload
def open_connection(
    company_id: UUID, provider: Literal["carta", Provider.CARTA], record: Recorder | None = None
) -> OpenConnection[CartaClient] | None: ...
def open_connection(
    company_id: UUID, provider: str, record: Recorder | None = None
) -> OpenConnection[RipplingClient] | OpenConnection[CartaClient] | None:
    """The company's connection to `provider` where facts can be read through it now; None: ask the founder.

    It calls nobody: the client fetches its token with the first call, whose ProviderError may be of the token, too.
    Tell each call's outcome by `note_connection`. `record` is told of each HTTP call. Close the client.
    """
    row = live_connections([company_id]).filter(provider=provider, status__in=USABLE).first()
    if row is None or row.credentials is None:
        return None
    try:
        Credentials.opened(row.credentials)
    except KeyProblem as problem:
        logger.error("connection %s can't be opened: %s", row.pk, problem)
        tell_staff("connection keys", "Matterstream: stored credentials can't be opened", str(problem))
        return None
    tokens = ConnectionTokens(row.pk, Provider(provider))
    if provider == Provider.CARTA:
        carta = CartaClient(settings.CARTA_BASE_URL, tokens, row.issuer_id, record=record, pace=carta_pace(row.pk))
        return OpenConnection(row.pk, carta)
    return OpenConnection(row.pk, RipplingClient(settings.RIPPLING_BASE_URL, tokens, record=record))


def note_connection(connection_id: UUID, error: ProviderError | None = None) -> None:
    """How a call went. Success: it works, written at most once a minute. A refusal of our access, which no refresh
    mended: it is broken, and the owners are told once. Any other error says nothing of the connection."""
    if error is None:
        mark_working(connection_id)
    elif error.code in LOST:
        mark_broken(connection_id, error.message)


_CONNECTED = "SELECT provider FROM companies_connection WHERE company_id = %(company)s AND status = ANY(%(usable)s)"


def connected_providers(company_id: UUID) -> frozenset[str]:
    """The providers from which this company's facts can be read now: `rippling`, `carta`."""
    rows = fetch_rows(_CONNECTED, {"company": company_id, "usable": [str(status) for status in USABLE]})
    return frozenset(provider for (provider,) in rows)
