"""Connections that exist, as people or the demo make them."""

from collections.abc import Callable

import pytest

from companies.connection_services import Issuer, NewConnection, connect
from companies.connections import Connection, Method, Provider
from companies.credentials import Credentials
from companies.models import Company, User
from tests.fakes.provider_logins import CLIENT_ID, CLIENT_SECRET, RIPPLING_TOKEN

Connect = Callable[[Credentials], Connection]
BY_SECRET = Credentials(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)


@pytest.fixture
def rippling(company: Company, founder: User) -> Connection:
    """Rippling by API token."""
    sealed = Credentials(token=RIPPLING_TOKEN).sealed()
    return connect(company.pk, NewConnection(Provider.RIPPLING, Method.API_TOKEN, sealed), founder)


@pytest.fixture
def rippling_by_oauth(company: Company, founder: User) -> Connect:
    """Rippling with tokens of an OAuth flow."""

    def put(credentials: Credentials) -> Connection:
        new = NewConnection(Provider.RIPPLING, Method.OAUTH, credentials.sealed())
        return connect(company.pk, new, founder)

    return put


@pytest.fixture
def carta(company: Company, founder: User) -> Connection:
    """Carta by client credentials, its company chosen, without an access token yet."""
    new = NewConnection(
        Provider.CARTA, Method.CLIENT_CREDENTIALS, BY_SECRET.sealed(), issuer=Issuer("101", "Acme, Inc.")
    )
    return connect(company.pk, new, founder)
