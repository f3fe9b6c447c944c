"""The page of connections, without a script: connect, test, choose, disconnect; owners change, members see."""

from datetime import timedelta

import pytest
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from companies.connection_services import NewConnection, connect, warn_of_ends
from companies.connections import Connection, ConnectionStatus, Method, Provider
from companies.credentials import Credentials
from companies.models import Company, Membership, User
from tests.fakes.provider_logins import CLIENT_ID, CLIENT_SECRET, RIPPLING_TOKEN, FakeProviders
from workers.connections.words import ABOUT

pytestmark = pytest.mark.django_db
asks_providers = pytest.mark.django_db(transaction=True)  # the view gives its database connection back meanwhile
HERE = "/settings/connections/"
SECRETS = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


def give(page: Client, provider: str, **fields: str) -> HttpResponse:
    response = page.post(f"{HERE}{provider}/connect/", fields, follow=True)
    assert isinstance(response, HttpResponse)
    return response


def text(response: object) -> str:
    assert isinstance(response, HttpResponse)
    return response.content.decode()


def stored(company: Company, provider: Provider = Provider.RIPPLING, **fields: str) -> Connection:
    """A connection that was made earlier."""
    row = connect(
        company.pk, NewConnection(provider, Method.API_TOKEN, Credentials(token=RIPPLING_TOKEN).sealed()), None
    )
    Connection.objects.filter(pk=row.pk).update(**fields)
    row.refresh_from_db()
    return row


@pytest.fixture
def member(company: Company) -> Client:
    """A colleague who is no owner."""
    user = User.objects.create_user("member@acme.example")
    Membership.objects.create(company=company, user=user)
    browser = Client()
    browser.force_login(user)
    return browser


def test_it_is_linked_and_says_what_is_read_and_what_is_never_kept(page: Client) -> None:
    assert 'href="/settings/"' in text(page.get("/"))
    assert f'href="{HERE}"' in text(page.get("/settings/"))
    html = text(page.get(HERE))
    assert 'href="/settings/members/"' in html, "from here nothing leads to the other settings"
    for about in ABOUT.values():
        assert all(item in html for item in (*about.read, about.never))
    assert html.count("Not connected") == 2


@asks_providers
def test_rippling_is_connected_by_its_token(page: Client, company: Company, providers: FakeProviders) -> None:
    html = text(give(page, "rippling", api_token=f" {RIPPLING_TOKEN}\n"))
    assert "Rippling is connected." in html
    assert "by founder@acme.example, with an API token" in html
    assert "Expires, if unused" in html
    assert RIPPLING_TOKEN not in html
    row = Connection.objects.get()
    assert (row.company, row.status, row.method) == (company, "connected", "api_token")


@asks_providers
def test_a_token_that_rippling_refuses_is_stored_nowhere_and_told_beside_its_field(
    page: Client, company: Company, providers: FakeProviders
) -> None:
    working = stored(company)
    response = give(page, "rippling", api_token="Zaunkoenig-wrong")
    assert response.status_code == 400
    assert "Rippling does not accept this token." in text(response)
    assert "Zaunkoenig" not in text(response)
    working.refresh_from_db()
    assert working.status == "connected", "what worked before goes on"


@asks_providers
@pytest.mark.parametrize("status", [403, 429, 500])
def test_what_rippling_says_instead_is_told_in_plain_words(page: Client, providers: FakeProviders, status: int) -> None:
    providers.state.status = status
    response = give(page, "rippling", api_token=RIPPLING_TOKEN)
    words = "permission" if status == 403 else "Nothing was saved."
    assert (response.status_code, words in text(response)) == (400, True)
    assert not Connection.objects.exists()


@pytest.mark.parametrize("given", ["", " ", "two words", "tökén", "x" * 5_000])
def test_what_can_be_no_token_is_told_before_anybody_is_asked(page: Client, given: str) -> None:
    response = give(page, "rippling", api_token=given)
    assert response.status_code == 400
    assert 'role="alert"' in text(response)


