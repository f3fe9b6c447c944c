"""The benchmark's model speaks what the product's client and the peer read, and dates what it streams."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from benchmarks.chunks import Dated, microseconds
from workers.clients.llm import Call, LLMClient
from workers.prompts.blocks import block
from workers.steps import derive_questions as derive
from workers.steps import route_question as route
from workers.steps.base import parse_reply

ROOT = Path(__file__).resolve().parents[2]
SHAPE = {"delay": 0.0, "first": 0.0, "interval": 0.002, "chunks": 30, "size": 15}


@pytest.fixture(scope="module")
def model() -> Iterator[httpx2.Client]:
    """A running model."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.llm"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["port"]
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
            yield client
        assert process.stdin is not None
        process.stdin.close()  # it ends with its starter


@pytest.fixture
def client(model: httpx2.Client) -> Iterator[LLMClient]:
    """The product's own client of that model."""
    model.post("/settings", json=SHAPE)
    made = LLMClient(f"{model.base_url}/v1".replace("//v1", "/v1"), "key", connections=100)
    yield made
    made.close()


def derived(client: LLMClient) -> tuple[derive.Question, ...]:
    given = derive.DeriveQuestionsInput("May we dismiss the CTO?", ())
    request = derive.build_request(given)
    reply = client.complete(
        request.messages, model="m", schema_name=request.schema_name, schema=request.schema, call=Call()
    )
    return derive.to_questions(given, parse_reply(request, reply.text))


def test_each_matter_gets_twelve_questions_that_no_other_has(client: LLMClient) -> None:
    first, second = derived(client), derived(client)
    assert (len(first), len(second)) == (12, 12)
    assert not {q.text for q in first} & {q.text for q in second}, "a cached reply would spare the product calls"


def test_every_question_is_for_the_founder(client: LLMClient) -> None:
    request = route.build_request(route.RouteQuestionInput("Since when?", "Dates decide.", "date", frozenset()))
    reply = client.complete(
        request.messages, model="m", schema_name=request.schema_name, schema=request.schema, call=Call()
    )
    assert parse_reply(request, reply.text).source == "founder"


def test_the_peer_gets_as_many_questions_as_the_product(model: httpx2.Client, client: LLMClient) -> None:
    body = {"model": "peer", "messages": [{"role": "user", "content": "?"}], "response_format": {"type": "json_object"}}
    reply = model.post("/v1/chat/completions", json=body).json()
    assert len(json.loads(reply["choices"][0]["message"]["content"])["questions"]) == len(derived(client))


def test_the_product_reads_a_stream_whose_chunks_say_how_old_they_are(client: LLMClient) -> None:
    began, dated = microseconds(), Dated(SHAPE["size"])  # type: ignore[arg-type] # of a dict with floats
    with client.stream([{"role": "user", "content": block("question", "?")}], model="m", call=Call()) as stream:
        for text in stream:
            dated.add(text, microseconds())
        assert stream.finish_reason == "stop"
        assert stream.usage is not None
    assert dated.length == 30 * 15
    assert len(dated.ages) == 30
    took = microseconds() - began
    assert all(0 <= age <= took for age in dated.ages), "a chunk was dated before it was asked for, or after it came"


def test_streams_wait_behind_the_gate_and_begin_together(model: httpx2.Client, client: LLMClient) -> None:
    model.post("/settings", json={**SHAPE, "gate": True})
    streams = [client.stream([{"role": "user", "content": "?"}], model="m", call=Call()) for _ in range(2)]
    waiting: dict[str, Any] = {}
    give_up = time.monotonic() + 10
    while waiting.get("waiting") != 2:
        assert time.monotonic() < give_up, f"two streams should wait: {waiting}"
        waiting = model.get("/counts").json()
    assert waiting["late_max"] == 0, "a piece was sent through the closed gate"
    model.post("/go")
    assert [len("".join(stream)) for stream in streams] == [450, 450]
    counts = model.get("/counts").json()
    assert counts["calls"] == {"m": 2}
    assert 0 < counts["late_p50"] <= counts["late_p99"] <= counts["late_max"], "no piece says how late it was"
