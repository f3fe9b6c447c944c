"""Signing in, the list of matters, and a new one."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from companies.models import Company, User
from matters.examples import EXAMPLES
from matters.models import Matter
from matters.services import Submission, submit_matter
from tests.pages.conftest import age

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


def test_a_stranger_is_led_to_the_sign_in_and_back(client: Client, founder: User) -> None:
    assert client.get("/")["Location"] == "/accounts/login/?next=/"
    response = client.post(
        "/accounts/login/?next=/matters/new/",
        {"login": "FOUNDER@acme.example", "password": PASSWORD, "next": "/matters/new/"},
    )
    assert response["Location"] == "/matters/new/", "an address is the same in upper case"


def test_a_wrong_password_is_told_in_plain_words_and_keeps_the_address(client: Client, founder: User) -> None:
    html = client.post("/accounts/login/", {"login": founder.email, "password": "wrong"}).content.decode()
    assert "do not match" in html
    assert founder.email in html


def test_nobody_is_led_to_another_host(client: Client, founder: User) -> None:
    data = {"login": founder.email, "password": PASSWORD, "next": "https://evil.example/"}
    assert client.post("/accounts/login/", data)["Location"] == "/"


def test_signing_out_is_a_form_and_ends_the_session(page: Client) -> None:
    assert "Sign out" in page.get("/accounts/logout/").content.decode()
    assert page.get("/").status_code == 200, "to look at the form ends nothing"
    page.post("/accounts/logout/")
    assert page.get("/").status_code == 302


def test_staff_without_a_company_come_to_the_admin_when_they_sign_in(client: Client, db: None) -> None:
    staff = User.objects.create_superuser("staff@acme.example", PASSWORD)
    EmailAddress.objects.create(user=staff, email=staff.email, verified=True, primary=True)
    answer = client.post("/accounts/login/", {"login": staff.email, "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1:] == [("/admin/", 302)], "they are told that they are in no company"
    assert answer.status_code == 200


def test_staff_without_a_company_are_told_where_to_go_on_a_page_for_members(client: Client, db: None) -> None:
    client.force_login(User.objects.create_superuser("staff@acme.example", PASSWORD))
    response = client.get("/matters/new/")
    assert response.status_code == 403
    assert 'href="/admin/"' in response.content.decode()


def test_who_is_in_no_company_and_no_staff_is_told_so(client: Client, db: None) -> None:
    client.force_login(User.objects.create_user("nobody@acme.example", PASSWORD))
    response = client.get("/")
    assert response.status_code == 403
    assert "You are not in a company yet" in response.content.decode()


def test_the_list_has_the_newest_first_with_its_status(page: Client, company: Company, foreign_matter: Matter) -> None:
    for text in ("The older question", "The newer question"):
        matter, _ = submit_matter(company, Submission(question=text))
        if "older" in text:
            age(matter)
    html = page.get("/").content.decode()
    assert html.index("The newer question") < html.index("The older question")
    assert "Queued" in html
    assert foreign_matter.question not in html


def test_the_list_is_paged(page: Client, company: Company) -> None:
    for number in range(23):
        submit_matter(company, Submission(question=f"Question {number}"))
    assert "Page 1 of 2" in page.get("/").content.decode()
    for wish in ("2", "99"):
        assert "Page 2 of 2" in page.get("/", {"page": wish}).content.decode()
    assert "Page 1 of 2" in page.get("/", {"page": "x"}).content.decode()


def test_an_empty_list_offers_three_examples(page: Client) -> None:
    html = page.get("/").content.decode()
    assert all(title in html for title, _ in EXAMPLES)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_example_fills_the_form_without_a_script(page: Client, number: int) -> None:
    html = page.get("/matters/new/", {"example": str(number)}).content.decode()
    assert f">\n{EXAMPLES[number - 1][1]}</textarea>" in html


@pytest.mark.parametrize("number", ["0", "4", "²", "x", "-1"])
def test_an_example_that_is_none_leaves_the_form_empty(page: Client, number: str) -> None:
    assert ">\n</textarea>" in page.get("/matters/new/", {"example": number}).content.decode()


def test_a_question_becomes_a_matter(page: Client, founder: User) -> None:
    response = page.post("/matters/new/", {"question": "May we let our CTO go?"})
    matter = Matter.objects.get()
    assert response["Location"] == f"/matters/{matter.pk}/"
    assert (matter.question, matter.created_by) == ("May we let our CTO go?", founder)


@pytest.mark.parametrize("question", ["", "a" * 10_001, "a\x00b"])
def test_a_question_that_can_not_be_taken_stores_nothing_and_is_kept_in_the_form(page: Client, question: str) -> None:
    response = page.post("/matters/new/", {"question": question})
    assert response.status_code == 400
    assert 'role="alert"' in response.content.decode()
    assert question.replace("\x00", "") in response.content.decode().replace("\x00", "")
    assert not Matter.objects.exists()


def test_a_question_is_shown_as_text_everywhere(page: Client, company: Company) -> None:
    attack = "</textarea><script>alert(1)</script><img src=x onerror=alert(1)>"
    matter, _ = submit_matter(company, Submission(question=attack))
    for address in ("/", f"/matters/{matter.pk}/"):
        html = page.get(address).content.decode()
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "&lt;script&gt;alert" in html
    assert "<script>alert" not in page.post("/matters/new/", {"question": attack + "\x00"}).content.decode()


def test_the_policy_of_every_page_allows_no_script_inside_it(page: Client) -> None:
    policy = page.get("/").headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-inline" not in policy


@pytest.mark.parametrize("demo", [True, False])
def test_every_page_says_when_the_demo_model_answers(page: Client, settings: object, demo: bool) -> None:
    settings.LLM_MODEL = "demo-model" if demo else "another"  # type: ignore[attr-defined]
    for address in ("/", "/matters/new/", "/nowhere/"):
        assert ("not written by a language model" in page.get(address).content.decode()) is demo


def test_a_browser_that_asks_for_an_icon_unasked_is_shown_ours(client: Client) -> None:
    """As it does on pages that name none: the admin's, the API's own, a file."""
    icon = client.get("/favicon.ico", follow=True)
    assert icon.status_code == 200, "each such page leaves an error in the browser's console and a 404 in the log"
    assert icon["Content-Type"] == "image/svg+xml"
    assert icon.getvalue().startswith(b"<svg")
