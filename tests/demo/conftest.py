"""The demo model as a process of its own, and clients for it."""

from collections.abc import Iterator

import httpx2
import pytest
from openai import OpenAI

from tests.demo.serving import serving


@pytest.fixture(scope="session")
def model_address() -> Iterator[str]:
    """The base address of a demo model that waits for nothing."""
    with serving("--pace", "0", "--delay", "0") as address:
        yield address


@pytest.fixture
def model(model_address: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=model_address, api_key="any", max_retries=0, timeout=30) as client:
        yield client


@pytest.fixture
def http(model_address: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=model_address, timeout=30) as client:
        yield client
