"""What tests share. `tests/servers.py` starts the servers, `tests/processes.py` the product's processes."""

import os
import socket
import threading
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from pytest_django import Settings

from companies.models import ApiKey, Company, Membership, User
from companies.postgresql import base
from matters import wakeup
from tests.databases import migrated_template
from tests.emptying import empty_quickly
from tests.fakes.llm import FakeLLM
from tests.fakes.provider_logins import CLIENT_ID, CLIENT_SECRET, FakeProviders, fake_providers
from tests.fuzzing import register_profile
from tests.processes import Installation, wait_until
from tests.threads import looking_up

register_profile()
empty_quickly()
# Of these processes: a test's one transaction rests while examples are made up, on a busy machine for longer than 10 s.
base.IDLE_IN_TRANSACTION_SECONDS = 600
# Playwright's synchronous API runs an event loop in the test's thread, where Django's ORM is used too.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(scope="session", autouse=True)
def _addresses() -> None:
    """The admin's pages come with them (`companies/admin_apps.py`), and no test may need another's request for that."""
    import_module("config.urls")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """pytest-django's database is a copy, too: its migrations find nothing to do."""
    connection.settings_dict["TEST"]["TEMPLATE"] = migrated_template()


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """No database is dropped, which a session left over would prevent: the server ends with the run."""
    return True


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings) -> None:
    """A slow hash protects real passwords; here it would cost a second for each person."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A running product for the tests of one module. Put those into one xdist group."""
    with Installation(tmp_path_factory.mktemp("installation")) as product:
        yield product


@pytest.fixture
def own_installation(tmp_path: Path) -> Iterator[Installation]:
    """A running product for one test, which may break it."""
    with Installation(tmp_path, workers=2) as product:
        yield product


@pytest.fixture
def llm() -> Iterator[FakeLLM]:
    """A fake model."""
    with FakeLLM() as server:
        yield server


@pytest.fixture
def providers(settings: Settings) -> Iterator[FakeProviders]:
    """Rippling and Carta, as far as connections need them; this site is registered at both."""
    with fake_providers() as server:
        settings.RIPPLING_BASE_URL = settings.CARTA_BASE_URL = server.url
        settings.RIPPLING_TOKEN_URL = settings.CARTA_TOKEN_URL = server.token_url
        settings.RIPPLING_CLIENT_ID = settings.CARTA_CLIENT_ID = CLIENT_ID
        settings.RIPPLING_CLIENT_SECRET = settings.CARTA_CLIENT_SECRET = CLIENT_SECRET
        yield server


@pytest.fixture
def company(db: None) -> Company:
    return Company.objects.create(name="Acme, Inc.", slug="acme", tier="pro")


@pytest.fixture
def founder(company: Company) -> User:
    user = User.objects.create_user("founder@acme.example", "correct horse battery")
    Membership.objects.create(company=company, user=user, role=Membership.Role.OWNER)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def api_key(company: Company) -> str:
    return ApiKey.issue(company, ["read", "write"])[1]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The hints that reach the broker."""
    hints: list[tuple[str, int]] = []
    monkeypatch.setattr(wakeup, "_quiet_until", 0.0)
    monkeypatch.setattr(wakeup, "_send", lambda more, _queue: hints.extend(more))
    return hints


@pytest.fixture
def hanging_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A resolver that finds 8.8.8.8 for every name, once this is set."""
    goes_on = threading.Event()

    def getaddrinfo(*_args: Any, **_options: Any) -> list[Any]:
        goes_on.wait(60)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield goes_on
    goes_on.set()
    wait_until(lambda: not looking_up(), "every thread that looks a name up has ended")
