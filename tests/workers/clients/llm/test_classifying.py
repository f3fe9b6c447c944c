"""Error bodies as providers word them, and headers that say how long to wait."""

import time
from email.utils import formatdate
from typing import Any

import pytest

from workers.clients.llm import Code, LLMError, Usage
from workers.clients.llm.completion import read_reply
from workers.clients.llm.failures import classify
from workers.retry_after import seconds_to_wait

BODIES: list[tuple[str, int, object, Code]] = [
    (
        "OpenAI, no credits",
        429,
        {"code": "credit_balance_exhausted", "type": "insufficient_quota"},
        Code.INSUFFICIENT_QUOTA,
    ),
    ("OpenAI, tokens per minute", 429, {"code": "rate_limit_exceeded", "type": "tokens"}, Code.RATE_LIMITED),
    (
        "OpenAI, prompt larger than a minute's tokens",
        429,
        {"code": "rate_limit_exceeded", "message": "Request too large for gpt-4o on tokens per min (TPM)"},
        Code.CONTEXT_OVERFLOW,
    ),
    ("OpenAI, model as bad request", 400, {"code": "model_not_found", "param": "model"}, Code.UNKNOWN_MODEL),
    ("OpenAI, model not for this project", 403, {"code": "model_not_found"}, Code.UNKNOWN_MODEL),
    ("Azure, deployment", 404, {"code": "DeploymentNotFound"}, Code.UNKNOWN_MODEL),
    ("Azure, filter", 400, {"code": "content_filter", "param": "prompt", "innererror": {}}, Code.CONTENT_FILTER),
    ("Azure, status as text", 401, {"code": "401", "message": "Access denied"}, Code.UNAUTHORISED),
    (
        "vLLM, context",
        400,
        {"message": "This model's maximum context length is 2048 tokens.", "type": "BadRequestError", "code": 400},
        Code.CONTEXT_OVERFLOW,
    ),
    ("vLLM, model", 404, {"object": "error", "message": "The model `x` does not exist."}, Code.UNKNOWN_MODEL),
    ("vLLM in mid-stream", 200, {"message": "bad", "type": "BadRequestError", "code": 400}, Code.BAD_REQUEST),
    (
        "llama.cpp, context",
        400,
        {"code": 400, "message": "request (4390 tokens) is too long", "type": "exceed_context_size_error"},
        Code.CONTEXT_OVERFLOW,
    ),
    ("llama.cpp, context, later", 500, {"message": "Context size has been exceeded."}, Code.CONTEXT_OVERFLOW),
    ("llama.cpp, loading", 503, {"code": 503, "message": "Loading model"}, Code.UNAVAILABLE),
    ("Ollama, model", 404, {"message": "model 'x' not found", "type": "api_error"}, Code.UNKNOWN_MODEL),
    ("Together, no money", 402, {"message": "Payment required"}, Code.INSUFFICIENT_QUOTA),
    ("LiteLLM, model not for this key", 401, {"type": "key_model_access_denied", "code": "401"}, Code.UNKNOWN_MODEL),
    ("LiteLLM, key expired", 401, {"type": "expired_key", "code": "401"}, Code.UNAUTHORISED),
    (
        "OpenRouter, flagged",
        403,
        {"code": 403, "message": "No.", "metadata": {"reasons": ["violence"], "flagged_input": "the …"}},
        Code.CONTENT_FILTER,
    ),
    (
        "OpenRouter, guardrail",
        403,
        {"code": 403, "message": "Request blocked", "metadata": {"patterns": ["a"], "error_type": "permission_denied"}},
        Code.CONTENT_FILTER,
    ),
    (
        "OpenRouter, a filter elsewhere",
        403,
        {"code": 403, "message": "No.", "metadata": {"error_type": "content_policy_violation"}},
        Code.CONTENT_FILTER,
    ),
    (
        "OpenRouter, the key's limit",
        403,
        {
            "code": 403,
            "message": "Key limit exceeded (total limit)",
            "metadata": {"limit_source": "openrouter_key_limit"},
        },
        Code.UNAUTHORISED,
    ),
    (
        "xAI, usage guidelines",
        403,
        "Content violates usage guidelines. Failed check: SAFETY_CHECK",
        Code.CONTENT_FILTER,
    ),
    ("flagged, in mid-stream", 200, {"code": 403, "message": "Your input was flagged"}, Code.CONTENT_FILTER),
    ("a firewall's page", 403, "<html>403 Forbidden</html>", Code.UNAUTHORISED),
    ("details in another form", 403, {"message": "no", "metadata": ["flagged_input"]}, Code.UNAUTHORISED),
    ("a gateway's page", 502, "<html>Bad gateway</html>", Code.UNAVAILABLE),
    ("a proxy, too large", 413, "<html>Request Entity Too Large</html>", Code.CONTEXT_OVERFLOW),
    ("a timeout of the server", 408, None, Code.UNAVAILABLE),
    ("an error that is only text", 200, "something broke", Code.UNAVAILABLE),
    ("numbers and lists where words belong", 400, {"code": [1], "type": {"a": 1}, "message": 5}, Code.BAD_REQUEST),
]


