"""An event loop with the connections of a web process, ended with the test."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import pytest

from advice.hub import hub
from companies.models import Company
from matters.models import Matter
from tests import rows
from tests.pools import close_async_pool

T = TypeVar("T")


class Loop:
    """Runs coroutines of a web process from a synchronous test."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(coroutine)

    def close(self) -> None:
        self.run(_close_all())
        self._runner.close()


async def _close_all() -> None:
    await hub().close()
    await close_async_pool()


@pytest.fixture
def loop(transactional_db: None) -> Iterator[Loop]:
    running = Loop()
    yield running
    running.close()


@pytest.fixture
def matter(transactional_db: None, company: Company) -> Matter:
    """A matter whose advice is to be written."""
    return rows.advising(company)
