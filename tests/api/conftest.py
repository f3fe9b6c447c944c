"""A program that calls the API, in this process."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

import companies.rate_limit
from companies.models import ApiKey, Company, Membership, User
from matters.models import Matter
from tests.rows import submitted

MATTERS = "/api/v1/matters"


class Program:
    """A client of the API with a key, or with whatever other headers."""

    def __init__(self, **headers: str) -> None:
        self.client = Client(headers=headers)

    def get(self, path: str, **query: Any) -> HttpResponse:
        return self._answer("GET", path, query_params=query)

    def post(self, path: str, body: Any = b"", content_type: str = "application/json", **headers: str) -> HttpResponse:
        """POST `body`: bytes as they are, anything else as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._answer("POST", path, data=content, content_type=content_type, headers=names)

    def send(self, method: str, path: str) -> HttpResponse:
        return self._answer(method, path)

    def _answer(self, method: str, path: str, **options: Any) -> HttpResponse:
        response = self.client.generic(method, path, **options)
        assert isinstance(response, HttpResponse)
        return response


@pytest.fixture(autouse=True)
def _quiet_settings(settings: Settings) -> Iterator[None]:
    """No static files were collected, of which WhiteNoise would warn; no earlier test has made Redis seem away."""
    settings.STATIC_ROOT = None
    companies.rate_limit._quiet_until = 0.0
    yield
    companies.rate_limit._quiet_until = 0.0


@pytest.fixture
def api(api_key: str) -> Program:
    """A program with a key for reading and writing."""
    return Program(Authorization=f"Bearer {api_key}")


@pytest.fixture
def matter(company: Company) -> Matter:
    """A matter of the key's company."""
    return submitted(company)


@pytest.fixture
def stranger(db: None) -> Program:
    """A program of another company."""
    other = Company.objects.create(name="Other, Inc.", slug="other")
    return Program(Authorization=f"Bearer {ApiKey.issue(other, ['read', 'write'])[1]}")


@pytest.fixture
def page(founder: User) -> Client:
    """The founder's browser, signed in, with CSRF checks as a real one meets them."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(founder)
    return browser


@pytest.fixture
def outsider(db: None) -> User:
    """A person who belongs to no company."""
    user = User.objects.create_user("nobody@example.com")
    assert not Membership.objects.filter(user=user).exists()
    return user
