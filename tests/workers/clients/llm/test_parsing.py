"""Our fast parser beside the openai client's own, on streams of real shapes and on arbitrary ones, cut anyhow."""

from collections.abc import Iterator

import httpx2
import openai
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openai._streaming import SSEDecoder

from tests.fuzzing import examples
from tests.workers.clients.llm.corpus import SAMPLES, Sample
from workers.clients.llm import Call, Code, LLMError, Stream
from workers.clients.llm.sse import EventParser

LINES = st.sampled_from(
    ["", "data", "data:", "data: ", "data: a", "data:b", "data:  c", "data: é\N{SCALES}\u2028", "data\ud7ff: x",
     ": comment", ":", "event: message", "id: 1", "retry: 10", "retry: soon", "unknown: field", "dat: a", "datax: a"]
)  # fmt: skip
ENDS = st.sampled_from(["\n", "\r", "\r\n"])
EVENT_STREAMS = st.lists(st.tuples(LINES, ENDS), max_size=40).map(lambda them: "".join(map("".join, them)).encode())


class Pieces(httpx2.SyncByteStream):
    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)


def cut(body: bytes, sizes: list[int]) -> list[bytes]:
    """In pieces of these sizes, the rest in one."""
    pieces = []
    for size in sizes:
        pieces.append(body[:size])
        body = body[size:]
    return [*pieces, body]


def response_of(pieces: list[bytes]) -> httpx2.Response:
    request = httpx2.Request("POST", "http://model.test/v1/chat/completions")
    return httpx2.Response(200, headers={"content-type": "text/event-stream"}, stream=Pieces(pieces), request=request)


def read_by_the_openai_client(pieces: list[bytes]) -> tuple[str, str | None]:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, stream=Pieces(pieces))

    with httpx2.Client(transport=httpx2.MockTransport(answer)) as http:
        client = openai.OpenAI(api_key="k", base_url="http://model.test/v1", http_client=http)
        chunks = list(client.chat.completions.create(model="m", messages=[], stream=True))
    choices = [choice for chunk in chunks for choice in chunk.choices if choice.index == 0]
    reasons = [choice.finish_reason for choice in choices if choice.finish_reason]
    return "".join(choice.delta.content or "" for choice in choices), reasons[-1] if reasons else None


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_real_stream_is_read_as_the_openai_client_reads_it(sample: Sample) -> None:
    stream = Stream(response_of([sample.body]), Call())
    text = "".join(stream)

    assert (text, stream.finish_reason) == read_by_the_openai_client([sample.body])
    assert (text, stream.finish_reason, stream.usage) == (sample.text, sample.finish_reason, sample.usage)
    assert (stream.model, stream.request_id) == ("m-2026-01-01", "chatcmpl-Xy1")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_real_stream_that_comes_byte_by_byte_is_the_same(sample: Sample) -> None:
    stream = Stream(response_of([bytes([byte]) for byte in sample.body]), Call())

    assert "".join(stream) == sample.text
    assert (stream.finish_reason, stream.usage) == (sample.finish_reason, sample.usage)


@settings(deadline=None, max_examples=examples(60))
@given(st.sampled_from(SAMPLES), st.lists(st.integers(0, 400), max_size=30))
def test_a_real_stream_cut_anywhere_is_the_same(sample: Sample, sizes: list[int]) -> None:
    stream = Stream(response_of(cut(sample.body, sizes)), Call())

    assert "".join(stream) == sample.text
    assert (stream.finish_reason, stream.usage) == (sample.finish_reason, sample.usage)


@settings(deadline=None, max_examples=examples(100))
@given(EVENT_STREAMS, st.lists(st.integers(0, 9), max_size=60))
@example(b"data: a\r\n\r\ndata: b\n\n", [8, 1, 1, 1])
@example(b"data: a\r\r\n\n\ndata: b\n\n", [9, 1])
@example(b"\n\ndata\n\ndata: x\n\n", [1])
def test_any_event_stream_is_split_as_the_openai_client_splits_it(body: bytes, sizes: list[int]) -> None:
    theirs = [event.data for event in SSEDecoder().iter_bytes(iter([body])) if event.data]

    parser = EventParser()
    ours = [data.decode() for piece in cut(body, sizes) for data in parser.feed(piece)]

    assert ours == theirs


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_a_byte_order_mark_at_the_start_is_no_part_of_the_first_field(size: int) -> None:
    body = b"\xef\xbb\xbfdata: a\n\ndata: \xef\xbb\xbfb\n\n"
    parser = EventParser()

    found = [data for at in range(0, len(body), size) for data in parser.feed(body[at : at + size])]

    assert found == [b"a", b"\xef\xbb\xbfb"]


def test_an_event_without_end_does_not_fill_the_memory() -> None:
    parser = EventParser(largest=1_000)
    parser.feed(b"data: " + b"x" * 990)

    with pytest.raises(ValueError, match="more than 1000 bytes"):
        parser.feed(b"x" * 10)


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b'{"choices": 1}',
        b'{"choices": [1]}',
        b'{"choices": [{"delta": "text"}]}',
        b'{"choices": [{"delta": {"content": ["part"]}}]}',
        b'{"choices": [{"delta": {"content": 5}}]}',
        b'{"choices": [{"delta": {"content": "\xff"}}]}',
        b'{"choices": ' + b"[" * 100_000,
        b'{"created": ' + b"9" * 5_000 + b"}",
    ],
    ids=lambda data: repr(data[:40]),
)
def test_a_chunk_that_cannot_be_read_is_malformed_after_the_text_before_it(data: bytes) -> None:
    good = b'data: {"choices": [{"delta": {"content": "so far"}}]}\n\n'
    stream = Stream(response_of([good + b"data: " + data + b"\n\n"]), Call())

    assert next(stream) == "so far"
    with pytest.raises(LLMError) as caught:
        next(stream)
    assert caught.value.code is Code.MALFORMED
    assert len(caught.value.detail) <= 500


@pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b"", b"hello\n\nthere\n\n"])
def test_a_body_that_is_no_event_stream_is_malformed(body: bytes) -> None:
    response = httpx2.Response(200, headers={"content-type": "text/html"}, content=body)

    with pytest.raises(LLMError) as caught:
        list(Stream(response, Call()))

    assert caught.value.code is Code.MALFORMED


def test_an_error_object_in_mid_stream_says_what_it_is() -> None:
    error = b'data: {"error": {"message": "context size has been exceeded", "type": "server_error", "code": 500}}\n\n'
    stream = Stream(response_of([error]), Call())

    with pytest.raises(LLMError) as caught:
        list(stream)

    assert caught.value.code is Code.CONTEXT_OVERFLOW
    assert caught.value.seen_by_model


def test_a_refusal_in_a_stream_is_not_taken_for_a_complete_answer() -> None:
    body = (
        b'data: {"choices": [{"delta": {"refusal": "I cannot"}}]}\n\n'
        b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
    )
    stream = Stream(response_of([body]), Call())

    assert list(stream) == []
    assert stream.finish_reason == "content_filter"
