"""Carta's access tokens by client credentials."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl

import pytest

from tests.fakes.fixture_providers import FixtureProviders
from tests.fakes.scripted import Said, scripted
from workers.clients.carta import SCOPES, ClientCredentials
from workers.provider_http import Code, ProviderCallRecord, ProviderError


def token(name: str, seconds: int = 3600) -> Said:
    return Said(f'{{"access_token": "{name}", "expires_in": {seconds}, "scope": "read_issuer_info"}}'.encode())


def test_it_is_asked_for_by_basic_and_with_every_scope() -> None:
    with scripted(token("a")) as script:
        assert ClientCredentials(script.url, "id", "secret").token() == "a"
        (asked,) = script.asked
    assert asked.headers["authorization"] == "Basic aWQ6c2VjcmV0"
    assert dict(parse_qsl(asked.body.decode())) == {"grant_type": "CLIENT_CREDENTIALS", "scope": " ".join(SCOPES)}


def test_it_is_kept_until_a_minute_before_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(token("a"), token("b")) as script:
        source, now = ClientCredentials(script.url, "id", "secret"), time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now)
        assert source.token() == "a"
        monkeypatch.setattr(time, "monotonic", lambda: now + 3539)
        assert source.token() == "a"
        monkeypatch.setattr(time, "monotonic", lambda: now + 3541)
        assert source.token() == "b"
        assert len(script.asked) == 2


def test_one_thread_asks_while_the_others_wait() -> None:
    with scripted(token("a")) as script:
        source = ClientCredentials(script.url, "id", "secret")
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(lambda _: source.token(), range(8))) == {"a"}
        assert len(script.asked) == 1


def test_many_threads_that_were_refused_renew_once() -> None:
    with scripted(token("a"), token("b"), token("c")) as script:
        source = ClientCredentials(script.url, "id", "secret")
        refused, together = source.token(), threading.Barrier(8)

        def renew() -> str:
            together.wait(10)
            return source.renew(refused)

        with ThreadPoolExecutor(8) as pool:
            assert {future.result() for future in [pool.submit(renew) for _ in range(8)]} == {"b"}
        assert len(script.asked) == 2


def test_a_token_that_permits_nothing_is_refused_with_words_that_help() -> None:
    with (
        FixtureProviders("empty-scope") as providers,
        providers.carta() as carta,
        pytest.raises(ProviderError, match=r"permits nothing\. Connect Carta again") as caught,
    ):
        carta.stakeholders()
    assert (caught.value.code, caught.value.permanent) == (Code.FORBIDDEN, True)


def test_small_letters_are_tried_where_capitals_are_refused() -> None:
    told: list[ProviderCallRecord] = []
    with FixtureProviders("small-letter-grants") as providers, providers.carta(record=told.append) as carta:
        assert len(carta.issuers()) == 1
    assert [(call.operation, call.status) for call in told] == [("token", 400), ("token", 200), ("issuers", 200)]


def test_a_refused_token_is_renewed_within_the_call() -> None:
    told: list[ProviderCallRecord] = []
    with FixtureProviders("unauthorized-once") as providers, providers.carta(record=told.append) as carta:
        assert len(carta.issuers()) == 1
    assert [(call.operation, call.status) for call in told] == [
        ("token", 200),
        ("issuers", 401),
        ("token", 200),
        ("issuers", 200),
    ]


def test_a_wrong_secret_is_said_to_the_founder() -> None:
    with FixtureProviders() as providers, pytest.raises(ProviderError, match="A legal administrator of your company"):
        ClientCredentials(providers.environment["CARTA_TOKEN_URL"], "carta-client", "wrong").token()


def test_no_secret_is_in_its_repr() -> None:
    assert "Zaunkoenig" not in repr(ClientCredentials("http://127.0.0.1:1", "id", "Zaunkoenig"))
