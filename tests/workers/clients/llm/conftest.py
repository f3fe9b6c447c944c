from collections.abc import Callable, Iterator

import pytest

from tests.fakes.llm import FakeLLM
from tests.workers.clients.llm.asking import LENGTH
from tests.workers.clients.llm.raw_server import RawServer
from workers.clients.llm import LLMClient, Timeouts

MakeClient = Callable[..., LLMClient]


@pytest.fixture(scope="session")
def fake_process() -> Iterator[FakeLLM]:
    with FakeLLM() as fake:
        yield fake


@pytest.fixture
def fake(fake_process: FakeLLM) -> FakeLLM:
    """A fake model without calls, that streams LENGTH characters in a tenth of a second."""
    fake_process.reset()
    fake_process.set(text_size=LENGTH, interval=0.001)
    return fake_process


@pytest.fixture
def make_client(fake: FakeLLM) -> Iterator[MakeClient]:
    """Makes clients of the fake model; limits of time in seconds can be given by name."""
    made: list[LLMClient] = []

    def make(key: str = "test-key", base_url: str = fake.base_url, **limits: float) -> LLMClient:
        made.append(LLMClient(base_url, key, Timeouts(**limits), connections=100))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture(scope="session")
def shared_client(fake_process: FakeLLM) -> Iterator[LLMClient]:
    client = LLMClient(fake_process.base_url, "test-key", connections=100)
    yield client
    client.close()


@pytest.fixture
def raw_server() -> Iterator[RawServer]:
    with RawServer() as server:
        yield server


@pytest.fixture
def client(fake: FakeLLM, shared_client: LLMClient) -> LLMClient:
    """One client for all tests, as in a worker: what one test does to its pool, the next one feels."""
    return shared_client
