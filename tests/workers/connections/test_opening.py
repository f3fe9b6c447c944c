"""What the pipeline relies on: a ready client whose token is kept fresh, and a connection that says how it stands."""

import dataclasses
import time
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.core import mail
from django.db import OperationalError, transaction
from django.utils import timezone
from pytest_django import Settings

from companies.connection_services import disconnect
from companies.connections import Connection, ConnectionStatus, Provider
from companies.credentials import Credentials
from companies.models import Company, Membership, User
from companies.postgresql.rows import fetch_rows
from tests.fakes.provider_logins import RIPPLING_TOKEN, FakeProviders
from tests.processes import wait_until
from tests.threads import at_once
from tests.workers.connections.conftest import Connect
from workers.clients.carta import CartaClient
from workers.clients.rippling import RipplingClient
from workers.connections import OpenConnection, connected_providers, note_connection, open_connection
from workers.connections import tokens as tokens_module
from workers.connections.tokens import LEASE, ConnectionTokens
from workers.provider_http import Code, ProviderError

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("providers")]
LOOK_ANEW = "SELECT pg_stat_clear_snapshot()"
END_WHOEVER_STORES = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'UPDATE "companies_connection"%%'
"""


def opened_rippling(company: Company) -> OpenConnection[RipplingClient]:
    found = open_connection(company.pk, "rippling")
    assert found is not None
    return found


def opened_carta(company: Company) -> OpenConnection[CartaClient]:
    found = open_connection(company.pk, "carta")
    assert found is not None
    return found


def read_rippling(company: Company) -> None:
    with opened_rippling(company).client as client:
        client.workers()


def read_carta(company: Company) -> list[str]:
    with opened_carta(company).client as client:
        return [issuer.id for issuer in client.issuers()]


def refused(connection: Connection) -> ProviderError:
    return ProviderError(Code.UNAUTHORIZED, "Rippling no longer accepts our access.", permanent=True)


def due(**fields: str) -> Credentials:
    return Credentials(token="an old one", ends_at=time.time() - 1, **fields)


def held(connection: Connection) -> Credentials:
    connection.refresh_from_db()
    assert connection.credentials is not None
    return Credentials.opened(connection.credentials)


def test_a_connected_company_reads_both(company: Company, rippling: Connection, carta: Connection) -> None:
    assert connected_providers(company.pk) == {"rippling", "carta"}
    assert opened_rippling(company).id == rippling.pk
    read_rippling(company)
    assert read_carta(company) == ["101"]


def test_another_company_reads_nothing(rippling: Connection, carta: Connection) -> None:
    other = Company.objects.create(name="Other, Inc.", slug="other")
    assert connected_providers(other.pk) == frozenset()
    assert open_connection(other.pk, "rippling") is None
    assert open_connection(other.pk, "carta") is None


@pytest.mark.parametrize("status", [ConnectionStatus.CHOOSING, ConnectionStatus.BROKEN])
def test_nothing_is_read_through_a_connection_that_does_not_work(
    company: Company, carta: Connection, status: ConnectionStatus
) -> None:
    Connection.objects.update(status=status)
    assert connected_providers(company.pk) == frozenset()
    assert open_connection(company.pk, "carta") is None


def test_opening_calls_nobody(company: Company, carta: Connection, providers: FakeProviders) -> None:
    opened_carta(company).client.close()
    assert providers.state.token_calls == providers.state.resource_calls == 0


def test_an_access_token_is_fetched_once_for_all_later_clients(
    company: Company, carta: Connection, providers: FakeProviders
) -> None:
    for _ in range(3):
        read_carta(company)
    assert providers.state.token_calls == 1


def test_a_token_that_the_provider_refuses_is_replaced_and_the_call_made_again(
    company: Company, carta: Connection, providers: FakeProviders
) -> None:
    read_carta(company)
    providers.state.good.clear()
    assert read_carta(company) == ["101"]
    assert providers.state.token_calls == 2


def test_a_refresh_token_is_used_once_however_many_need_it(
    company: Company, rippling_by_oauth: Connect, providers: FakeProviders
) -> None:
    providers.state.refresh.add("the only one")
    providers.state.token_seconds = 0.3
    connection = rippling_by_oauth(due(refresh_token="the only one"))
    tokens = at_once(*[ConnectionTokens(connection.pk, Provider.RIPPLING).token] * 6)
    assert len(set(tokens)) == 1, "somebody used a refresh token that was used up"
    assert providers.state.token_calls == 1
    assert held(connection).token == tokens[0]
    assert held(connection).refresh_token == "Zaunkoenig-refresh-1", "the new refresh token was not stored"


def test_what_a_refresh_token_gave_outlives_the_session_that_was_to_store_it(
    rippling_by_oauth: Connect, providers: FakeProviders
) -> None:
    providers.state.refresh.add("the only one")
    providers.state.token_seconds = 0.5
    connection = rippling_by_oauth(due(refresh_token="the only one"))

    def end_its_session() -> str:
        wait_until(Connection.objects.filter(refreshing_until__isnull=False).exists, "somebody fetches a token")
        with transaction.atomic():
            Connection.objects.select_for_update().get(pk=connection.pk)
            wait_until(lambda: fetch_rows(LOOK_ANEW, {}) and fetch_rows(END_WHOEVER_STORES, {}), "it is being stored")
        return ""

    token, _ = at_once(ConnectionTokens(connection.pk, Provider.RIPPLING).token, end_its_session)
    assert (held(connection).token, held(connection).refresh_token) == (token, "Zaunkoenig-refresh-1")
    assert ConnectionTokens(connection.pk, Provider.RIPPLING).token() == token
    assert providers.state.token_calls == 1


def test_a_database_that_stays_away_is_waited_for_no_longer_than_the_lease(
    rippling_by_oauth: Connect, providers: FakeProviders, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[Credentials] = []

    def fail(_self: ConnectionTokens, fresh: Credentials) -> None:
        tries.append(fresh)
        raise OperationalError

    monkeypatch.setattr(tokens_module, "LEASE", timedelta(seconds=2))
    monkeypatch.setattr(ConnectionTokens, "_store", fail)
    providers.state.refresh.add("the only one")
    connection, began = rippling_by_oauth(due(refresh_token="the only one")), time.monotonic()
    with pytest.raises(OperationalError):
        ConnectionTokens(connection.pk, Provider.RIPPLING).token()
    assert time.monotonic() - began < 10
    assert len(tries) > 1
    assert providers.state.token_calls == 1


def test_whoever_dies_while_fetching_keeps_the_others_for_its_lease_only(
    company: Company, carta: Connection, providers: FakeProviders
) -> None:
    Connection.objects.update(refreshing_until=timezone.now() + timedelta(seconds=0.5))
    assert read_carta(company) == ["101"]
    Connection.objects.update(refreshing_until=timezone.now() + 2 * LEASE)
    assert read_carta(company) == ["101"], "a token that is good waits for nobody"


def test_a_failed_fetch_lets_the_next_one_try_at_once(
    company: Company, carta: Connection, providers: FakeProviders, settings: Settings
) -> None:
    settings.CARTA_TOKEN_URL = "http://127.0.0.1:9/"
    with pytest.raises(ProviderError) as error:
        read_carta(company)
    assert error.value.code == Code.UNAVAILABLE
    note_connection(carta.pk, error.value)
    carta.refresh_from_db()
    assert carta.status == ConnectionStatus.CONNECTED, "a provider that is away breaks no connection"
    settings.CARTA_TOKEN_URL = providers.token_url
    assert read_carta(company) == ["101"]


def test_a_refresh_token_that_is_refused_breaks_the_connection_and_tells_the_owners_once(
    company: Company, rippling_by_oauth: Connect
) -> None:
    member = User.objects.create_user("member@acme.example")
    Membership.objects.create(company=company, user=member)
    connection = rippling_by_oauth(due(refresh_token="used up"))
    for _ in range(2):
        with pytest.raises(ProviderError) as error:
            ConnectionTokens(connection.pk, Provider.RIPPLING).token()
        note_connection(connection.pk, error.value)
    connection.refresh_from_db()
    assert connection.status == ConnectionStatus.BROKEN
    assert "Connect Rippling again" in connection.reason
    (told,) = mail.outbox
    assert told.to == ["founder@acme.example"]
    assert connection.reason in told.body


def test_an_api_token_that_is_refused_breaks_the_connection(
    company: Company, rippling: Connection, providers: FakeProviders
) -> None:
    providers.state.good.clear()
    with pytest.raises(ProviderError) as error:
        read_rippling(company)
    note_connection(rippling.pk, error.value)
    assert connected_providers(company.pk) == frozenset()
    assert providers.state.token_calls == 0, "nobody but a person has another API token"


def test_a_success_is_written_at_most_once_a_minute(rippling: Connection) -> None:
    written = rippling.last_ok_at
    note_connection(rippling.pk)
    rippling.refresh_from_db()
    assert rippling.last_ok_at == written
    long_ago = timezone.now() - timedelta(minutes=2)
    Connection.objects.update(last_ok_at=long_ago, expires_at=long_ago)
    note_connection(rippling.pk)
    rippling.refresh_from_db()
    assert rippling.last_ok_at is not None
    assert rippling.last_ok_at > long_ago
    assert rippling.expires_at is not None
    assert rippling.expires_at > timezone.now() + timedelta(days=29), "a token that is used lives for 30 days more"


def test_a_success_mends_a_broken_connection_at_once(company: Company, rippling: Connection) -> None:
    note_connection(rippling.pk, refused(rippling))
    note_connection(rippling.pk)
    rippling.refresh_from_db()
    assert (rippling.status, rippling.reason) == (ConnectionStatus.CONNECTED, "")


def test_a_late_word_on_a_connection_that_was_ended_changes_nothing(company: Company, rippling: Connection) -> None:
    client = opened_rippling(company).client
    disconnect(rippling.pk)
    with client, pytest.raises(ProviderError) as error:
        client.workers()
    assert error.value.code == Code.UNAUTHORIZED
    note_connection(rippling.pk, error.value)
    note_connection(rippling.pk)
    rippling.refresh_from_db()
    assert rippling.status == ConnectionStatus.DISCONNECTED
    assert mail.outbox == []


def test_a_token_that_comes_after_the_disconnect_is_not_kept(
    company: Company, carta: Connection, providers: FakeProviders
) -> None:
    providers.state.token_seconds = 0.5

    def end_it() -> str:
        while not Connection.objects.filter(refreshing_until__isnull=False).exists():
            time.sleep(0.02)
        disconnect(carta.pk)
        return ""

    at_once(ConnectionTokens(carta.pk, Provider.CARTA).token, end_it)
    carta.refresh_from_db()
    assert carta.credentials is None


def test_credentials_that_no_key_opens_are_as_if_there_were_none_and_staff_are_told(
    company: Company, rippling: Connection, settings: Settings
) -> None:
    User.objects.create_superuser("staff@example.com")
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert open_connection(company.pk, "rippling") is None
    (told,) = mail.outbox
    assert told.to == ["staff@example.com"]
    assert "rotate_field_keys" in told.body
    rippling.refresh_from_db()
    assert rippling.status == ConnectionStatus.CONNECTED, "the founder can't mend a key of ours"


def test_credentials_show_no_secret_when_they_are_printed() -> None:
    full = Credentials("secret-1", 1.0, "secret-2", "secret-3", "secret-4")
    assert "secret" not in repr(full)
    assert dataclasses.fields(full)
    assert RIPPLING_TOKEN not in repr(Credentials(token=RIPPLING_TOKEN))
