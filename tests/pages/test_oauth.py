"""Connecting by OAuth, against the fixture servers: state, PKCE, what a person refuses, what a stranger tries."""

import base64
import hashlib
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from companies.connections import Connection, Provider
from companies.credentials import Credentials
from companies.models import Company, Membership, User
from tests.fakes.fixture_providers import CARTA_OAUTH, RIPPLING_OAUTH, FixtureProviders
from workers.connections import oauth
from workers.connections.tokens import ConnectionTokens

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("fixture providers")]
HERE, KEPT = "/settings/connections/", "connecting-rippling"


@pytest.fixture(scope="module")
def fixture_servers() -> Iterator[FixtureProviders]:
    with FixtureProviders() as servers:
        yield servers


@pytest.fixture(autouse=True)
def _registered(fixture_servers: FixtureProviders, settings: Settings) -> None:
    """This site is registered at the fixture servers."""
    for name, value in fixture_servers.environment.items():
        setattr(settings, name, value)
    settings.RIPPLING_CLIENT_ID, settings.RIPPLING_CLIENT_SECRET = RIPPLING_OAUTH.id, RIPPLING_OAUTH.secret
    settings.CARTA_CLIENT_ID, settings.CARTA_CLIENT_SECRET = CARTA_OAUTH.id, CARTA_OAUTH.secret


def begun(page: Client, provider: str) -> dict[str, str]:
    """What the person's browser is sent to the provider with."""
    response = page.post(f"{HERE}{provider}/begin/")
    assert response.status_code == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()}


def decided(settings: Settings, provider: str, asked: dict[str, str], decision: str = "allow") -> dict[str, str]:
    """What the provider sends the browser back with."""
    address = getattr(settings, f"{provider.upper()}_AUTHORIZE_URL")
    answer = httpx2.get(address, params=asked | {"decision": decision})
    assert answer.headers["location"].startswith(asked["redirect_uri"])
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def changed(page: Client, state: str, **values: str | float) -> None:
    """The attempt of that state, as it would be with other values."""
    session = page.session
    session[KEPT] = {state: session[KEPT][state] | values}
    session.save()


def back(page: Client, provider: str, answer: dict[str, str]) -> str:
    response = page.get(f"{HERE}{provider}/callback/", answer, follow=True)
    assert isinstance(response, HttpResponse)
    return response.content.decode()


@pytest.mark.parametrize("provider", Provider)
def test_a_provider_is_connected_by_a_person_who_allows_it(
    page: Client, company: Company, settings: Settings, provider: Provider
) -> None:
    asked = begun(page, provider)
    assert asked["redirect_uri"] == f"http://testserver{HERE}{provider}/callback/"
    assert asked["code_challenge_method"] == "S256"
    html = back(page, provider, decided(settings, provider, asked))
    assert f"{provider.label} is connected." in html
    assert f"It is not {provider.label}." in html, "the fixture server that answers is taken for the provider"
    row = Connection.objects.get()
    assert (row.company, row.method, row.status) == (company, "oauth", "connected")
    assert set(row.scopes) <= set(asked["scope"].split())
    assert row.credentials is not None
    held = Credentials.opened(row.credentials)
    assert held.token
    assert held.refresh_token
    assert not {held.token, held.refresh_token} & set(html.split('"'))


def test_the_verifier_stays_here_and_its_hash_goes_to_the_provider(page: Client) -> None:
    asked = begun(page, "rippling")
    verifier = page.session[KEPT][asked["state"]]["verifier"]
    assert verifier not in asked.values()
    digest = hashlib.sha256(verifier.encode()).digest()
    assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")


def test_a_code_is_worth_nothing_with_another_verifier(page: Client, settings: Settings) -> None:
    answer = decided(settings, "rippling", begun(page, "rippling"))
    changed(page, answer["state"], verifier="x" * 64)
    assert "has expired or was already used" in back(page, "rippling", answer)
    assert not Connection.objects.exists()


