"""The demo company's connections to the fixture servers that `make run` starts beside the demo model."""

from collections.abc import Iterator, Mapping

from companies.connection_services import Issuer, NewConnection, connect, live_connections
from companies.connections import Connection, Method, Provider
from companies.credentials import Credentials
from companies.models import Company, User


def connect_demo(company: Company, by: User, environment: Mapping[str, str]) -> None:
    """Connect `company` to the fixture servers that `environment` tells of; those of earlier starts go.

    A connection that a person made stays as it is.
    """
    Connection.objects.filter(company=company, demo=True).delete()
    taken = set(live_connections([company.pk]).values_list("provider", flat=True))
    for new in _of_environment(environment, company.name):
        if new.provider not in taken:
            Connection.objects.filter(pk=connect(company.pk, new, by).pk).update(demo=True, last_ok_at=None)


def _of_environment(environment: Mapping[str, str], name: str) -> Iterator[NewConnection]:
    if token := environment.get("DEMO_RIPPLING_TOKEN"):
        yield NewConnection(Provider.RIPPLING, Method.API_TOKEN, Credentials(token=token).sealed())
    client_id, secret, issuer = (environment.get(f"DEMO_CARTA_{part}") for part in _OF_CARTA)
    if client_id and secret and issuer:
        sealed = Credentials(client_id=client_id, client_secret=secret).sealed()
        yield NewConnection(Provider.CARTA, Method.CLIENT_CREDENTIALS, sealed, issuer=Issuer(issuer, name))


_OF_CARTA = ("CLIENT_ID", "CLIENT_SECRET", "ISSUER")
