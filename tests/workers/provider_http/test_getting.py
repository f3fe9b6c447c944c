"""GET with a token: bounds, hosts, errors and what is told of a call. Rippling's client stands for both."""

import itertools
import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace

import pytest

from tests.fakes.receiver import Receiver, dripping
from tests.fakes.scripted import Said, scripted
from tests.threads import in_background
from workers.clients.carta import CARTA, CartaClient
from workers.clients.rippling import RipplingClient
from workers.network import Deadline
from workers.provider_http import (
    Code,
    FixedToken,
    OAuthClient,
    ProviderCallRecord,
    ProviderError,
    refresh_tokens,
    reporting,
    transport,
)

EMPTY = b'{"results": [], "next_link": null}'
SECRET, BODY_WORD = "tok-Zaunkoenig", "Zilpzalp"


def failed(*answers: Said) -> ProviderError:
    """What Rippling's client makes of these answers."""
    with scripted(*answers) as script, RipplingClient(script.url, SECRET) as client:
        with pytest.raises(ProviderError) as caught:
            client.workers()
        return caught.value


@pytest.mark.parametrize(
    ("status", "code", "permanent", "words"),
    [
        (401, Code.UNAUTHORIZED, True, "An administrator of your Rippling account can make a new one"),
        (403, Code.FORBIDDEN, True, "An administrator of your Rippling account can change that"),
        (404, Code.NOT_FOUND, True, "Please look it up yourself"),
        (429, Code.RATE_LIMITED, False, "We try again on our own"),
        (500, Code.UNAVAILABLE, False, "We try again on our own"),
        (503, Code.UNAVAILABLE, False, "Rippling can't be reached right now"),
        (400, Code.REJECTED, True, "Please answer yourself"),
        (302, Code.MALFORMED, True, "Please answer yourself"),
        (204, Code.MALFORMED, True, "our staff can see that it failed"),
    ],
)
def test_each_refusal_says_who_can_mend_it(status: int, code: Code, permanent: bool, words: str) -> None:
    error = failed(Said(BODY_WORD.encode() if status != 204 else b"", status, {"Location": "/elsewhere"}))
    assert (error.code, error.permanent, error.status) == (code, permanent, status)
    assert words in error.message


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("INSUFFICIENT_SCOPE", "Connect Carta again and allow"),
        ("MISSING_INTERNAL_PERMISSION", "a legal administrator of your company on Carta connect it"),
        ("SOMETHING_ELSE", "An administrator of your Carta account can allow it"),
    ],
)
def test_cartas_reason_for_a_403_decides_what_is_said(reason: str, words: str) -> None:
    refusal = Said(f'{{"details": [{{"reason": "{reason}"}}]}}'.encode(), 403)
    with (
        scripted(refusal) as script,
        CartaClient(script.url, FixedToken(SECRET), "7") as client,
        pytest.raises(ProviderError) as caught,
    ):
        client.stakeholders()
    assert words in caught.value.message
    assert caught.value.reason == (None if reason == "SOMETHING_ELSE" else reason)


@pytest.mark.parametrize(
    "said",
    [
        Said(b'{"results": [' + BODY_WORD.encode()),
        Said(b'{"results": {"name": "Zilpzalp"}}'),
        Said(b'{"results": [{"title": "Zilpzalp"}]}'),
        Said(b'{"results": ["Zilpzalp"]}'),
        Said(b'{"results": [], "next_link": 7}'),
        Said(b'{"results": [], "next_link": NaN}'),
        Said(b"[" * 100_000),
        Said(b'{"results": [' + b"9" * 5_000 + b"]}"),
        Said(b"\xff\xfe"),
        Said(EMPTY, headers={"Content-Encoding": "gzip"}),
        Said(b" " * (transport.LARGEST_BYTES + 1)),
    ],
    ids=["cut", "no list", "no id", "no record", "no link", "NaN", "deep", "digits", "no UTF-8", "compressed", "large"],
)
def test_what_is_not_as_documented_is_malformed(said: Said) -> None:
    error = failed(said)
    assert (error.code, error.permanent) == (Code.MALFORMED, True)


