"""Each step's schema: strict for OpenAI, small enough for llama.cpp, and every reply that satisfies it is processed."""

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llmock.schema import example_for

from tests.fuzzing import examples
from tests.workers.steps.adversary import replies
from tests.workers.steps.calls import CALLS, Call
from workers.steps.base import parse_reply

_ALLOWED = {"type", "properties", "required", "additionalProperties", "items", "minItems", "maxItems", "minLength",
            "maxLength", "minimum", "maximum", "enum", "anyOf", "format"}  # fmt: skip
_LLAMA_CPP_REPETITIONS = 2000  # https://github.com/ggml-org/llama.cpp/issues/27087: this many and more are refused

each_call = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    yield schema
    for sub in [*schema.get("properties", {}).values(), *schema.get("anyOf", []), *filter(None, [schema.get("items")])]:
        yield from _nodes(sub)


@each_call
def test_a_schema_keeps_to_the_strict_subset(call: Call) -> None:
    jsonschema.Draft202012Validator.check_schema(call.request.schema)
    assert call.request.schema["type"] == "object", "OpenAI refuses another type, or anyOf, at the top"
    for node in _nodes(call.request.schema):
        assert set(node) <= _ALLOWED, f"{call.name} uses {set(node) - _ALLOWED}, which strict mode may refuse"
        if node.get("type") == "object":
            assert node["additionalProperties"] is False, f"{call.name} has an open object"
            assert node["required"] == list(node["properties"]), f"{call.name} has an optional field"


@each_call
def test_no_count_in_a_schema_is_too_large_for_llama_cpp(call: Call) -> None:
    for node in _nodes(call.request.schema):
        largest = max(node.get("maxLength", 0), node.get("maxItems", 0))
        assert largest < _LLAMA_CPP_REPETITIONS, f"{call.name} allows {largest} repetitions"


@each_call
def test_a_schema_has_the_name_of_its_step(call: Call) -> None:
    assert call.request.schema_name == call.name.partition("-")[0]


@each_call
@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_satisfies_a_schema_is_processed(call: Call, data: st.DataObject) -> None:
    reply = data.draw(replies(call.request.schema))
    result = call.process(parse_reply(call.request, json.dumps(reply)))
    for text in _texts(result):
        assert "\0" not in text, "PostgreSQL takes no NUL"
        text.encode()


@each_call
def test_the_independent_servers_example_of_a_schema_is_processed(call: Call) -> None:
    call.process(parse_reply(call.request, json.dumps(example_for(call.request.schema))))


def _texts(result: object) -> Iterator[str]:
    if isinstance(result, str):
        yield result
    elif isinstance(result, tuple | list):
        for item in result:
            yield from _texts(item)
    elif dataclasses.is_dataclass(result) and not isinstance(result, type):
        for field in dataclasses.fields(result):
            yield from _texts(getattr(result, field.name))
