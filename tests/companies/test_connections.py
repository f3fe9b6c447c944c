"""Connections as rows: one live one each, no secret behind the end, and a warning before a token dies."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from companies.connection_services import (
    Issuer,
    NewConnection,
    choose_issuer,
    connect,
    disconnect,
    live_connections,
    mark_broken,
    mark_working,
    warn_of_ends,
)
from companies.connections import Connection, ConnectionStatus, Method, Provider
from companies.credentials import Credentials
from companies.demo_connections import connect_demo
from companies.models import Company, User
from tests.threads import at_once

pytestmark = pytest.mark.django_db
with_mail = pytest.mark.django_db(transaction=True)  # e-mail goes once the transaction commits
DEMO = {
    "DEMO_RIPPLING_TOKEN": "demo-token",
    "DEMO_CARTA_CLIENT_ID": "demo-id",
    "DEMO_CARTA_CLIENT_SECRET": "demo-secret",
    "DEMO_CARTA_ISSUER": "7",
}


def rippling(company: Company, by: User | None = None, given: str = "t") -> Connection:
    sealed = Credentials(token=given).sealed()
    return connect(company.pk, NewConnection(Provider.RIPPLING, Method.API_TOKEN, sealed), by)


def token_of(connection: Connection) -> str:
    assert connection.credentials is not None
    return Credentials.opened(connection.credentials).token


def ends_in(**time: float) -> None:
    Connection.objects.update(expires_at=timezone.now() + timedelta(**time))


def test_connecting_again_replaces_the_earlier_one_and_deletes_its_secret(company: Company, founder: User) -> None:
    earlier, later = rippling(company, founder, "old"), rippling(company, founder, "new")
    earlier.refresh_from_db()
    assert (earlier.status, earlier.credentials) == (ConnectionStatus.DISCONNECTED, None)
    assert earlier.connected_by == founder, "who connected what stays on record"
    assert token_of(live_connections([company.pk]).get()) == "new"
    assert later.pk != earlier.pk


@pytest.mark.django_db(transaction=True)
def test_of_two_that_connect_at_once_one_stays(company: Company) -> None:
    at_once(*[lambda: rippling(company)] * 4)
    assert live_connections([company.pk]).count() == 1
    assert Connection.objects.filter(credentials__isnull=False).count() == 1


def test_the_database_itself_keeps_no_secret_of_an_ended_connection(company: Company) -> None:
    row = rippling(company)
    with pytest.raises(IntegrityError), transaction.atomic():
        Connection.objects.filter(pk=row.pk).update(status=ConnectionStatus.DISCONNECTED)
    disconnect(row.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        Connection.objects.filter(pk=row.pk).update(credentials=Credentials().sealed())


def test_carta_reads_nothing_before_its_company_is_chosen(company: Company) -> None:
    new = NewConnection(Provider.CARTA, Method.CLIENT_CREDENTIALS, Credentials(client_id="i").sealed())
    row = connect(company.pk, new, None)
    assert row.status == ConnectionStatus.CHOOSING
    mark_broken(row.pk, "refused")
    mark_working(row.pk)
    row.refresh_from_db()
    assert row.status == ConnectionStatus.CHOOSING, "what works again is as far as it was"


def test_choosing_for_a_connection_that_has_ended_does_nothing(company: Company) -> None:
    row = rippling(company)
    disconnect(row.pk)
    assert choose_issuer(row.pk, Issuer("1", "Acme")) is None


@with_mail
def test_owners_are_warned_once_some_days_before_a_token_dies(company: Company, founder: User) -> None:
    row = rippling(company)
    assert warn_of_ends() == 0
    ends_in(days=6)
    assert [warn_of_ends(), warn_of_ends()] == [1, 0]
    row.refresh_from_db()
    assert row.status == ConnectionStatus.EXPIRING
    assert "Test" in row.reason, "page and API say what keeps it, too"
    (told,) = mail.outbox
    assert told.to == [founder.email]
    assert "expires on" in told.body


@with_mail
def test_a_token_that_is_used_again_ends_no_more_and_is_warned_of_anew(company: Company, founder: User) -> None:
    row = rippling(company)
    for _ in range(2):
        ends_in(days=6)
        warn_of_ends()
        mark_working(row.pk)
    row.refresh_from_db()
    assert (row.status, row.reason) == (ConnectionStatus.CONNECTED, "")
    assert len(mail.outbox) == 2


@with_mail
def test_a_token_whose_time_is_over_is_broken_and_says_why(company: Company, founder: User) -> None:
    row = rippling(company)
    ends_in(days=-1)
    assert warn_of_ends() == 1
    row.refresh_from_db()
    assert row.status == ConnectionStatus.BROKEN
    assert "30 days" in row.reason
    assert len(mail.outbox) == 1


def test_the_demo_company_is_connected_to_the_servers_of_this_start(company: Company, founder: User) -> None:
    connect_demo(company, founder, DEMO)
    connect_demo(company, founder, DEMO | {"DEMO_RIPPLING_TOKEN": "of-the-second-start"})
    by_provider = {row.provider: row for row in Connection.objects.all()}
    assert by_provider.keys() == {"rippling", "carta"}
    assert token_of(by_provider["rippling"]) == "of-the-second-start"
    assert by_provider["carta"].issuer_id == "7"
    assert {row.status for row in by_provider.values()} == {ConnectionStatus.CONNECTED}


def test_without_fixture_servers_no_demo_connection_of_an_earlier_start_lingers(
    company: Company, founder: User
) -> None:
    connect_demo(company, founder, DEMO)
    connect_demo(company, founder, {"DEMO_RIPPLING_TOKEN": ""})
    assert not Connection.objects.exists()


def test_the_demo_leaves_alone_what_a_person_connected(company: Company, founder: User) -> None:
    rippling(company, founder, "a real one")
    for environment in (DEMO, {}):
        connect_demo(company, founder, environment)
        assert token_of(live_connections([company.pk]).get(provider="rippling")) == "a real one"
