"""`/connections`: secrets come in and never go out; keys with `admin` and owners change, others read."""

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from hypothesis import given

from companies.connection_services import NewConnection, connect, disconnect
from companies.connections import Connection, ConnectionStatus, Method, Provider
from companies.credentials import Credentials
from companies.models import ApiKey, Company, Membership, User
from tests.api.answers import read_problem
from tests.api.conftest import Program
from tests.api.test_fuzz import bounded, check, values
from tests.api.test_openapi import described
from tests.fakes.provider_logins import CLIENT_ID, CLIENT_SECRET, RIPPLING_TOKEN, FakeProviders

pytestmark = pytest.mark.django_db
asks_providers = pytest.mark.django_db(transaction=True)  # the view gives its database connection back meanwhile
HERE = "/api/v1/connections"
ONE = f"{HERE}/{{connection_id}}"
RIPPLING = {"provider": "rippling", "api_token": RIPPLING_TOKEN}
CARTA = {"provider": "carta", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


def program(company: Company, *scopes: str) -> Program:
    return Program(Authorization=f"Bearer {ApiKey.issue(company, list(scopes))[1]}")


@pytest.fixture
def operator(company: Company) -> Program:
    return program(company, "read", "write", "admin")


@pytest.fixture
def description(client: Client) -> dict[str, Any]:
    return dict(client.get("/api/v1/openapi.json").json())


def stored(company: Company, provider: Provider = Provider.RIPPLING) -> Connection:
    new = NewConnection(provider, Method.API_TOKEN, Credentials(token=RIPPLING_TOKEN).sealed())
    return connect(company.pk, new, None)


def read(response: HttpResponse, status: int = 200) -> Any:
    assert response.status_code == status, response.content
    assert "Zaunkoenig" not in response.content.decode(), "a secret goes out"
    return json.loads(response.content)


@asks_providers
def test_a_provider_is_connected_tested_and_disconnected(
    operator: Program, providers: FakeProviders, description: dict[str, Any]
) -> None:
    made = operator.post(HERE, RIPPLING)
    described(description, HERE, "post", made)
    connection = read(made, 201)
    assert {name: connection[name] for name in ("provider", "method", "status", "reason", "connected_by")} == {
        "provider": "rippling",
        "method": "api_token",
        "status": "connected",
        "reason": "",
        "connected_by": None,
    }
    there = f"{HERE}/{connection['id']}"
    tested = operator.post(f"{there}/test")
    described(description, f"{ONE}/test", "post", tested)
    assert read(tested)["status"] == "connected"
    providers.state.good.clear()
    broken = read(operator.post(f"{there}/test"))
    assert (broken["status"], "no longer" in broken["reason"]) == ("broken", True)
    listed = operator.get(HERE)
    described(description, HERE, "get", listed)
    assert read(listed) == {"items": [broken], "next": None}
    for _ in range(2):
        assert operator.send("DELETE", there).status_code == 204
    ended = operator.get(there)
    described(description, ONE, "get", ended)
    assert read(ended)["status"] == "disconnected"
    assert Connection.objects.get().credentials is None
    read_problem(operator.post(f"{there}/test"), 409)


@asks_providers
def test_the_company_on_carta_is_chosen(
    operator: Program, providers: FakeProviders, description: dict[str, Any]
) -> None:
    providers.state.issuers = [("101", "Acme, Inc."), ("102", "Acme Labs")]
    connection = read(operator.post(HERE, CARTA), 201)
    assert (connection["status"], connection["issuer"]) == ("choosing", None)
    there = f"{HERE}/{connection['id']}"
    issuers = operator.get(f"{there}/issuers")
    described(description, f"{ONE}/issuers", "get", issuers)
    assert read(issuers)["items"] == [{"id": "101", "name": "Acme, Inc."}, {"id": "102", "name": "Acme Labs"}]
    problem = read_problem(operator.post(f"{there}/issuer", {"issuer_id": "999"}), 400)
    assert problem["errors"][0]["field"] == "issuer_id"
    chosen = operator.post(f"{there}/issuer", {"issuer_id": "102"})
    described(description, f"{ONE}/issuer", "post", chosen)
    assert (read(chosen)["status"], read(chosen)["issuer"]) == ("connected", {"id": "102", "name": "Acme Labs"})
    at_once = read(operator.post(HERE, CARTA | {"issuer_id": "101"}), 201)
    assert (at_once["status"], at_once["issuer"]["id"]) == ("connected", "101")
    read_problem(operator.post(HERE, CARTA | {"issuer_id": "999"}), 400)


@asks_providers
def test_wrong_credentials_are_told_with_their_field_and_stored_nowhere(
    operator: Program, providers: FakeProviders
) -> None:
    for body, field in (
        (RIPPLING | {"api_token": "Zaunkoenig-x"}, "api_token"),
        (CARTA | {"client_secret": "Zaunkoenig-x"}, "client_secret"),
    ):
        response = operator.post(HERE, body)
        assert "Zaunkoenig" not in response.content.decode()
        assert [error["field"] for error in read_problem(response, 400)["errors"]] == [field]
    assert not Connection.objects.exists()


@asks_providers
def test_a_provider_that_is_away_is_503_and_changes_nothing(operator: Program, providers: FakeProviders) -> None:
    providers.state.status = 500
    response = operator.post(HERE, RIPPLING)
    read_problem(response, 503)
    assert int(response["Retry-After"]) > 0
    assert not Connection.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"provider": "rippling"}, "api_token"),
        ({"provider": "carta", "client_id": "x"}, "client_secret"),
        (RIPPLING | {"client_id": "x"}, "client_id"),
        (RIPPLING | {"api_token": "Zaunkoenig two"}, "api_token"),
        (RIPPLING | {"api_token": ""}, "api_token"),
        ({"provider": "linkedin", "api_token": "Zaunkoenig"}, "provider"),
        (RIPPLING | {"token": "Zaunkoenig"}, "token"),
    ],
)
def test_what_is_missing_or_too_much_is_told_with_its_field(operator: Program, body: Any, field: str) -> None:
    response = operator.post(HERE, body)
    assert "Zaunkoenig" not in response.content.decode(), "what was sent comes back in the error"
    assert [error["field"] for error in read_problem(response, 400)["errors"]] == [field]


