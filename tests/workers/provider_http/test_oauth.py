"""Codes, refresh tokens and what a token endpoint may say."""

from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx2
import pytest

from demo.providers.oauth import s256
from tests.fakes.fixture_providers import CARTA_OAUTH, RIPPLING_OAUTH, FixtureProviders
from tests.fakes.scripted import Said, scripted
from workers.clients.carta import CARTA
from workers.clients.rippling import RIPPLING, RipplingClient
from workers.provider_http import Code, OAuthClient, Provider, ProviderError, exchange_code, refresh_tokens

BACK, VERIFIER = "http://127.0.0.1:1/callback", "v" * 43
PROVIDERS = [pytest.param(RIPPLING, RIPPLING_OAUTH, id="rippling"), pytest.param(CARTA, CARTA_OAUTH, id="carta")]


def permitted(providers: FixtureProviders, provider: Provider, client: OAuthClient) -> str:
    """The code of a person who allowed what was asked."""
    asked = {"client_id": client.id, "redirect_uri": BACK, "response_type": "code", "state": "st"}
    asked |= {"code_challenge": s256(VERIFIER), "code_challenge_method": "S256", "decision": "allow"}
    back = httpx2.get(providers.environment[f"{provider.name.upper()}_AUTHORIZE_URL"], params=asked).headers["location"]
    answer = parse_qs(urlsplit(back).query)
    assert back.startswith(BACK)
    assert answer["state"] == ["st"]
    return answer["code"][0]


@pytest.mark.parametrize(("provider", "client"), PROVIDERS)
def test_a_code_becomes_tokens_once_and_a_refresh_token_too(provider: Provider, client: OAuthClient) -> None:
    with FixtureProviders() as providers:
        url = providers.environment[f"{provider.name.upper()}_TOKEN_URL"]
        code = permitted(providers, provider, client)
        tokens = exchange_code(provider, url, client, code, BACK, VERIFIER)
        assert tokens.expires_in == 3600
        assert tokens.refresh
        fresh = refresh_tokens(provider, url, client, tokens.refresh)
        assert fresh.access != tokens.access
        with pytest.raises(ProviderError, match=f"Connect {provider.name} again") as second_code:
            exchange_code(provider, url, client, code, BACK, VERIFIER)
        with pytest.raises(ProviderError) as second_refresh:
            refresh_tokens(provider, url, client, tokens.refresh)
        assert second_code.value.code is second_refresh.value.code is Code.GRANT_REFUSED


def test_a_code_is_worth_nothing_to_whoever_did_not_ask_for_it() -> None:
    with FixtureProviders() as providers:
        url = providers.environment["RIPPLING_TOKEN_URL"]
        for back, verifier in ((BACK, "w" * 43), ("http://127.0.0.1:1/other", VERIFIER)):
            code = permitted(providers, RIPPLING, RIPPLING_OAUTH)
            with pytest.raises(ProviderError) as caught:
                exchange_code(RIPPLING, url, RIPPLING_OAUTH, code, back, verifier)
            assert caught.value.code is Code.GRANT_REFUSED


def test_an_access_token_of_a_code_opens_the_api() -> None:
    with FixtureProviders() as providers:
        code = permitted(providers, RIPPLING, RIPPLING_OAUTH)
        url = providers.environment["RIPPLING_TOKEN_URL"]
        tokens = exchange_code(RIPPLING, url, RIPPLING_OAUTH, code, BACK, VERIFIER)
        with RipplingClient(providers.rippling_url, tokens.access) as rippling:
            assert len(rippling.workers()) > 0


def test_a_refresh_names_no_scopes_so_that_a_connection_keeps_what_it_was_granted() -> None:
    granted = Said(b'{"access_token": "a", "scope": "read_issuer_info read_issuer_shareclasses"}')
    with scripted(granted) as script:
        tokens = refresh_tokens(CARTA, script.url, OAuthClient("id", "s"), "r")
    assert dict(parse_qsl(script.asked[0].body.decode())) == {"grant_type": "REFRESH_TOKEN", "refresh_token": "r"}
    assert tokens.scopes == ("read_issuer_info", "read_issuer_shareclasses"), "more than is asked for today is no fault"


def test_a_wrong_client_secret_is_no_access() -> None:
    with FixtureProviders() as providers, pytest.raises(ProviderError) as caught:
        refresh_tokens(CARTA, providers.environment["CARTA_TOKEN_URL"], OAuthClient(CARTA_OAUTH.id, "wrong"), "r")
    assert caught.value.code is Code.UNAUTHORIZED


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (Said(b'{"error": "invalid_grant"}', 400), Code.GRANT_REFUSED),
        (Said(b'{"error": "invalid_client"}', 400), Code.UNAUTHORIZED),
        (Said(b'{"error": "invalid_scope"}', 400), Code.FORBIDDEN),
        (Said(b"no", 401), Code.UNAUTHORIZED),
        (Said(b"no", 400), Code.REJECTED),
        (Said(b"no", 429), Code.RATE_LIMITED),
        (Said(b"invalid_grant", 502), Code.UNAVAILABLE),
        (Said(b"no", 302, {"Location": "/"}), Code.MALFORMED),
        (Said(b"[]"), Code.MALFORMED),
        (Said(b'{"access_token": ""}'), Code.MALFORMED),
        (Said(b'{"access_token": "Zaunkoenig", "expires_in": "soon"}'), Code.MALFORMED),
        (Said(b'{"access_token": "Zaunkoenig", "scope": " "}'), Code.FORBIDDEN),
    ],
)
def test_what_a_token_endpoint_says_is_told_apart_and_never_quoted(said: Said, code: Code) -> None:
    with scripted(said) as script, pytest.raises(ProviderError) as caught:
        refresh_tokens(RIPPLING, script.url, OAuthClient("id", "Zaunkoenig"), "Zaunkoenig")
    assert caught.value.code is code
    assert "Zaunkoenig" not in f"{caught.value!r} {vars(caught.value)}"


def test_tokens_are_kept_out_of_sight() -> None:
    with scripted(Said(b'{"access_token": "Zaunkoenig", "refresh_token": "Zaunkoenig"}')) as script:
        tokens = refresh_tokens(RIPPLING, script.url, OAuthClient("id", "Zaunkoenig"), "r")
    assert "Zaunkoenig" not in f"{tokens!r} {OAuthClient('id', 'Zaunkoenig')!r}"
    assert tokens.expires_in == 3600, "a provider that does not say is taken at Carta's word"


def test_carta_is_asked_in_capitals_first_and_rippling_never() -> None:
    refusal = Said(b'{"error": "unsupported_grant_type"}', 400)
    for provider, expected in ((CARTA, ["REFRESH_TOKEN", "refresh_token"]), (RIPPLING, ["refresh_token"])):
        with scripted(refusal) as script, pytest.raises(ProviderError):
            refresh_tokens(provider, script.url, OAuthClient("id", "s"), "r")
        assert [dict(parse_qsl(asked.body.decode()))["grant_type"] for asked in script.asked] == expected
