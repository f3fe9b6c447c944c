"""Carta's access tokens by client credentials."""

from urllib.parse import parse_qsl

import pytest
from pytest_django import Settings

from companies.credentials import Credentials
from tests.fakes.fixture_providers import FixtureProviders
from tests.fakes.scripted import Said, scripted
from workers.clients.carta import SCOPES
from workers.connections.providers import granted
from workers.provider_http import Code, ProviderCallRecord, ProviderError


def test_it_is_asked_for_by_basic_and_with_every_scope(settings: Settings) -> None:
    with scripted(Said(b'{"access_token": "a", "expires_in": 3600, "scope": "read_issuer_info"}')) as script:
        settings.CARTA_TOKEN_URL = script.url
        credentials, scopes = granted(Credentials(client_id="id", client_secret="secret"))
        (asked,) = script.asked
    assert (credentials.token, scopes) == ("a", ("read_issuer_info",))
    assert asked.headers["authorization"] == "Basic aWQ6c2VjcmV0"
    assert dict(parse_qsl(asked.body.decode())) == {"grant_type": "CLIENT_CREDENTIALS", "scope": " ".join(SCOPES)}


def test_a_token_that_permits_nothing_is_refused_with_words_that_help() -> None:
    with (
        FixtureProviders("empty-scope") as providers,
        providers.carta() as carta,
        pytest.raises(ProviderError, match=r"permits nothing\. Connect Carta again") as caught,
    ):
        carta.stakeholders()
    assert (caught.value.code, caught.value.permanent) == (Code.FORBIDDEN, True)


def test_small_letters_are_tried_where_capitals_are_refused() -> None:
    with FixtureProviders("small-letter-grants") as providers, providers.carta() as carta:
        assert len(carta.issuers()) == 1


def test_a_refused_token_is_renewed_within_the_call() -> None:
    told: list[ProviderCallRecord] = []
    with FixtureProviders("unauthorized-once") as providers, providers.carta(record=told.append) as carta:
        assert len(carta.issuers()) == 1
    assert [(call.operation, call.status) for call in told] == [("issuers", 401), ("issuers", 200)]


def test_a_wrong_secret_is_said_to_the_founder(settings: Settings) -> None:
    with FixtureProviders() as providers:
        settings.CARTA_TOKEN_URL = providers.environment["CARTA_TOKEN_URL"]
        with pytest.raises(ProviderError, match="A legal administrator of your company"):
            granted(Credentials(client_id="carta-client", client_secret="wrong"))