@asks_providers
def test_carta_with_one_company_is_connected_at_once(page: Client, providers: FakeProviders) -> None:
    html = text(give(page, "carta", **SECRETS))
    assert "Carta is connected." in html
    assert "Acme, Inc." in html
    assert CLIENT_SECRET not in html
    assert Connection.objects.get().issuer_id == "101"


@asks_providers
def test_of_several_companies_on_carta_one_is_chosen(page: Client, providers: FakeProviders) -> None:
    providers.state.issuers = [("101", "Acme, Inc."), ("102", "Acme Labs <LLC>")]
    html = text(give(page, "carta", **SECRETS))
    assert "Which company on Carta?" in html
    assert "Acme Labs &lt;LLC&gt;" in html
    row = Connection.objects.get()
    assert row.status == ConnectionStatus.CHOOSING
    for wrong in ({}, {"issuer": "999"}):
        assert "do not give access to this company" in text(page.post(f"{HERE}{row.pk}/issuer/", wrong, follow=True))
    html = text(page.post(f"{HERE}{row.pk}/issuer/", {"issuer": "102"}, follow=True))
    assert "Acme Labs" in html
    row.refresh_from_db()
    assert (row.status, row.issuer_id) == ("connected", "102")


@asks_providers
def test_credentials_that_may_read_no_company_are_refused(page: Client, providers: FakeProviders) -> None:
    providers.state.issuers = []
    assert "give access to no company on Carta" in text(give(page, "carta", **SECRETS))
    assert "does not accept this client id" in text(give(page, "carta", client_id="a", client_secret="b"))
    assert not Connection.objects.exists()


@asks_providers
def test_test_says_how_it_stands_and_mends_what_works_again(
    page: Client, company: Company, founder: User, providers: FakeProviders
) -> None:
    row = stored(company)
    assert "Rippling answers." in text(page.post(f"{HERE}{row.pk}/test/", follow=True))
    providers.state.good.clear()
    html = text(page.post(f"{HERE}{row.pk}/test/", follow=True))
    assert "Does not work" in html
    assert "no longer accepts our access" in html
    assert [told.to for told in mail.outbox] == [[founder.email]]
    providers.state.good.add(RIPPLING_TOKEN)
    assert "Rippling answers." in text(page.post(f"{HERE}{row.pk}/test/", follow=True))
    row.refresh_from_db()
    assert (row.status, row.reason) == ("connected", "")


@asks_providers
def test_a_company_that_carta_shows_no_more_breaks_the_connection(page: Client, providers: FakeProviders) -> None:
    give(page, "carta", **SECRETS)
    providers.state.issuers = [("102", "Acme Labs")]
    row = Connection.objects.get()
    html = text(page.post(f"{HERE}{row.pk}/test/", follow=True))
    assert "no longer shows us the company" in html
    page.post(f"{HERE}{row.pk}/issuer/", {"issuer": "102"})
    row.refresh_from_db()
    assert (row.status, row.reason, row.issuer_name) == ("connected", "", "Acme Labs"), "another choice mends it"


@asks_providers
def test_a_provider_that_is_away_breaks_nothing(page: Client, company: Company, providers: FakeProviders) -> None:
    row = stored(company)
    providers.state.status = 503
    assert "t be reached right now" in text(page.post(f"{HERE}{row.pk}/test/", follow=True))
    row.refresh_from_db()
    assert row.status == "connected"


def test_disconnecting_asks_first_and_then_deletes_the_secret(page: Client, company: Company) -> None:
    row = stored(company)
    there = f"{HERE}{row.pk}/disconnect/"
    assert "Disconnect Rippling?" in text(page.get(there))
    row.refresh_from_db()
    assert row.status == "connected"
    html = text(page.post(there, follow=True))
    assert "its credentials are deleted" in html
    assert "Not connected" in html
    row.refresh_from_db()
    assert (row.status, row.credentials) == ("disconnected", None)
    assert page.post(there).status_code == 404, "it has ended already"