@bounded
@given(body=values)
def test_any_json_is_taken_or_refused(operator: Program, body: Any) -> None:
    check(operator.post(HERE, body))


def test_a_key_without_admin_reads_and_changes_nothing(api: Program, company: Company) -> None:
    row = stored(company)
    there = f"{HERE}/{row.pk}"
    assert read(api.get(there))["status"] == "connected"
    refused = [
        api.post(HERE, RIPPLING),
        api.send("DELETE", there),
        api.post(f"{there}/test"),
        api.get(f"{there}/issuers"),
    ]
    refused += [api.get(f"{there}/issuers"), api.post(f"{there}/issuer", {"issuer_id": "1"})]
    for response in refused:
        assert "`admin`" in read_problem(response, 403)["detail"]
    read_problem(program(company, "admin").get(HERE), 403)
    row.refresh_from_db()
    assert row.status == "connected"


def test_a_foreign_connection_answers_as_a_missing_one(operator: Program) -> None:
    foreign = stored(Company.objects.create(name="Other, Inc.", slug="other"))
    assert read(operator.get(HERE))["items"] == []
    for pk in (foreign.pk, "00000000-0000-4000-8000-000000000000", "x"):
        there = f"{HERE}/{pk}"
        answers = [operator.get(there), operator.send("DELETE", there), operator.post(f"{there}/test")]
        answers += [operator.get(f"{there}/issuers"), operator.post(f"{there}/issuer", {"issuer_id": "1"})]
        assert {read_problem(answer, 404)["detail"] for answer in answers} == {"There is nothing here for you."}
    foreign.refresh_from_db()
    assert foreign.status == "connected"


def test_a_session_changes_as_an_owner_only(page: Client, company: Company, founder: User) -> None:
    row = stored(company)
    page.get("/matters/new/")
    token = {"X-CSRFToken": page.cookies["csrftoken"].value}
    Membership.objects.filter(user=founder).update(role=Membership.Role.MEMBER)
    assert page.delete(f"{HERE}/{row.pk}", headers=token).status_code == 403
    Membership.objects.filter(user=founder).update(role=Membership.Role.OWNER)
    assert page.delete(f"{HERE}/{row.pk}").status_code == 403, "without the CSRF token"
    assert page.delete(f"{HERE}/{row.pk}", headers=token).status_code == 204


@asks_providers
def test_a_session_connects_the_company_whose_pages_it_shows(
    page: Client, company: Company, founder: User, providers: FakeProviders
) -> None:
    other = Company.objects.create(name="Other, Inc.", slug="other")
    Membership.objects.create(company=other, user=founder, role=Membership.Role.OWNER)
    browser = Client()
    browser.force_login(founder)
    browser.post("/settings/company/", {"company": str(other.pk)})
    assert browser.post(HERE, RIPPLING, content_type="application/json").status_code == 201
    assert Connection.objects.get().company == other, "a token went to another company than the one shown"


def test_only_carta_has_companies_to_choose_from(operator: Program, company: Company) -> None:
    row = stored(company)
    read_problem(operator.get(f"{HERE}/{row.pk}/issuers"), 409)


def test_of_each_provider_the_newest_is_listed(api: Program, company: Company) -> None:
    for _ in range(3):
        disconnect(stored(company).pk)
    carta = stored(company, Provider.CARTA)
    listed = read(api.get(HERE))["items"]
    assert [(item["provider"], item["status"]) for item in listed] == [
        ("carta", ConnectionStatus.CHOOSING),
        ("rippling", ConnectionStatus.DISCONNECTED),
    ]
    assert listed[0]["id"] == str(carta.pk)
