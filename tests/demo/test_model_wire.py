"""The demo model's wire format, as a client that knows nothing of it sees it."""

import asyncio
import json
import socket
import subprocess
import sys
import time
from typing import Any

import httpx2
import pytest
from openai import BadRequestError, NotFoundError, OpenAI

from tests.demo.serving import serving

_BODY = b'{"model": "m", "messages": [{"role": %s}'
HELLO: dict[str, Any] = {"model": "any", "messages": [{"role": "user", "content": "<question>\nA lease?\n</question>"}]}


def _events(http: httpx2.Client, **body: Any) -> list[Any]:
    reply = http.post("/chat/completions", json=HELLO | {"stream": True} | body)
    assert reply.headers["content-type"].startswith("text/event-stream")
    lines = [line for line in reply.text.split("\n\n") if line]
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


def test_a_stream_is_a_role_then_words_then_a_finish_reason(http: httpx2.Client) -> None:
    first, *middle, last = [event["choices"][0] for event in _events(http)]
    assert first["delta"]["role"] == "assistant"
    assert all(set(choice["delta"]) == {"content"} and choice["finish_reason"] is None for choice in middle)
    assert (last["delta"], last["finish_reason"]) == ({}, "stop")


def test_usage_comes_last_and_only_if_it_is_asked_for(http: httpx2.Client) -> None:
    assert all("usage" not in event for event in _events(http))
    *chunks, last = _events(http, stream_options={"include_usage": True})
    assert all(event["usage"] is None for event in chunks)
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == last["usage"]["prompt_tokens"] + last["usage"]["completion_tokens"] > 0


def test_a_whole_reply_has_the_text_of_the_stream(http: httpx2.Client) -> None:
    whole = http.post("/chat/completions", json=HELLO).json()
    streamed = "".join(event["choices"][0]["delta"].get("content", "") for event in _events(http))
    assert (whole["object"], whole["model"]) == ("chat.completion", "demo-model")
    assert whole["choices"][0]["message"]["content"] == streamed
    assert whole["usage"]["completion_tokens"] > 0


def test_it_lists_itself_as_the_one_model_and_is_healthy(model: OpenAI, model_address: str) -> None:
    assert [entry.id for entry in model.models.list()] == ["demo-model"]
    health = httpx2.get(model_address.removesuffix("/v1") + "/health")
    assert (health.status_code, health.json()) == (200, {"status": "ok"})


_LIST = {"type": "array", "minItems": 2, "items": {"type": "integer", "minimum": 7}}


@pytest.mark.parametrize(
    ("inner", "value"),
    [
        ({"type": "string", "minLength": 6}, "demo--"),
        ({"type": ["null", "string"]}, None),
        ({"enum": ["x", "y"]}, "x"),
        ({"const": 3}, 3),
        (_LIST, [7, 7]),
        ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, False),
        ({"type": "string", "format": "date"}, "2026-01-01"),
        ({}, None),
    ],
)
def test_an_unknown_schema_gets_the_smallest_value_that_satisfies_it(
    http: httpx2.Client, inner: dict[str, Any], value: object
) -> None:
    schema = {"type": "object", "properties": {"a": inner}}
    wanted = {"type": "json_schema", "json_schema": {"name": "unheard_of", "strict": True, "schema": schema}}
    reply = http.post("/chat/completions", json=HELLO | {"response_format": wanted}).json()
    assert json.loads(reply["choices"][0]["message"]["content"]) == {"a": value}


