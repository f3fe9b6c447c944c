"""What the API takes and shows of connections, for its description."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from ninja import Schema
from pydantic import AfterValidator, Field, SecretStr

from companies.connections import ConnectionStatus, Method, Provider
from companies.request_body import RequestBody
from matters.validation import check_storable
from workers.connections.forms import LONGEST, check_secret


def _secret(value: SecretStr) -> SecretStr:
    check_secret(value.get_secret_value())
    return value


def _identifier(value: str) -> str:
    check_storable(value)
    return value


Secret = Annotated[SecretStr, Field(max_length=LONGEST), AfterValidator(_secret)]
IssuerId = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_identifier)]


class ConnectBody(RequestBody):
    """`api_token` for Rippling; `client_id` and `client_secret` for Carta, and `issuer_id` where there are several."""

    provider: Provider
    api_token: Secret | None = None
    client_id: Secret | None = None
    client_secret: Secret | None = None
    issuer_id: IssuerId | None = None


class IssuerBody(RequestBody):
    """The company on Carta that is to be read."""

    issuer_id: IssuerId


class IssuerOut(Schema):
    """A company on Carta."""

    id: str
    name: str


class ConnectionOut(Schema):
    """How a connection stands. `reason` says in plain words why it does not work, or ends soon."""

    id: UUID
    provider: Provider
    method: Method
    status: ConnectionStatus
    reason: str
    issuer: IssuerOut | None
    scopes: list[str]
    connected_by: str | None
    connected_at: datetime
    last_ok_at: datetime | None
    expires_at: datetime | None
    disconnected_at: datetime | None


class ConnectionPage(Schema):
    """All that there are; `next` is null."""

    items: list[ConnectionOut]
    next: None


class IssuerPage(Schema):
    """All companies that the credentials may read; `next` is null."""

    items: list[IssuerOut]
    next: None