@pytest.mark.parametrize(("status", "body", "code"), [row[1:] for row in BODIES], ids=[row[0] for row in BODIES])
def test_a_providers_words_are_understood(status: int, body: object, code: Code) -> None:
    assert classify(status, body) is code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", Code.MALFORMED),
        (b"<html>", Code.MALFORMED),
        (b"[]", Code.MALFORMED),
        (b"\xff\xfe", Code.MALFORMED),
        (b"{}", Code.MALFORMED),
        (b'{"choices": []}', Code.MALFORMED),
        (b'{"choices": [{}]}', Code.MALFORMED),
        (b'{"choices": [{"message": null}]}', Code.MALFORMED),
        (b'{"choices": [{"message": {"content": ["a"]}}]}', Code.MALFORMED),
        (b"[" * 100_000, Code.MALFORMED),
        (b'{"created": ' + b"9" * 5_000 + b"}", Code.MALFORMED),
        (b'{"error": {"message": "no", "code": 429}}', Code.RATE_LIMITED),
        (b'{"error": {"message": "no", "code": "insufficient_quota"}}', Code.INSUFFICIENT_QUOTA),
        (b'{"choices": [{"message": {"content": null, "refusal": "I cannot"}}]}', Code.CONTENT_FILTER),
    ],
    ids=lambda value: repr(value[:50]) if isinstance(value, bytes) else str(value),
)
def test_a_body_with_status_200_that_is_no_answer(body: bytes, code: Code) -> None:
    with pytest.raises(LLMError) as caught:
        read_reply(body, request_id="r", latency_ms=1)

    assert caught.value.code is code
    assert caught.value.seen_by_model
    assert caught.value.request_id == "r"


@pytest.mark.parametrize("message", ['{"content": null, "refusal": "I cannot"}', '{"content": ["a"]}', "null"])
def test_what_a_call_without_an_answer_has_used_is_known_where_the_server_tells(message: str) -> None:
    body = f'{{"choices": [{{"message": {message}}}], "usage": {{"prompt_tokens": 12, "completion_tokens": 3}}}}'
    with pytest.raises(LLMError) as caught:
        read_reply(body.encode(), request_id=None, latency_ms=1)

    assert caught.value.usage == Usage(12, 3)


@pytest.mark.parametrize("usage", [None, 5, {}, {"prompt_tokens": "1", "completion_tokens": 2}, {"prompt_tokens": 1}])
def test_usage_in_another_form_is_left_out(usage: Any) -> None:
    body = (
        b'{"choices": [{"message": {"content": "a"}}], "usage": %b}'
        % str(usage).replace("'", '"').replace("None", "null").encode()
    )

    assert read_reply(body, request_id=None, latency_ms=1).usage is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "1e9"}, 60.0),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "in a while"}, None),
        ({"ratelimit-reset": "7"}, 7.0),
        ({"ratelimit-reset": "7", "retry-after": "2"}, 2.0),
        ({"ratelimit-reset": "7", "retry-after": "soon"}, 7.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:20:00 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 99999 07:20:00 GMT"}, None),
    ],
)
def test_the_time_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert seconds_to_wait(headers) == seconds


def test_a_date_without_the_responses_own_date_counts_from_our_clock() -> None:
    seconds = seconds_to_wait({"retry-after": formatdate(time.time() + 30, usegmt=True)})

    assert seconds is not None
    assert 25 < seconds <= 30