def test_json_can_be_streamed_too(http: httpx2.Client) -> None:
    wanted = {"type": "json_object"}
    deltas = [event["choices"][0]["delta"] for event in _events(http, response_format=wanted)]
    assert json.loads("".join(delta.get("content", "") for delta in deltas)) == {}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"", None),
        (b"{", None),
        (b"[" * 100_000, None),
        (b'{"model": ' + b"9" * 5_000 + b"}", None),
        (b'{"model": "\xff"}', None),
        (b"[]", "model"),
        (b'{"messages": []}', "model"),
        (b'{"model": "m"}', "messages"),
        (b'{"model": "m", "messages": []}', "messages"),
        (_BODY % b'"robot", "content": ""}]', "messages.[0].role"),
        (_BODY % b'"user", "content": 3}]', "messages.[0].content"),
        (_BODY % b'"user", "content": ""}], "n": 2', "n"),
        (_BODY % b'"user", "content": ""}], "max_tokens": 0', "max_tokens"),
        (_BODY % b'"user", "content": ""}], "response_format": {"type": "x"}', "response_format"),
    ],
)
def test_a_bad_request_is_400_in_the_error_format_of_the_api(
    http: httpx2.Client, body: bytes, param: str | None
) -> None:
    reply = http.post("/chat/completions", content=body)
    assert reply.status_code == 400, reply.text
    error = reply.json()["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert error["message"]


def test_the_openai_client_knows_the_errors(model: OpenAI) -> None:
    with pytest.raises(BadRequestError):
        model.chat.completions.create(model="any", messages=[])
    with pytest.raises(NotFoundError):
        model.embeddings.create(model="any", input="text")


def test_a_content_of_parts_is_read_as_their_text(http: httpx2.Client) -> None:
    parts = [{"type": "text", "text": HELLO["messages"][0]["content"]}]
    body = HELLO | {"messages": [{"role": "user", "content": parts}]}
    whole, same = (http.post("/chat/completions", json=each).json() for each in (HELLO, body))
    assert whole["choices"] == same["choices"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/chat/completions", 405), ("POST", "/models", 405), ("GET", "/nothing", 404)],
)
def test_other_addresses_and_methods_are_refused_in_the_same_format(
    http: httpx2.Client, method: str, path: str, status: int
) -> None:
    reply = http.request(method, path)
    assert (reply.status_code, reply.json()["error"]["type"]) == (status, "invalid_request_error")


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", b"413"),
        (b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"GET /health HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", b"400"),
    ],
)
def test_what_is_no_proper_http_is_answered_and_the_connection_closed(
    model_address: str, request_head: bytes, status: bytes
) -> None:
    port = int(model_address.rsplit(":", 1)[1].split("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request_head)
        assert connection.recv(100).startswith(b"HTTP/1.1 " + status)
        connection.shutdown(socket.SHUT_WR)


def test_a_hundred_requests_at_once_are_answered(model_address: str) -> None:
    async def ask_all() -> list[int]:
        limits = httpx2.Limits(max_connections=100)
        async with httpx2.AsyncClient(base_url=model_address, timeout=60, limits=limits) as client:
            replies = await asyncio.gather(*(client.post("/chat/completions", json=HELLO) for _ in range(100)))
        return [reply.status_code for reply in replies]

    assert asyncio.run(ask_all()) == [200] * 100


def test_a_text_is_told_at_the_pace_that_was_asked_for() -> None:
    with serving("--pace", "100", "--delay", "0") as address, httpx2.Client(base_url=address, timeout=30) as http:
        started = time.monotonic()
        events = _events(http, max_tokens=50)
        assert len(events) == 52, "a role, fifty words, a finish reason"
        assert events[-1]["choices"][0]["finish_reason"] == "length"
        assert time.monotonic() - started >= 0.5


def test_a_reader_that_leaves_does_not_harm_the_next_one() -> None:
    with serving("--pace", "50", "--delay", "0") as address, httpx2.Client(base_url=address, timeout=30) as http:
        with http.stream("POST", "/chat/completions", json=HELLO | {"stream": True}) as reply:
            next(reply.iter_lines())
        assert http.get("/models").status_code == 200


def test_it_ends_at_once_and_in_silence_while_clients_are_connected_and_a_text_is_told() -> None:
    command = [sys.executable, "-m", "demo.model", "--port", "0", "--pace", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        address = process.stdout.readline().rsplit(" ", 1)[1].strip()
        with httpx2.Client(base_url=address, timeout=30) as http:
            assert http.get("/models").status_code == 200
            with http.stream("POST", "/chat/completions", json=HELLO | {"stream": True}) as reply:
                next(reply.iter_lines())
                process.terminate()
                assert process.wait(5) == 0
        assert process.stderr.read() == ""


def test_a_taken_port_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, "-m", "demo.model", "--port", str(taken.getsockname()[1])]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 1
    assert "can't listen" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
