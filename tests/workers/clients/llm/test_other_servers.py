"""The client beside a server that nobody of this project wrote: LLMock, on uvicorn."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.workers.clients.llm.asking import Stopwatch, ask, read
from workers.clients.llm import Call, Code, LLMClient, LLMError

pytestmark = pytest.mark.xdist_group("llmock")  # it takes seconds to start, so once


@pytest.fixture(scope="module")
def client() -> Iterator[LLMClient]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).parent / "llmock"), "serve", "--port", str(port), "--context-window", "1000"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        wait_for(f"http://127.0.0.1:{port}/v1/models")
        client = LLMClient(f"http://127.0.0.1:{port}/v1", "k", connections=10)
        yield client
        client.close()
        server.terminate()


def wait_for(url: str) -> None:
    watch = Stopwatch()
    while watch.seconds < 30:
        try:
            httpx2.get(url, trust_env=False)
        except httpx2.ConnectError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"nothing answers at {url}")


def test_a_reply_has_the_form_of_its_schema(client: LLMClient) -> None:
    reply = ask(client)

    assert set(json.loads(reply.text)) == {"relevant", "reason"}
    assert (reply.finish_reason, reply.model) == ("stop", "fake-model")
    assert reply.usage is not None


def test_a_stream_is_read_to_its_end(client: LLMClient) -> None:
    text, error, stream = read(client)

    assert text
    assert error is None
    assert stream is not None
    assert stream.finish_reason == "stop"
    assert stream.usage is not None


def test_a_prompt_that_is_too_long_is_told_apart(client: LLMClient) -> None:
    with pytest.raises(LLMError) as caught:
        client.stream([{"role": "user", "content": "word " * 5_000}], model="m", call=Call())

    assert caught.value.code is Code.CONTEXT_OVERFLOW
