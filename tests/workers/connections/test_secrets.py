"""Where a secret is after a life of a connection: nowhere but sealed in its row, and not even there behind its end."""

import json
import logging
import sys
from collections.abc import Callable
from uuid import UUID

import pytest
from django.core import mail
from django.core.signals import got_request_exception
from django.http import HttpResponse
from django.test import Client
from django.views.debug import ExceptionReporter
from pytest_django import Settings

from companies.connections import Connection
from companies.models import ApiKey, Company, User
from tests.fakes.provider_logins import CLIENT_ID, CLIENT_SECRET, RIPPLING_TOKEN, FakeProviders
from tests.workers.test_pruning import places_with
from workers.connections import note_connection, open_connection
from workers.provider_http import ProviderError

pytestmark = pytest.mark.django_db(transaction=True)
CANARY = "Zaunkoenig"  # in every secret and token of the fake providers
PAGE, API = "/settings/connections/", "/api/v1/connections"
CARTA = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


@pytest.fixture
def said(settings: Settings) -> list[str]:
    settings.STATIC_ROOT = None
    return []


def test_a_secret_is_in_no_answer_log_queue_email_or_column(
    founder: User, company: Company, providers: FakeProviders, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    page, api = (
        Client(),
        Client(headers={"Authorization": f"Bearer {ApiKey.issue(company, ['read', 'admin', 'write'])[1]}"}),
    )
    page.force_login(founder)

    def ask(browser: Client, method: str, path: str, **body: str) -> None:
        content = {"data": body} if browser is page else {"data": json.dumps(body), "content_type": "application/json"}
        response = getattr(browser, method)(path, **(content if method == "post" else {}))
        assert isinstance(response, HttpResponse)
        said.append(f"{response.headers} {response.content.decode()}")

    ask(page, "post", f"{PAGE}rippling/connect/", api_token=RIPPLING_TOKEN)
    ask(page, "post", f"{PAGE}carta/connect/", **CARTA)
    ask(api, "post", API, provider="carta", **CARTA)
    read_all(company)
    providers.state.good.clear()
    providers.state.secret = "changed meanwhile"
    read_all(company)
    for row in Connection.objects.exclude(status="disconnected"):
        ask(page, "post", f"{PAGE}{row.pk}/test/")
        ask(api, "post", f"{API}/{row.pk}/test")
    ask(page, "post", f"{PAGE}carta/connect/", **CARTA)
    ask(api, "post", API, provider="rippling", api_token=RIPPLING_TOKEN)
    ask(page, "get", PAGE)
    ask(api, "get", API)
    assert len(mail.outbox) == 2, "owners were told that both broke"
    said += [f"{letter.subject} {letter.body}" for letter in mail.outbox]
    assert CANARY not in "".join(said) + caplog.text
    assert places_with(CANARY) == set()
    for row in Connection.objects.exclude(status="disconnected"):
        ask(page, "post", f"{PAGE}{row.pk}/disconnect/")
    assert not Connection.objects.filter(credentials__isnull=False).exists()


def read_all(company: Company) -> None:
    """As a worker does."""
    people, equity = open_connection(company.pk, "rippling"), open_connection(company.pk, "carta")
    assert people is not None
    assert equity is not None
    calls: list[tuple[UUID, Callable[[], object]]] = [
        (people.id, people.client.workers),
        (equity.id, equity.client.stakeholders),
    ]
    for connection_id, call in calls:
        try:
            call()
        except ProviderError as error:
            note_connection(connection_id, error)
        else:
            note_connection(connection_id)
    people.client.close()
    equity.client.close()


@pytest.mark.parametrize(("provider", "given"), [("rippling", {"api_token": RIPPLING_TOKEN}), ("carta", CARTA)])
def test_an_error_report_shows_no_secret(
    founder: User, providers: FakeProviders, settings: Settings, said: list[str], provider: str, given: dict[str, str]
) -> None:
    settings.CARTA_CLIENT_ID = settings.RIPPLING_CLIENT_ID = "this site's, which the report may name"
    settings.FIELD_ENCRYPTION_KEYS = []  # an operator's mistake, in the middle of everything

    def report(request: object, **_: object) -> None:
        said.append(ExceptionReporter(request, *sys.exc_info()).get_traceback_text())  # type: ignore[arg-type]

    page = Client(raise_request_exception=False)
    page.force_login(founder)
    got_request_exception.connect(report)
    try:
        assert page.post(f"{PAGE}{provider}/connect/", given).status_code == 500
    finally:
        got_request_exception.disconnect(report)
    (text,) = said
    assert "FIELD_ENCRYPTION_KEYS is empty" in text
    assert CANARY not in text