@pytest.mark.parametrize("status", [200, 401, 403, 500])
def test_neither_token_nor_body_is_in_what_is_said_or_logged(status: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    body = f'{{"results": [{{"id": ["{BODY_WORD}"]}}]}}'.encode()
    error = failed(Said(body, status))
    told = f"{error} {error!r} {vars(error)} {error.__cause__!r} {error.message}" + caplog.text
    assert SECRET not in told
    assert BODY_WORD not in told


def test_a_redirect_is_not_followed() -> None:
    with scripted(Said(EMPTY)) as elsewhere:
        assert failed(Said(b"", 307, {"Location": f"{elsewhere.url}/workers/"})).code is Code.MALFORMED
        assert not elsewhere.asked, "the token must not travel"


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:1/workers/?cursor=2",
        "https://{host}/workers/?cursor=2",
        "//evil.example/workers/",
        "http://user@{host}/workers/",
        "http://{host}.evil.example/",
        "http://{host}@evil.example/",
        "http://[",
        "file:///etc/passwd",
        "javascript:alert(1)",
    ],
)
def test_a_next_page_elsewhere_is_never_asked_for(link: str) -> None:
    with scripted(Said(EMPTY)) as script, RipplingClient(script.url, SECRET) as client:
        script.answers[:] = [pointing_to(link.format(host=script.url.removeprefix("http://"))), Said(EMPTY)]
        with pytest.raises(ProviderError, match="where we do not send your credentials") as caught:
            client.workers()
        assert caught.value.code is Code.FOREIGN_HOST
        assert len(script.asked) == 1


def test_a_link_with_backslashes_names_no_host() -> None:
    with scripted(pointing_to(r"\\\\evil.example\\workers"), Said(EMPTY)) as script:
        with RipplingClient(script.url, SECRET) as client:
            client.workers()
        assert len(script.asked) == 2, "a browser would read two slashes there; it must be a path of ours"


def pointing_to(link: str) -> Said:
    return Said(b'{"results": [], "next_link": "' + link.encode() + b'"}')


@pytest.mark.parametrize("link", ["/workers/?cursor=2", "?cursor=2", "{url}/workers/?cursor=2", "../workers/?cursor=2"])
def test_a_next_page_here_is_asked_for_in_every_spelling(link: str) -> None:
    with scripted(Said(EMPTY)) as script, RipplingClient(script.url, SECRET) as client:
        script.answers[:] = [
            Said(f'{{"results": [], "next_link": "{link.format(url=script.url)}"}}'.encode()),
            Said(EMPTY),
        ]
        assert client.workers().complete
        assert script.asked[1].target == "/workers/?cursor=2"
        assert script.asked[1].headers["authorization"] == f"Bearer {SECRET}"


def test_a_limit_says_how_long_to_wait() -> None:
    assert failed(Said(status=429, headers={"Retry-After": "7"})).retry_after == 7
    assert failed(Said(status=429, headers={"RateLimit-Reset": "3000"})).retry_after == 60
    assert failed(Said(status=503, headers={"Retry-After": "2"})).retry_after == 2
    assert failed(Said(status=429)).retry_after is None


def test_an_answer_that_breaks_off_can_be_asked_for_again() -> None:
    assert failed(Said(EMPTY, cut=True)).code is Code.UNAVAILABLE


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with RipplingClient(url, SECRET) as client, pytest.raises(ProviderError) as caught:
        client.workers()
    assert (caught.value.code, caught.value.status) == (Code.UNAVAILABLE, None)


def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "READ_SECONDS", 0.1)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        RipplingClient(f"http://127.0.0.1:{silent.getsockname()[1]}", SECRET) as client,
        pytest.raises(ProviderError) as caught,
    ):
        client.workers()
    assert caught.value.code is Code.UNAVAILABLE


HEADER, BODY = b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


def ask_for_workers(url: str) -> None:
    with RipplingClient(url, SECRET) as client:
        client.workers()


def ask_for_tokens(url: str) -> None:
    refresh_tokens(CARTA, url, OAuthClient("id", SECRET), "r")


@pytest.mark.parametrize("ask", [ask_for_workers, ask_for_tokens])
@pytest.mark.parametrize("begun", [HEADER, BODY], ids=["in its header", "in its body"])
def test_a_server_that_drips_is_given_up(
    begun: bytes, ask: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "WHOLE_SECONDS", 0.3)
    with Receiver() as server:
        server.answers.append(dripping(0.001, begun))
        error = in_background(partial(ask, server.url)).exception(timeout=20)
    assert isinstance(error, ProviderError), "a byte now and then kept the call going"
    assert error.code is Code.UNAVAILABLE


def test_each_call_on_a_kept_connection_has_a_deadline_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([60.0, 0.0, 60.0])
    monkeypatch.setattr(transport, "Deadline", lambda _seconds: Deadline(next(seconds)))
    with scripted(Said(EMPTY)) as script, RipplingClient(script.url, SECRET) as client:
        client.workers()
        with pytest.raises(ProviderError, match="be reached"):
            client.workers()
        client.workers()


