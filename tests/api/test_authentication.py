"""Who may call: a program with a key, looked at first, or a person with the pages' session."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client

from companies.models import ApiKey, Company, User
from matters.models import Matter
from tests.api.answers import read_problem
from tests.api.conftest import MATTERS, Program

pytestmark = pytest.mark.django_db
QUESTION = {"question": "How?"}


def refused(response: HttpResponse) -> None:
    read_problem(response, 401)
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_it_does_not_answer_a_stranger(db: None, method: str) -> None:
    refused(Program().send(method, MATTERS))


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer ключ",
        "Bearer a b c",
        "Bearer \udc80",
        "Basic YTpi",
        "bear",
        " ",
        "",
    ],
)
def test_it_does_not_take_what_is_no_key(db: None, header: str) -> None:
    refused(Program(Authorization=header).get(MATTERS))


def test_the_word_bearer_may_be_written_in_any_case(api_key: str) -> None:
    assert Program(Authorization=f"bEARER {api_key}").get(MATTERS).status_code == 200


def test_a_wrong_key_is_refused_although_there_is_a_session(page: Client) -> None:
    assert page.get(MATTERS).status_code == 200
    refused(_http(page.get(MATTERS, headers={"Authorization": "Bearer wrong"})))


def test_a_key_needs_no_csrf_token_although_there_is_a_session(page: Client, api_key: str) -> None:
    headers = {"Authorization": f"Bearer {api_key}"}
    assert page.post(MATTERS, QUESTION, content_type="application/json", headers=headers).status_code == 202


def test_a_session_needs_the_csrf_token_to_change_anything(page: Client) -> None:
    response = _http(page.post(MATTERS, QUESTION, content_type="application/json"))
    assert "CSRF" in read_problem(response, 403)["detail"]
    assert not Matter.objects.exists()
    token = "t" * 32
    page.cookies["csrftoken"] = token
    response = _http(page.post(MATTERS, QUESTION, content_type="application/json", headers={"X-CSRFToken": token}))
    assert response.status_code == 202


@pytest.mark.parametrize("body", ["a&" * 20_000, "x" * 100], ids=["many fields", "no fields"])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=", "multipart/x"])
def test_a_form_without_the_token_is_refused_too(page: Client, kind: str, body: str) -> None:
    response = _http(page.generic("POST", MATTERS, body, content_type=kind))
    read_problem(response, response.status_code)
    assert response.status_code in (400, 403)


def test_a_matter_sent_by_a_session_is_by_that_person(page: Client, founder: User, company: Company) -> None:
    page.handler.enforce_csrf_checks = False
    assert page.post(MATTERS, QUESTION, content_type="application/json").status_code == 202
    matter = Matter.objects.get()
    assert (matter.created_by, matter.company) == (founder, company)


def test_a_person_without_a_company_sees_nothing_and_can_ask_nothing(outsider: User, matter: Matter) -> None:
    browser = Client()
    browser.force_login(outsider)
    assert browser.get(MATTERS).json() == {"items": [], "next": None}
    read_problem(_http(browser.get(f"{MATTERS}/{matter.pk}")), 404)
    response = _http(browser.post(MATTERS, QUESTION, content_type="application/json"))
    assert "not in a company" in read_problem(response, 403)["detail"]


def test_a_person_who_was_deactivated_is_a_stranger(page: Client, founder: User) -> None:
    User.objects.filter(pk=founder.pk).update(is_active=False)
    refused(_http(page.get(MATTERS)))


def test_a_key_does_what_its_scopes_say(company: Company, matter: Matter) -> None:
    reader = Program(Authorization=f"Bearer {ApiKey.issue(company, ['read'])[1]}")
    assert reader.get(MATTERS).status_code == 200
    assert "write" in read_problem(reader.post(MATTERS, QUESTION), 403)["detail"]
    read_problem(reader.post(f"{MATTERS}/{matter.pk}/cancel"), 403)
    writer = Program(Authorization=f"Bearer {ApiKey.issue(company, ['write'])[1]}")
    assert writer.post(MATTERS, QUESTION).status_code == 202
    assert "read" in read_problem(writer.get(MATTERS), 403)["detail"]


def test_a_revoked_key_is_a_stranger(company: Company) -> None:
    row, token = ApiKey.issue(company, ["read", "write"])
    program = Program(Authorization=f"Bearer {token}")
    assert program.get(MATTERS).status_code == 200
    row.revoke()
    refused(program.get(MATTERS))


@pytest.mark.parametrize("path", ["", "/advice", "/advice.md"])
def test_a_foreign_matter_is_read_exactly_as_a_missing_one(stranger: Program, matter: Matter, path: str) -> None:
    missing = f"{MATTERS}/00000000-0000-0000-0000-000000000000{path}"
    assert told(stranger.get(f"{MATTERS}/{matter.pk}{path}")) == told(stranger.get(missing))


@pytest.mark.parametrize("action", ["cancel", "retry", "regenerate"])
def test_a_foreign_matter_is_changed_exactly_as_a_missing_one(stranger: Program, matter: Matter, action: str) -> None:
    missing = f"{MATTERS}/00000000-0000-0000-0000-000000000000/{action}"
    assert told(stranger.post(f"{MATTERS}/{matter.pk}/{action}")) == told(stranger.post(missing))
    matter.refresh_from_db()
    assert matter.status == "queued"


def test_it_lists_no_foreign_matters(stranger: Program, matter: Matter) -> None:
    assert json.loads(stranger.get(MATTERS).content)["items"] == []


def test_a_new_key_is_printed_alone_and_works(company: Company, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_api_key", "--company", "acme")
    token = capsys.readouterr().out.strip()
    assert "\n" not in token
    assert Program(Authorization=f"Bearer {token}").post(MATTERS, QUESTION).status_code == 202
    assert ApiKey.objects.get().scopes == ["read", "write"]
    assert not ApiKey.objects.filter(sha256__contains=token).exists(), "the key itself is kept nowhere"


@pytest.mark.parametrize("arguments", [["nobody"], ["acme", "--scopes", "read,root"], ["acme", "--scopes", ","]])
def test_no_key_is_made_for_an_unknown_company_or_scope(company: Company, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("create_api_key", "--company", *arguments)
    assert not ApiKey.objects.exists()


def told(response: HttpResponse) -> tuple[int, dict[str, Any], list[str]]:
    """All that a client learns but the request's id."""
    headers = sorted(f"{name}: {value}" for name, value in response.items() if name != "X-Request-ID")
    return response.status_code, read_problem(response, 404) | {"request_id": ""}, headers


def _http(response: Any) -> HttpResponse:
    assert isinstance(response, HttpResponse)
    return response
