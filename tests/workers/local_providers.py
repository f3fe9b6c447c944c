"""A company that reads the fixture servers of Rippling and Carta, which can fail and be given other words to say."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import asdict
from typing import Any

import pytest
from pytest_django import Settings

from companies.demo_connections import connect_demo
from companies.models import Company, User
from demo.providers.company import equity, people
from demo.providers.faults import Fault
from demo.providers.server import ProviderServer
from tests.fakes.fixture_providers import CREDENTIALS, ISSUER, FixtureProviders

ENVIRONMENT = {name.upper(): value for name, value in asdict(CREDENTIALS).items()} | {"DEMO_CARTA_ISSUER": ISSUER}


class LocalProviders:
    """Both servers. `asked` has method and path of every request of the API itself, those with a fault included."""

    def __init__(self, settings: Settings, stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, str]] = []
        self._settings, self._stack = settings, stack
        answer = ProviderServer._resource

        def watched(server: ProviderServer, request: Any) -> Any:
            self.asked.append((request.method, request.path))
            return answer(server, request)

        monkeypatch.setattr(ProviderServer, "_resource", watched)
        self.let()

    def let(self, *faults: Fault, page_size: int = 100) -> None:
        """From now on the product asks servers with `faults`."""
        servers = self._stack.enter_context(FixtureProviders(*faults, page_size=page_size))
        for name, value in servers.environment.items():
            setattr(self._settings, name, value)


def connect(company: Company, founder: User) -> None:
    """As `make run` connects its company."""
    connect_demo(company, founder, ENVIRONMENT)


@contextmanager
def changed_company() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The invented people and equity, to be changed inside; as they were behind it."""
    before = [deepcopy(part()) for part in (people, equity)]
    try:
        yield people(), equity()
    finally:
        for part, kept in zip((people(), equity()), before, strict=True):
            part.clear()
            part.update(kept)
