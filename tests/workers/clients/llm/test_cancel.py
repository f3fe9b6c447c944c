"""Another thread ends a call wherever it is blocked, and nothing else suffers."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.fakes.llm import FakeLLM
from tests.workers.clients.llm.asking import Stopwatch, ask, assert_still_works, begin, failure_of, read
from tests.workers.clients.llm.conftest import MakeClient
from workers.clients.llm import Call, Code, LLMCanceled, LLMClient, LLMError

SOON = 10.0  # seconds from the cancel to the end of the call on a busy machine; the limits of time are longer


@contextmanager
def canceled_after(call: Call, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, call.cancel, ["stopped by the founder"])
    timer.start()
    yield
    timer.join()


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("kind", ["stall", "keepalive"])
def test_a_call_blocked_in_read_ends_at_once(client: LLMClient, fake: FakeLLM, kind: str, streaming: bool) -> None:
    fake.fail_next(kind)
    call = Call()

    watch = Stopwatch()
    with canceled_after(call, 0.3):
        error = failure_of(client, streaming=streaming, call=call)

    assert watch.seconds < 0.3 + SOON
    assert isinstance(error, LLMCanceled)
    assert (error.code, error.reason) == (Code.CANCELED, "stopped by the founder")
    assert error.seen_by_model
    assert not error.retryable
    fake.wait_until(lambda: fake.calls()[0]["aborted"])
    assert_still_works(client, fake)


def test_a_canceled_stream_keeps_the_text_that_came(client: LLMClient, fake: FakeLLM) -> None:
    fake.set(text="0123456789" * 5, chunk=10)
    fake.fail_next("stall", after_chunks=3)
    call = Call()

    with canceled_after(call, 0.3):
        text, error, _ = read(client, call)

    assert text == "0123456789" * 3
    assert isinstance(error, LLMCanceled)


def test_a_stream_that_keeps_coming_ends_at_once(client: LLMClient, fake: FakeLLM) -> None:
    fake.set(text_size=100_000)
    call = Call()
    stream = begin(client, call)
    next(stream)

    call.cancel("enough")

    with pytest.raises(LLMCanceled, match="enough"):
        list(stream)
    assert_still_works(client, fake)


def test_a_call_that_was_canceled_before_it_began_sends_nothing(client: LLMClient, fake: FakeLLM) -> None:
    call = Call()
    call.cancel("too late")

    error = failure_of(client, streaming=True, call=call)

    assert isinstance(error, LLMCanceled)
    assert not error.seen_by_model
    assert fake.calls() == []


def test_the_first_reason_stays(client: LLMClient) -> None:
    call = Call()
    call.cancel("shutdown")
    call.cancel("founder")

    assert call.reason == "shutdown"


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
def test_a_call_that_is_still_connecting_ends_at_once(make_client: MakeClient, full_port: int, streaming: bool) -> None:
    client = make_client(base_url=f"http://127.0.0.1:{full_port}/v1", connect=10)
    call = Call()

    watch = Stopwatch()
    with canceled_after(call, 0.3):
        error = failure_of(client, streaming=streaming, call=call)

    assert watch.seconds < 0.3 + SOON
    assert isinstance(error, LLMCanceled)
    assert not error.seen_by_model


def test_a_call_that_is_looking_up_a_name_ends_at_once(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()
    real = socket.getaddrinfo

    def stuck(host: str, *rest: object, **named: object) -> object:
        if named.get("flags"):
            return real(host, *rest, **named)  # type: ignore[arg-type]
        asked.wait(30)
        raise socket.gaierror("never mind")

    monkeypatch.setattr(socket, "getaddrinfo", stuck)
    client = make_client(base_url="http://slow-name.invalid/v1", connect=10)
    call = Call()

    watch = Stopwatch()
    with canceled_after(call, 0.3):
        error = failure_of(client, streaming=True, call=call)
    asked.set()

    assert watch.seconds < 0.3 + SOON
    assert isinstance(error, LLMCanceled)


def test_a_late_cancel_does_not_hit_the_next_call_on_the_connection(client: LLMClient, fake: FakeLLM) -> None:
    for _ in range(20):
        first = Call()
        ask(client, first)
        first.cancel("late")
        assert ask(client).finish_reason == "stop"

    assert len({call["client_port"] for call in fake.calls()}) == 1, "the late cancel cost the connection"


def test_cancels_at_any_moment_leave_the_other_calls_alone(client: LLMClient, fake: FakeLLM) -> None:
    """Half of the calls are canceled while they begin, run, or end; the others share their connections."""

    def one(number: int) -> str:
        call = Call()
        if number % 2:
            threading.Timer(0.0005 * (number % 23), call.cancel).start()
        try:
            return ask(client, call).finish_reason or ""
        except LLMError as error:
            return error.code

    with ThreadPoolExecutor(20) as threads:
        ends = list(threads.map(one, range(400)))

    assert set(ends[::2]) == {"stop"}, f"calls that nobody canceled ended {set(ends[::2])}"
    assert set(ends[1::2]) <= {"stop", "canceled"}, f"canceled calls ended {set(ends[1::2])}"
    assert_still_works(client, fake)


def test_one_handle_serves_a_repair_attempt_too(client: LLMClient, fake: FakeLLM) -> None:
    call = Call()
    ask(client, call)
    fake.fail_next("stall")

    with canceled_after(call, 0.2):
        error = failure_of(client, streaming=False, call=call)

    assert isinstance(error, LLMCanceled)


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port whose queue of connections is full: a further connect gets no answer."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        port = listening.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        yield port
        for each in waiting:
            each.close()
