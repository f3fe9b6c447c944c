"""Each way in which a provider fails, through the real client: what it is called and what the pipeline is told."""

from typing import Any

import pytest

from tests.fakes.llm import FakeLLM
from tests.workers.clients.llm.asking import LENGTH, ask, assert_still_works, failure_of, read
from tests.workers.clients.llm.conftest import MakeClient
from tests.workers.clients.llm.raw_server import RawServer
from workers.clients.llm import Call, Code, LLMClient, LLMError
from workers.clients.llm.errors import NATURES

BOTH = pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])

REFUSED_WITH_A_STATUS = [
    # fault, code, status, retryable, opens the breaker, counts as seen by the model
    ("rate_limit", Code.RATE_LIMITED, 429, True, False, False),
    ("insufficient_quota", Code.INSUFFICIENT_QUOTA, 429, False, True, False),
    ("server_error", Code.UNAVAILABLE, 500, True, False, True),
    ("unavailable", Code.UNAVAILABLE, 503, True, False, False),
    ("unauthorised", Code.UNAUTHORISED, 401, False, True, False),
    ("forbidden", Code.UNAUTHORISED, 403, False, True, False),
    ("payment_required", Code.INSUFFICIENT_QUOTA, 402, False, True, False),
    ("not_this_model", Code.UNKNOWN_MODEL, 403, False, True, False),
    ("moderated", Code.CONTENT_FILTER, 403, False, False, False),
    ("unknown_model", Code.UNKNOWN_MODEL, 404, False, True, False),
    ("context_overflow", Code.CONTEXT_OVERFLOW, 400, False, False, False),
    ("bad_request", Code.BAD_REQUEST, 400, False, False, False),
    ("filtered_prompt", Code.CONTENT_FILTER, 400, False, False, False),
]


@BOTH
@pytest.mark.parametrize(
    ("kind", "code", "status", "retryable", "opens_breaker", "seen"),
    REFUSED_WITH_A_STATUS,
    ids=[row[0] for row in REFUSED_WITH_A_STATUS],
)
def test_a_status_is_told_apart(
    client: LLMClient, fake: FakeLLM, kind: str, code: Code, status: int, retryable: bool, opens_breaker: bool,
    seen: bool, streaming: bool,
) -> None:  # fmt: skip
    fake.fail_next(kind)

    error = failure_of(client, streaming=streaming)

    assert error.code is code
    assert error.status == status
    assert (error.retryable, error.opens_breaker, error.seen_by_model) == (retryable, opens_breaker, seen)
    assert error.request_id == "req-fake-0", "staff cannot find the call at the provider"
    assert error.retry_after is None
    assert_still_works(client, fake)


@BOTH
@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ({"retry_after": 7}, 7.0),
        ({"retry_after": "1.5"}, 1.5),
        ({"retry_after_ms": 250}, 0.25),
        ({"retry_after": 3600}, 60.0),
        ({"retry_after": "soon"}, None),
    ],
)
def test_a_rate_limit_says_how_long_to_wait(
    client: LLMClient, fake: FakeLLM, told: dict[str, Any], seconds: float | None, streaming: bool
) -> None:
    fake.fail_next("rate_limit", **told)

    assert failure_of(client, streaming=streaming).retry_after == seconds


@BOTH
@pytest.mark.parametrize(
    ("kind", "fault", "code"),
    [
        ("refuse", {}, Code.UNAVAILABLE),
        ("cut", {}, Code.CUT),
        ("cut", {"abort": True}, Code.CUT),
        ("malformed", {}, Code.MALFORMED),
    ],
    ids=["closed before the answer", "cut", "reset", "malformed"],
)
def test_a_broken_answer_counts_as_seen_and_may_be_tried_again(
    client: LLMClient, fake: FakeLLM, kind: str, fault: dict[str, Any], code: Code, streaming: bool
) -> None:
    fake.fail_next(kind, **fault)

    error = failure_of(client, streaming=streaming)

    assert error.code is code
    assert error.retryable
    assert error.seen_by_model, "the request went out, so the model may have worked on it"
    assert_still_works(client, fake)


@pytest.mark.parametrize("kind", ["cut", "malformed", "error_event"])
def test_the_text_before_a_break_is_given_before_the_error(client: LLMClient, fake: FakeLLM, kind: str) -> None:
    fake.set(text="0123456789" * 5, chunk=10)
    fake.fail_next(kind, after_chunks=3)

    text, error, stream = read(client)

    assert text == "0123456789" * 3
    assert error is not None
    assert error.request_id == "req-fake-0"
    assert stream is not None
    assert stream.finish_reason is None
    assert_still_works(client, fake)


def test_an_error_event_in_a_stream_is_told_apart(client: LLMClient, fake: FakeLLM) -> None:
    fake.fail_next("error_event")

    error = failure_of(client, streaming=True)

    assert error.code is Code.UNAVAILABLE
    assert error.detail == "The server had an error"


@pytest.mark.parametrize("kind", ["no_end", "no_events"])
def test_a_stream_that_ends_with_neither_reason_nor_done_is_cut(client: LLMClient, fake: FakeLLM, kind: str) -> None:
    fake.fail_next(kind)

    assert failure_of(client, streaming=True).code is Code.CUT


def test_a_stream_that_ends_with_a_reason_but_no_done_is_whole(client: LLMClient, fake: FakeLLM) -> None:
    fake.fail_next("no_done")

    text, error, stream = read(client)

    assert (len(text), error) == (LENGTH, None)
    assert stream is not None
    assert stream.finish_reason == "stop"