def test_an_answer_is_good_once(page: Client, settings: Settings) -> None:
    answer = decided(settings, "rippling", begun(page, "rippling"))
    back(page, "rippling", answer)
    assert "does not belong to any sign-in" in back(page, "rippling", answer)
    assert Connection.objects.count() == 1


def test_an_answer_that_nobody_asked_for_is_refused_and_changes_nothing(page: Client, settings: Settings) -> None:
    answer = decided(settings, "rippling", begun(page, "rippling"))
    for other in (answer | {"state": "forged"}, answer | {"state": ""}, {"error": "access_denied"}, {}):
        assert "does not belong to any sign-in" in back(page, "rippling", other)
    assert "does not belong to any sign-in" in back(page, "carta", answer)
    assert not Connection.objects.exists()
    assert "Rippling is connected." in back(page, "rippling", answer), "any page could end a person's attempt"


def test_attempts_in_two_tabs_stand_beside_one_another(page: Client, settings: Settings) -> None:
    older, newer = (decided(settings, "rippling", begun(page, "rippling")) for _tab in range(2))
    for answer in (older, newer):
        assert "Rippling is connected." in back(page, "rippling", answer)
        assert "does not belong to any sign-in" in back(page, "rippling", answer), "each is good once"


def test_the_oldest_attempt_makes_room_where_too_many_are_open(page: Client, settings: Settings) -> None:
    states = [begun(page, "rippling")["state"] for _tab in range(oauth.MOST_OPEN + 1)]
    assert list(page.session[KEPT]) == states[1:]
    changed(page, states[1], until=0.0)
    begun(page, "rippling")
    assert states[1] not in page.session[KEPT], "an attempt whose time is over takes room"


def test_another_person_can_not_end_what_one_began(page: Client, company: Company, settings: Settings) -> None:
    """Somebody signs out, another owner signs in, in the same browser and session."""
    answer = decided(settings, "rippling", begun(page, "rippling"))
    kept = page.session[KEPT]
    other = User.objects.create_user("other@acme.example")
    Membership.objects.create(company=company, user=other, role=Membership.Role.OWNER)
    page.force_login(other)
    session = page.session
    session[KEPT] = kept
    session.save()
    assert "does not belong to any sign-in" in back(page, "rippling", answer)
    assert not Connection.objects.exists()
    assert page.session[KEPT] == kept, "it is still open for whoever began it"


def test_an_attempt_is_for_the_company_it_was_begun_for(page: Client, founder: User, settings: Settings) -> None:
    answer = decided(settings, "rippling", begun(page, "rippling"))
    Membership.objects.filter(user=founder).delete()
    second = Company.objects.create(name="Second, Inc.", slug="second")
    Membership.objects.create(company=second, user=founder, role=Membership.Role.OWNER)
    assert "does not belong to any sign-in" in back(page, "rippling", answer)
    assert not Connection.objects.exists()


def test_an_attempt_is_open_for_ten_minutes(page: Client, settings: Settings) -> None:
    answer = decided(settings, "rippling", begun(page, "rippling"))
    changed(page, answer["state"], until=timezone.now().timestamp() - 1)
    assert "does not belong to any sign-in" in back(page, "rippling", answer)
    assert oauth.GOOD_FOR == 600


def test_a_person_who_does_not_allow_it_is_told_that_nothing_changed(page: Client, settings: Settings) -> None:
    answer = decided(settings, "carta", begun(page, "carta"), "deny")
    assert "access was not allowed. Nothing was changed" in back(page, "carta", answer)
    for broken in ({"error": "server_error"}, {}):
        assert "could not finish this" in back(page, "carta", broken | {"state": begun(page, "carta")["state"]})


def test_a_token_that_is_due_is_refreshed_and_the_next_one_too(page: Client, settings: Settings) -> None:
    back(page, "carta", decided(settings, "carta", begun(page, "carta")))
    row = Connection.objects.get()
    tokens = ConnectionTokens(row.pk, Provider.CARTA)
    first = tokens.token()
    second = tokens.renew(first)
    assert tokens.renew(second) not in (first, second), "the new refresh token was not kept"
    assert tokens.renew(first) == tokens.token(), "an old token that was refused has a successor already"
