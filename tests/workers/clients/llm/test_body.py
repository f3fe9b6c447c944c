"""The chunked coding taken off by us, beside h11, cut anyhow; and bodies in other codings."""

import gzip

import h11
import httpcore2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fuzzing import examples
from tests.workers.clients.llm.raw_server import RawServer
from tests.workers.clients.llm.test_parsing import cut
from workers.clients.llm.body import READ_BYTES, ChunkedDecoder

SIZES = st.sampled_from(["{:x}", "{:X}", "0{:x}", "{:x};name=value", '{:x};a="b" \t'])
CHUNKS = st.lists(st.tuples(st.binary(min_size=1, max_size=50), SIZES), max_size=12)
TRAILERS = st.sampled_from([b"", b"x-checksum: 1\r\n", b"a: b\r\nc: d\r\n"])


def encode(chunks: list[tuple[bytes, str]], trailers: bytes) -> bytes:
    coded = b"".join(form.format(len(data)).encode() + b"\r\n" + data + b"\r\n" for data, form in chunks)
    return coded + b"0\r\n" + trailers + b"\r\n"


def decode_by_h11(coded: bytes) -> bytes:
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("host", "model.test")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + coded)
    body = b""
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        if isinstance(event, h11.Data):
            body += bytes(event.data)
    return body


@settings(deadline=None, max_examples=examples(60))
@given(CHUNKS, TRAILERS, st.lists(st.integers(0, 20), max_size=40))
@example([(b"\r\n0\r\n\r\n", "{:x}")], b"", [1] * 40)
def test_it_reads_what_h11_reads(chunks: list[tuple[bytes, str]], trailers: bytes, sizes: list[int]) -> None:
    coded = encode(chunks, trailers)
    decoder = ChunkedDecoder()

    body = b"".join(decoder.feed(piece) for piece in cut(coded, sizes))

    assert body == b"".join(data for data, _ in chunks) == decode_by_h11(coded)
    assert decoder.ended


@settings(deadline=None, max_examples=examples(60))
@given(CHUNKS, st.integers(1, 60))
def test_it_knows_that_the_end_is_missing(chunks: list[tuple[bytes, str]], missing: int) -> None:
    coded = encode(chunks, b"")
    decoder = ChunkedDecoder()

    decoder.feed(coded[:-missing])

    assert not decoder.ended


def test_it_gives_the_part_of_a_chunk_that_came() -> None:
    assert ChunkedDecoder().feed(b"ff\r\nso far") == b"so far"


@pytest.mark.parametrize(
    "coded",
    [
        b"x\r\n",
        b"-1\r\n",
        b"0x1\r\na",
        b"\r\n",
        b"1 1\r\na",
        b"2\r\nabc\r\n",
        b"fffffffff\r\n",
        b"1" * (READ_BYTES + 1),
    ],
)
def test_it_refuses_what_is_not_in_the_coding(coded: bytes) -> None:
    with pytest.raises(httpcore2.RemoteProtocolError):
        ChunkedDecoder().feed(coded)


def test_bodies_in_other_codings_are_read_too(raw_server: RawServer) -> None:
    events = b'data: {"choices": [{"delta": {"content": "all of it"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
    zipped = gzip.compress(events)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    chunked = b"Transfer-Encoding: chunked\r\n"
    zipped_chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(zipped), zipped)
    answers = {
        "with a length": head + b"Content-Length: %d\r\n\r\n" % len(events) + events,
        "until the connection closes": head + b"Connection: close\r\n\r\n" + events,
        "HTTP/1.0": head.replace(b"1.1", b"1.0") + b"\r\n" + events,
        "chunked": head + chunked + b"\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(events), events),
        "chunked and zipped": head + chunked + b"Content-Encoding: gzip\r\n\r\n" + zipped_chunk,
        "after an informational answer": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        + head + chunked + b"\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(events), events),
    }  # fmt: skip

    for name, answer in answers.items():
        assert raw_server.text_of(answer) == "all of it", name