@pytest.mark.parametrize("token", ["", "two words", "new\nline", "ümlaut"])
def test_what_can_be_no_token_is_not_sent(token: str) -> None:
    with scripted(Said(EMPTY)) as script, RipplingClient(script.url, token) as client:
        with pytest.raises(ProviderError) as caught:
            client.workers()
        assert caught.value.code is Code.UNAUTHORIZED
        assert not script.asked


@pytest.mark.parametrize("key", ["..", ".", "", " ", "\n", "a\nb", "x" * 201])
def test_what_can_be_no_id_is_not_asked_for(key: str) -> None:
    with scripted(Said()) as script, RipplingClient(script.url, SECRET) as client:
        with pytest.raises(ProviderError) as caught:
            client.worker(key)
        assert caught.value.code is Code.NOT_FOUND
        assert not script.asked


@pytest.mark.parametrize(
    ("key", "path"), [("../compensations", "..%2Fcompensations"), ("a?b#c", "a%3Fb%23c"), ("%2e", "%252e")]
)
def test_an_id_stays_within_its_part_of_the_path(key: str, path: str) -> None:
    with scripted(Said(b'{"id": "w"}')) as script, RipplingClient(script.url, SECRET) as client:
        client.worker(key, expand=())
        assert script.asked[0].target == f"/workers/{path}/"


def test_an_id_cannot_widen_a_filter() -> None:
    with scripted(Said(EMPTY)) as script, RipplingClient(script.url, SECRET) as client:
        with pytest.raises(ProviderError) as caught:
            client.leave_balances("x' or worker_id ne '")
        assert caught.value.code is Code.NOT_FOUND
        assert not script.asked


@dataclass
class Renewing:
    """Tokens in a row."""

    tokens: list[str]
    renewals: list[str] = field(default_factory=list)

    def token(self) -> str:
        return self.tokens[0]

    def renew(self, refused: str) -> str:
        self.renewals.append(refused)
        return self.tokens[len(self.renewals)]


def test_a_refused_token_is_renewed_exactly_once() -> None:
    source = Renewing(["old", "new", "newer"])
    with scripted(Said(status=401)) as script, RipplingClient(script.url, source) as client:
        with pytest.raises(ProviderError) as caught:
            client.workers()
        assert caught.value.code is Code.UNAUTHORIZED
        assert source.renewals == ["old"]
        assert [asked.headers["authorization"] for asked in script.asked] == ["Bearer old", "Bearer new"]


def test_a_renewed_token_gets_the_answer() -> None:
    source = Renewing(["old", "new"])
    with scripted(Said(status=401), Said(EMPTY)) as script, RipplingClient(script.url, source) as client:
        assert len(client.workers()) == 0


def test_each_call_is_told_without_its_body(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[ProviderCallRecord] = []
    monkeypatch.setattr(reporting, "time", SimpleNamespace(monotonic=itertools.count(step=0.25).__next__))
    answers = (Said(b'{"results": [{"id": "w1"}], "next_link": "?cursor=2"}'), Said(BODY_WORD.encode(), 403))
    with (
        scripted(*answers) as script,
        RipplingClient(script.url, SECRET, record=told.append) as client,
        pytest.raises(ProviderError),
    ):
        client.workers()
    assert [(call.provider, call.operation, call.status, call.record_ids, call.error_code) for call in told] == [
        ("rippling", "workers", 200, ("w1",), None),
        ("rippling", "workers", 403, (), Code.FORBIDDEN),
    ]
    assert [call.latency_ms for call in told] == [250, 250]
    assert BODY_WORD not in repr(told)


def test_a_call_that_reached_nobody_is_told_too() -> None:
    told: list[ProviderCallRecord] = []
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with RipplingClient(url, SECRET, record=told.append) as client, pytest.raises(ProviderError):
        client.workers()
    assert [(call.status, call.error_code) for call in told] == [(None, Code.UNAVAILABLE)]


def test_a_client_is_shared_by_threads() -> None:
    with scripted(Said(EMPTY)) as script, RipplingClient(script.url, SECRET) as client:
        threads = [threading.Thread(target=client.workers) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(script.asked) == 8


def test_only_documented_words_are_asked_for() -> None:
    with scripted(Said(EMPTY)) as script, RipplingClient(script.url, SECRET) as client:
        with pytest.raises(ValueError, match="is none of"):
            client.workers("active' or 'x")
        with pytest.raises(ValueError, match="can't be expanded"):
            client.workers(expand=("country_fields",))
        client.workers("ACTIVE", expand=("user",))
        (asked,) = script.asked
        assert asked.target == "/workers/?limit=100&filter=status+eq+%27ACTIVE%27&expand=user"
        assert (asked.method, asked.headers["rippling-api-version"]) == ("GET", "2024-08-01")
