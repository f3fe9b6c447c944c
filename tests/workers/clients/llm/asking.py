"""The calls that these tests make, in short."""

import time
from typing import Any

import pytest

from tests.fakes.llm import FakeLLM
from workers.clients.llm import Call, LLMClient, LLMError, Reply, Stream

LENGTH = 600  # of the text that the fake model streams
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "May we?"}]
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"relevant": {"type": "boolean"}, "reason": {"type": "string"}},
    "required": ["relevant", "reason"],
    "additionalProperties": False,
}


def ask(client: LLMClient, call: Call | None = None) -> Reply:
    return client.complete(
        MESSAGES, model="fake-model", schema_name="judge_relevance", schema=SCHEMA, call=call or Call()
    )


def begin(client: LLMClient, call: Call | None = None) -> Stream:
    return client.stream(MESSAGES, model="fake-model", call=call or Call())


def read(client: LLMClient, call: Call | None = None) -> tuple[str, LLMError | None, Stream | None]:
    """The text of a stream, what ended it if it was a failure, and the stream if one began."""
    text: list[str] = []
    stream = None
    try:
        stream = begin(client, call)
        text.extend(stream)
    except LLMError as error:
        return "".join(text), error, stream
    return "".join(text), None, stream


def failure_of(client: LLMClient, *, streaming: bool, call: Call | None = None) -> LLMError:
    if streaming:
        error = read(client, call)[1]
        assert error is not None, "the stream ended as if all was well"
        return error
    with pytest.raises(LLMError) as caught:
        ask(client, call)
    return caught.value


def assert_still_works(client: LLMClient, fake: FakeLLM) -> None:
    """Further calls go through, so no connection of the pool is lost or spoilt."""
    fake.set(text_size=200)
    for _ in range(3):
        assert ask(client).finish_reason == "stop"
    text, error, _ = read(client)
    assert text, "the stream after the failure gave no text"
    assert error is None, f"the stream after the failure failed too: {error}"


class Stopwatch:
    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began
