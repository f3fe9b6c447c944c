"""What happens to a connection; whoever changes one locks its row first. Nothing here calls a provider."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from companies.connections import (
    RIPPLING_TOKEN_IDLE,
    USABLE,
    Connection,
    ConnectionStatus,
    Method,
    Provider,
)
from companies.encryption import Sealed
from companies.models import Company, User
from companies.owners import tell_owners

NOTED_EVERY = timedelta(minutes=1)  # successes come by the hundred; a row is written for one a minute
WARNED_BEFORE = timedelta(days=7)


@dataclass(frozen=True)
class Issuer:
    """A company on Carta."""

    id: str
    name: str


@dataclass(frozen=True)
class NewConnection:
    """What is known of a connection that works. `issuer`: None where there is none to choose, or not chosen yet."""

    provider: Provider
    method: Method
    credentials: Sealed
    scopes: Sequence[str] = ()
    issuer: Issuer | None = None


def connect(company_id: UUID, new: NewConnection, by: User | None) -> Connection:
    """Store `new`; an earlier connection to this provider is disconnected. `by`: None for an API key."""
    issuer = new.issuer or Issuer("", "")
    choosing = new.provider == Provider.CARTA and not new.issuer
    with transaction.atomic():
        Company.objects.select_for_update(no_key=True).get(pk=company_id)  # two at once: the later one stays
        for earlier in live_connections([company_id]).filter(provider=new.provider).select_for_update():
            _end(earlier)
        return Connection.objects.create(
            company_id=company_id,
            provider=new.provider,
            method=new.method,
            credentials=new.credentials,
            scopes=list(new.scopes),
            issuer_id=issuer.id,
            issuer_name=issuer.name,
            status=ConnectionStatus.CHOOSING if choosing else ConnectionStatus.CONNECTED,
            connected_by=by,
            last_ok_at=timezone.now(),
            expires_at=expiry_after_use(new.provider, new.method),
        )


def choose_issuer(connection_id: UUID, issuer: Issuer) -> Connection | None:
    """Read this company on Carta from now on; None: the connection has ended."""
    with transaction.atomic():
        connection = _locked(connection_id)
        if connection is None:
            return None
        connection.issuer_id, connection.issuer_name = issuer.id, issuer.name
        if connection.status == ConnectionStatus.CHOOSING:
            connection.status = ConnectionStatus.CONNECTED
        connection.save(update_fields=["issuer_id", "issuer_name", "status"])
    return connection


def disconnect(connection_id: UUID) -> None:
    """Forget the credentials for good; the row stays as a record. A connection that has ended stays so."""
    with transaction.atomic():
        if connection := _locked(connection_id):
            _end(connection)


def mark_working(connection_id: UUID) -> None:
    """The provider answered: it works (again). Written at most once a minute while nothing changes."""
    recently = timezone.now() - NOTED_EVERY
    due = Q(last_ok_at=None) | Q(last_ok_at__lt=recently) | Q(status__in=[ConnectionStatus.BROKEN, *_ENDING])
    with transaction.atomic():
        connection = _live().filter(due, pk=connection_id).select_for_update(no_key=True).first()
        if connection is None:
            return
        connection.last_ok_at = timezone.now()
        connection.expires_at = expiry_after_use(connection.provider, connection.method) or connection.expires_at
        if connection.status in (ConnectionStatus.BROKEN, *_ENDING):
            unchosen = connection.provider == Provider.CARTA and not connection.issuer_id
            connection.status = ConnectionStatus.CHOOSING if unchosen else ConnectionStatus.CONNECTED
            connection.reason = ""
        connection.save(update_fields=["last_ok_at", "expires_at", "status", "reason"])


def mark_broken(connection_id: UUID, reason: str) -> None:
    """The provider refuses our credentials: say why, and tell the owners when it is news."""
    with transaction.atomic():
        connection = _locked(connection_id)
        if connection is None:
            return
        was_broken, name = connection.status == ConnectionStatus.BROKEN, Provider(connection.provider).label
        connection.status, connection.reason = ConnectionStatus.BROKEN, reason
        connection.save(update_fields=["status", "reason"])
        if not was_broken:
            _tell_owners(connection, f"{name} can no longer be read", reason)


def warn_of_ends() -> int:
    """Tell owners once that a connection ends soon; one whose time is over is broken. Returns how many changed."""
    soon = timezone.now() + WARNED_BEFORE
    ending = _live().filter(status__in=USABLE, expires_at__lt=soon)
    return sum(_warn(pk) for pk in ending.values_list("pk", flat=True))


def live_connections(companies: Sequence[UUID]) -> QuerySet[Connection]:
    """Those that have not been disconnected."""
    return _live().filter(company__in=companies)


def shown_connections(companies: Sequence[UUID]) -> list[Connection]:
    """The newest connection of each company and provider, live or not; the newest first."""
    newest = Connection.objects.filter(company__in=companies).select_related("connected_by")
    found = newest.order_by("company", "provider", "-connected_at").distinct("company", "provider")
    return sorted(found, key=lambda connection: connection.connected_at, reverse=True)


def expiry_after_use(provider: str, method: str) -> datetime | None:
    """When credentials that were used just now end if nobody uses them; None: not by themselves, as far as we know."""
    if (provider, method) == (Provider.RIPPLING, Method.API_TOKEN):
        return timezone.now() + RIPPLING_TOKEN_IDLE
    return None


_ENDING = (ConnectionStatus.EXPIRING,)


def _live() -> QuerySet[Connection]:
    return Connection.objects.exclude(status=ConnectionStatus.DISCONNECTED)


def _locked(connection_id: UUID) -> Connection | None:
    return _live().filter(pk=connection_id).select_for_update(no_key=True).first()


def _end(connection: Connection) -> None:
    connection.credentials, connection.refreshing_until = None, None
    connection.status, connection.reason = ConnectionStatus.DISCONNECTED, ""
    connection.disconnected_at = timezone.now()
    connection.save(update_fields=["credentials", "refreshing_until", "status", "reason", "disconnected_at"])


def _warn(connection_id: UUID) -> bool:
    with transaction.atomic():
        connection = _locked(connection_id)
        if connection is None or connection.status not in USABLE or connection.expires_at is None:
            return False
        left = connection.expires_at - timezone.now()
        if left <= timedelta(0):
            mark_broken(connection_id, _UNUSED)
            return True
        if left > WARNED_BEFORE or connection.status == ConnectionStatus.EXPIRING:
            return False
        connection.status, connection.reason = ConnectionStatus.EXPIRING, _ENDS_SOON.format(connection.expires_at)
        connection.save(update_fields=["status", "reason"])
        _tell_owners(connection, "the Rippling token ends soon", connection.reason)
    return True


_UNUSED = (
    "This token was not used for 30 days, and Rippling expires such tokens. Choose Test; if that fails, create a new "
    "token in Rippling and connect again."
)
_ENDS_SOON = (
    "Rippling expires a token that nobody uses for 30 days; this one expires on {:%-d %B %Y}. Any matter that reads "
    "Rippling keeps it alive, and so does Test."
)


def _tell_owners(connection: Connection, what: str, why: str) -> None:
    text = f"{why}\n\nYou can see and change this in Matterstream under Connections.\n"
    tell_owners(connection.company_id, f"Matterstream: {what}", text)
