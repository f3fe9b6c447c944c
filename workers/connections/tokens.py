"""The access token of a connection: fetched anew when it is due, by one worker for all, and stored before it is used.

Whoever fetches has the row's lease, `refreshing_until`, and meanwhile no lock and no database connection; the others
wait for what it stores. A refresh token may be good only once, so no two may use it, and what it gave is not lost with
a database that fails: that is offered again for as long as the lease lasts.
"""

import time
from datetime import timedelta
from uuid import UUID

from django.db import connection as database
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.views.decorators.debug import sensitive_variables

from companies.connections import Connection, ConnectionStatus, Provider
from companies.credentials import Credentials
from workers.connections.providers import renewed
from workers.outage import until_stored
from workers.provider_http import Code, ProviderError

LEASE = timedelta(seconds=90)  # longer than a call to a token endpoint may take
LOOK_AGAIN_SECONDS = 0.2


class ConnectionTokens:
    """A client's source of tokens, for one connection."""

    def __init__(self, connection_id: UUID, provider: Provider) -> None:
        self._connection_id, self._provider = connection_id, provider
        self._seen = Credentials()  # a client asks before each of its calls

    def token(self) -> str:
        """One that is good as far as is known. Raises ProviderError, KeyProblem."""
        seen = self._seen
        return self._another_than("") if seen.is_due() else seen.token

    def renew(self, refused: str) -> str:
        """Another one, now that the provider refused `refused`; that itself where only a person has another."""
        return self._another_than(refused)

    @sensitive_variables()
    def _another_than(self, refused: str) -> str:
        gives_up_at = time.monotonic() + LEASE.total_seconds()
        while time.monotonic() < gives_up_at:
            credentials, mine = self._look(refused)
            database.close()  # back to the pool: no connection is held while the provider thinks
            if mine:
                return self._fetch(credentials)
            if not _must_renew(credentials, refused):
                self._seen = credentials
                return credentials.token
            time.sleep(LOOK_AGAIN_SECONDS)
        label = self._provider.label
        raise ProviderError(Code.UNAVAILABLE, f"{label} took too long to answer.", permanent=False)

    @sensitive_variables()
    def _look(self, refused: str) -> tuple[Credentials, bool]:
        """The credentials as they stand, and whether it is for us to fetch the next token: then the lease is ours."""
        with transaction.atomic():
            row = self._row().select_for_update(no_key=True).annotate(now=Now()).first()
            if row is None or row.credentials is None:
                raise ProviderError(Code.UNAUTHORIZED, f"{self._provider.label} was disconnected.", permanent=True)
            credentials = Credentials.opened(row.credentials)
            leased = row.refreshing_until is not None and row.refreshing_until > row.now
            mine = _must_renew(credentials, refused) and not leased
            if mine:
                self._row().update(refreshing_until=Now() + LEASE)
        return credentials, mine

    @sensitive_variables()
    def _fetch(self, credentials: Credentials) -> str:
        lease_ends_at = time.monotonic() + LEASE.total_seconds()
        try:
            fresh = renewed(self._provider, credentials)
        except ProviderError:
            self._row().update(refreshing_until=None)
            raise
        until_stored(lambda: self._store(fresh), ends_at=lease_ends_at)
        database.close()
        self._seen = fresh
        return fresh.token

    @sensitive_variables()
    def _store(self, fresh: Credentials) -> None:
        self._row().update(credentials=fresh.sealed(), refreshing_until=None)  # nothing, where it was disconnected

    def _row(self) -> QuerySet[Connection]:
        return Connection.objects.exclude(status=ConnectionStatus.DISCONNECTED).filter(pk=self._connection_id)


def _must_renew(credentials: Credentials, refused: str) -> bool:
    return credentials.renewable() and (credentials.token == refused or credentials.is_due())