def test_a_warning_is_shown(page: Client, company: Company) -> None:
    Connection.objects.filter(pk=stored(company).pk).update(expires_at=timezone.now() + timedelta(days=6))
    warn_of_ends()
    html = text(page.get(HERE))
    assert "Ends soon" in html
    assert "Any matter that reads Rippling keeps it alive, and so does Test." in html


def test_members_see_and_change_nothing(member: Client, company: Company) -> None:
    row = stored(company)
    html = text(member.get(HERE))
    assert "Connected" in html
    assert "<form" not in html.partition("<main")[2].partition("</main>")[0]
    for path in (f"{row.pk}/test/", f"{row.pk}/disconnect/", f"{row.pk}/issuer/", "rippling/connect/", "carta/begin/"):
        response = member.post(f"{HERE}{path}", {"api_token": "x"})
        assert (response.status_code, "Only an owner" in text(response)) == (403, True)
    assert member.get(f"{HERE}carta/callback/", {"code": "x", "state": "y"}).status_code == 403
    row.refresh_from_db()
    assert row.status == "connected"


def test_a_foreign_connection_answers_as_a_missing_one(page: Client) -> None:
    foreign = stored(Company.objects.create(name="Other, Inc.", slug="other"))
    missing = "00000000-0000-4000-8000-000000000000"
    for pk in (foreign.pk, missing):
        for path in ("test", "disconnect", "issuer"):
            response = page.post(f"{HERE}{pk}/{path}/")
            assert response.status_code == 404, path
            assert "Other, Inc." not in text(response)
        assert page.get(f"{HERE}{pk}/disconnect/").status_code == 404
    foreign.refresh_from_db()
    assert foreign.status == "connected"


def test_strangers_are_led_to_the_sign_in(client: Client, company: Company) -> None:
    row = stored(company)
    for path in ("", f"{row.pk}/disconnect/", "carta/callback/"):
        assert client.get(f"{HERE}{path}")["Location"].startswith("/accounts/login/")


def test_who_comes_back_from_signing_in_is_led_to_the_page(page: Client, company: Company) -> None:
    for path in ("rippling/connect/", "carta/begin/", f"{stored(company).pk}/test/"):
        assert page.get(f"{HERE}{path}")["Location"] == HERE


def test_a_connection_to_a_fixture_server_says_that_it_is_one(
    page: Client, company: Company, settings: Settings
) -> None:
    stored(company)
    settings.RIPPLING_BASE_URL = "https://rest.ripplingapis.com"
    assert "invented company" not in text(page.get(HERE))
    settings.RIPPLING_BASE_URL = "http://127.0.0.1:8413"
    assert "It is not Rippling." in text(page.get(HERE)), "whoever connected it"


def test_a_provider_that_there_is_not_is_missing(page: Client) -> None:
    for path in ("linkedin/connect/", "linkedin/begin/"):
        assert page.post(f"{HERE}{path}").status_code == 404
    assert page.get(f"{HERE}linkedin/callback/").status_code == 404


def test_a_connect_with_button_is_there_only_where_this_site_is_registered(page: Client, settings: Settings) -> None:
    response = page.get(HERE)
    assert "Connect with" not in text(response)
    assert page.post(f"{HERE}rippling/begin/").status_code == 404
    settings.RIPPLING_CLIENT_ID, settings.RIPPLING_CLIENT_SECRET = "id", "secret"
    response = page.get(HERE)
    assert "Connect with Rippling" in text(response)
    assert "Connect with Carta" not in text(response)
    assert "form-action 'self' https://app.rippling.com" in response["Content-Security-Policy"]


def test_the_admin_shows_connections_without_secrets(client: Client, company: Company) -> None:
    row = stored(company)
    assert row.credentials is not None
    client.force_login(User.objects.create_superuser("staff@example.com"))
    for path in ("", f"{row.pk}/change/"):
        html = text(client.get(f"/admin/companies/connection/{path}"))
        assert "rippling" in html.lower()
        assert row.credentials.token not in html
        assert RIPPLING_TOKEN not in html