@pytest.mark.parametrize(
    ("kind", "finish_reason", "length"),
    [("length", "length", LENGTH // 2), ("content_filter", "content_filter", LENGTH // 2), ("no_finish", None, LENGTH)],
)
def test_a_stream_says_why_the_model_stopped(
    client: LLMClient, fake: FakeLLM, kind: str, finish_reason: str | None, length: int
) -> None:
    fake.fail_next(kind)

    text, error, stream = read(client)

    assert (len(text), error) == (length, None)
    assert stream is not None
    assert stream.finish_reason == finish_reason


@pytest.mark.parametrize(
    ("kind", "finish_reason"), [("length", "length"), ("content_filter", "content_filter"), ("no_finish", None)]
)
def test_a_reply_says_why_the_model_stopped(
    client: LLMClient, fake: FakeLLM, kind: str, finish_reason: str | None
) -> None:
    fake.fail_next(kind)

    assert ask(client).finish_reason == finish_reason


@pytest.mark.parametrize(
    ("kind", "text"), [("invalid_json", '{"broken": '), ("schema_violation", '{"unexpected": true}')]
)
def test_a_reply_that_breaks_its_schema_is_left_to_the_caller(
    client: LLMClient, fake: FakeLLM, kind: str, text: str
) -> None:
    fake.fail_next(kind)

    assert ask(client).text == text


def test_a_refusal_is_a_content_filter(client: LLMClient, fake: FakeLLM) -> None:
    fake.fail_next("refusal")

    error = failure_of(client, streaming=False)

    assert error.code is Code.CONTENT_FILTER
    assert error.seen_by_model


@BOTH
def test_a_refused_connection_was_not_seen_by_the_model(make_client: MakeClient, streaming: bool) -> None:
    with FakeLLM() as fake:
        client = make_client(base_url=fake.base_url)
        fake.stop()

        error = failure_of(client, streaming=streaming)

        assert error.code is Code.UNAVAILABLE
        assert error.retryable
        assert not error.seen_by_model
        fake.start()
        assert_still_works(client, fake)


@BOTH
def test_an_unknown_host_was_not_seen_by_the_model(make_client: MakeClient, streaming: bool) -> None:
    client = make_client(base_url="http://no-such-host.invalid/v1", connect=3)

    error = failure_of(client, streaming=streaming)

    assert error.code in (Code.UNAVAILABLE, Code.TIMED_OUT), error
    assert error.retryable
    assert not error.seen_by_model


def test_a_revoked_key_is_refused_and_never_repeated_in_the_detail(make_client: MakeClient, fake: FakeLLM) -> None:
    fake.set(key="another")
    client = make_client(key="sk-secret-of-ours")

    error = failure_of(client, streaming=True)

    assert error.code is Code.UNAUTHORISED
    assert "sk-secret-of-ours" not in f"{error} {error.detail} {error.message}"


KEY = "sk-secret-of-ours"
_JSON, _EVENTS = "application/json", "text/event-stream"
_QUOTED = f'{{"error": {{"message": "the key {KEY} is not for this", "code": 401}}}}'
QUOTES = {
    "in an error status": ("401 Unauthorized", _JSON, _QUOTED),
    "in an error status that is no JSON": ("401 Unauthorized", "text/html", f"<html>{KEY}</html>"),
    "in a body with status 200": ("200 OK", _JSON, _QUOTED),
    "as a refusal": ("200 OK", _JSON, f'{{"choices": [{{"message": {{"refusal": "not with {KEY}"}}}}]}}'),
    "in a stream": ("200 OK", _EVENTS, f"data: {_QUOTED}\n\n"),
    "where it is shortened": ("401 Unauthorized", _JSON, f'{{"error": {{"message": "{"." * 480}{KEY}"}}}}'),
}


@BOTH
@pytest.mark.parametrize(("status", "kind", "body"), QUOTES.values(), ids=QUOTES)
def test_a_key_that_a_server_quotes_is_in_no_error(
    make_client: MakeClient, raw_server: RawServer, status: str, kind: str, body: str, streaming: bool
) -> None:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    raw_server.answer = (head + body).encode()

    error = failure_of(make_client(key=KEY, base_url=raw_server.base_url), streaming=streaming)

    assert KEY[:6] not in f"{error} {error!r} {error.detail} {error.message} {error.args}"
    assert len(error.detail) <= 500


@BOTH
@pytest.mark.parametrize("status", ["302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
def test_a_redirect_is_not_followed_and_says_what_to_correct(
    make_client: MakeClient, fake: FakeLLM, raw_server: RawServer, status: str, streaming: bool
) -> None:
    elsewhere = f"{fake.base_url}/chat/completions"
    raw_server.answer = f"HTTP/1.1 {status}\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n".encode()

    error = failure_of(make_client(base_url=raw_server.base_url), streaming=streaming)

    assert fake.calls() == [], "the prompt went to a server that nobody configured"
    assert (error.code, error.opens_breaker, error.seen_by_model) == (Code.REDIRECTED, True, False)
    assert "the model's server answers with a redirect; correct OPENAI_BASE_URL" in error.detail
    assert elsewhere in error.detail


def test_messages_that_are_not_text_are_a_bad_request(client: LLMClient, fake: FakeLLM) -> None:
    with pytest.raises(LLMError) as caught:
        client.stream([{"role": "user", "content": "\ud800"}], model="m", call=Call())

    assert caught.value.code is Code.BAD_REQUEST
    assert fake.calls() == []


def test_every_code_has_plain_words_for_a_founder() -> None:
    assert set(NATURES) == set(Code)
    for code, nature in NATURES.items():
        assert nature.message.endswith("."), code
        assert not {"token", "timeout", "HTTP", "API", "429", "JSON"} & set(nature.message.split()), code
        assert not (nature.retryable and nature.opens_breaker), f"{code}: it waits for the breaker or tries again"
