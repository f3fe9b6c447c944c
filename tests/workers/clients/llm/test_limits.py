"""The limits of time: what counts as content, and what each limit is called when it strikes."""

import pytest

from tests.fakes.llm import FakeLLM
from tests.workers.clients.llm.asking import LENGTH, Stopwatch, assert_still_works, begin, failure_of, read
from tests.workers.clients.llm.conftest import MakeClient
from tests.workers.clients.llm.test_cancel import full_port
from workers.clients.llm import Code

__all__ = ["full_port"]
LATE = 10.0  # seconds after its limit that a call may end on a busy machine; without a limit it would never end


@pytest.mark.parametrize("kind", ["stall", "keepalive"])
def test_no_first_content_is_a_stall(make_client: MakeClient, fake: FakeLLM, kind: str) -> None:
    client = make_client(first_content=0.3)
    fake.fail_next(kind)

    watch = Stopwatch()
    error = failure_of(client, streaming=True)

    assert 0.3 <= watch.seconds < 0.3 + LATE
    assert error.code is Code.STALLED
    assert error.retryable
    assert error.seen_by_model
    assert_still_works(client, fake)


@pytest.mark.parametrize("kind", ["stall", "keepalive"])
def test_no_further_content_is_a_stall(make_client: MakeClient, fake: FakeLLM, kind: str) -> None:
    client = make_client(between_contents=0.3)
    fake.set(text="0123456789" * 5, chunk=10)
    fake.fail_next(kind, after_chunks=3)

    watch = Stopwatch()
    text, error, _ = read(client)

    assert watch.seconds < 0.3 + LATE
    assert error is not None
    assert error.code is Code.STALLED
    assert text == "0123456789" * 3


@pytest.mark.parametrize("kind", ["stall", "keepalive"])
@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
def test_the_whole_call_has_a_limit(make_client: MakeClient, fake: FakeLLM, kind: str, streaming: bool) -> None:
    client = make_client(total=0.3)
    fake.fail_next(kind)

    watch = Stopwatch()
    error = failure_of(client, streaming=streaming)

    assert 0.3 <= watch.seconds < 0.3 + LATE
    assert error.code is Code.TIMED_OUT
    assert error.seen_by_model
    assert_still_works(make_client(), fake)


def test_a_stream_that_flows_is_ended_by_the_limit_of_the_whole_call(make_client: MakeClient, fake: FakeLLM) -> None:
    client = make_client(total=0.4)
    fake.set(text_size=100_000)

    text, error, _ = read(client)

    assert text
    assert error is not None
    assert error.code is Code.TIMED_OUT


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
def test_connecting_has_a_limit(make_client: MakeClient, full_port: int, streaming: bool) -> None:
    client = make_client(base_url=f"http://127.0.0.1:{full_port}/v1", connect=0.3)

    watch = Stopwatch()
    error = failure_of(client, streaming=streaming)

    assert 0.3 <= watch.seconds < 0.3 + LATE
    assert error.code is Code.TIMED_OUT
    assert not error.seen_by_model


def test_a_slow_reader_is_not_the_models_fault(make_client: MakeClient, fake: FakeLLM) -> None:
    client = make_client(between_contents=0.2)
    fake.set(text_size=200, chunk=20, interval=0.01)
    stream = begin(client)
    texts = [next(stream)]

    fake.wait_until(lambda: fake.calls()[0]["ended"] is not None)
    watch = Stopwatch()
    while watch.seconds < 0.3:  # the reader waits for something else, such as the database
        pass
    texts.extend(stream)

    assert len("".join(texts)) == 200


def test_a_stream_slower_than_the_first_limit_in_all_is_not_stalled(make_client: MakeClient, fake: FakeLLM) -> None:
    client = make_client(first_content=0.3, between_contents=0.3)
    fake.set(text_size=100, chunk=10, interval=0.08)

    text, error, _ = read(client)

    assert (len(text), error) == (100, None)


def test_a_missing_end_after_the_finish_reason_costs_two_seconds_not_the_text(
    make_client: MakeClient, fake: FakeLLM
) -> None:
    fake.fail_next("stall_at_end")

    watch = Stopwatch()
    text, error, stream = read(make_client())

    assert (len(text), error) == (LENGTH, None)
    assert stream is not None
    assert (stream.finish_reason, stream.usage) == ("stop", None)
    assert watch.seconds < 2 + LATE
