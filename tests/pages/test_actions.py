"""What a founder can do on a matter's page, by form: with a redirect, or, for the page's script, with fragments."""

import uuid
from typing import Any

import pytest
from django.test import Client

from companies.models import Membership
from matters.models import Matter
from matters.services import fail_matter
from matters.states import MatterStatus
from tests.pages.conftest import AskQuestion, Write, lead_to

pytestmark = pytest.mark.django_db
SCRIPT = {"X-Requested-With": "fetch"}


def url_of(matter: Matter, action: str = "") -> str:
    return f"/matters/{matter.pk}/{action}"


def test_an_answer_is_stored_and_the_page_shown_again(page: Client, matter: Matter, ask: AskQuestion) -> None:
    question = ask()
    response = page.post(url_of(matter, f"questions/{question.pk}/answer/"), {"answer": "In Oakland.", "round": "1"})
    assert (response.status_code, response["Location"]) == (302, url_of(matter))
    question.refresh_from_db()
    assert (question.status, question.answer) == ("normalising", "In Oakland.")
    assert "In Oakland." in page.get(url_of(matter)).content.decode()


def test_not_to_know_is_an_answer(page: Client, matter: Matter, ask: AskQuestion) -> None:
    question = ask("date")
    page.post(url_of(matter, f"questions/{question.pk}/answer/"), {"answer": "", "unknown": "1", "round": "1"})
    question.refresh_from_db()
    assert question.answers[0]["answer"] is None


def test_a_bad_answer_keeps_what_was_typed_and_says_what_to_do(page: Client, matter: Matter, ask: AskQuestion) -> None:
    question = ask("number")
    response = page.post(url_of(matter, f"questions/{question.pk}/answer/"), {"answer": "about <ten>", "round": "1"})
    html = response.content.decode()
    assert response.status_code == 400
    assert 'value="about &lt;ten&gt;"' in html
    assert "Give a number in digits" in html
    question.refresh_from_db()
    assert question.answers == []


def test_another_answer_to_the_same_question_is_refused(page: Client, matter: Matter, ask: AskQuestion) -> None:
    question = ask()
    address = url_of(matter, f"questions/{question.pk}/answer/")
    assert page.post(address, {"answer": "Oakland", "round": "1"}).status_code == 302
    assert page.post(address, {"answer": "Oakland", "round": "1"}).status_code == 302, "the same again is no conflict"
    response = page.post(address, {"answer": "Berlin", "round": "1"})
    assert response.status_code == 409
    assert "already been answered" in response.content.decode()


def test_a_question_of_another_matter_is_not_found(page: Client, matter: Matter, ask: AskQuestion) -> None:
    ask()
    assert page.post(url_of(matter, f"questions/{uuid.uuid4()}/answer/"), {"answer": "x"}).status_code == 404


def test_stop_keeps_the_text_that_was_written(page: Client, matter: Matter, write: Write) -> None:
    write("Half an advice", status=None)
    assert page.post(url_of(matter, "stop/")).status_code == 302
    html = page.get(url_of(matter)).content.decode()
    assert "Half an advice" in html
    assert "Stopped." in html
    assert "Regenerate" in html


def test_what_is_written_can_not_be_stopped(page: Client, matter: Matter, write: Write) -> None:
    write("An advice")
    response = page.post(url_of(matter, "stop/"))
    assert response.status_code == 409
    assert "nothing to stop" in response.content.decode()


def test_retry_goes_on_where_it_failed(page: Client, matter: Matter) -> None:
    lead_to(matter, MatterStatus.RESEARCHING)
    fail_matter(matter, {"code": "timeout", "message": "Too slow.", "retryable": True}, "test")
    assert page.post(url_of(matter, "retry/")).status_code == 302
    matter.refresh_from_db()
    assert (matter.status, matter.error) == ("researching", None)


def test_a_matter_that_did_not_fail_is_not_retried(page: Client, matter: Matter) -> None:
    assert page.post(url_of(matter, "retry/")).status_code == 409


def test_regenerate_begins_a_new_version_and_keeps_the_old_one(page: Client, matter: Matter, write: Write) -> None:
    write("An advice")
    assert page.post(url_of(matter, "regenerate/")).status_code == 302
    html = page.get(url_of(matter)).content.decode()
    assert "An advice" in html
    assert "new version is about to be written" in html


def test_nothing_is_regenerated_while_the_first_version_is_written(page: Client, matter: Matter, write: Write) -> None:
    write("Half", status=None)
    assert page.post(url_of(matter, "regenerate/")).status_code == 409


def script_posts(page: Client, address: str, data: dict[str, Any] | None = None) -> tuple[int, str]:
    response = page.post(address, data or {}, headers=SCRIPT)
    return response.status_code, response.content.decode()


def test_the_script_gets_fragments(page: Client, matter: Matter) -> None:
    status, html = script_posts(page, url_of(matter, "stop/"))
    assert status == 200
    assert "<html" not in html
    assert 'id="stage"' in html
    assert "data-socket" not in html, "a stopped matter needs no stream"


def test_the_script_gets_one_line_when_something_is_wrong(page: Client, matter: Matter, ask: AskQuestion) -> None:
    question = ask("yes_no")
    address = url_of(matter, f"questions/{question.pk}/answer/")
    assert script_posts(page, address, {"answer": ""}) == (400, "Give an answer first, or choose “I don't know”.")
    assert script_posts(page, url_of(matter, "retry/"))[0] == 409


def test_the_script_is_told_that_the_session_has_ended(client: Client, matter: Matter) -> None:
    status, text = script_posts(client, url_of(matter, "stop/"))
    assert status == 403
    assert text.startswith("You are signed out")


def test_the_script_is_told_that_somebody_is_no_member_any_more(page: Client, matter: Matter) -> None:
    Membership.objects.all().delete()
    status, text = script_posts(page, url_of(matter, "stop/"))
    assert status == 403
    assert text.startswith("You are no longer in a company")
    assert page.get(url_of(matter), headers={"X-Requested-With": "fetch"}).content.decode() == text
    assert "<h1>You are not in a company yet</h1>" in page.get(url_of(matter)).content.decode()


def test_a_form_without_its_token_is_refused_in_words(founder: object, matter: Matter) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(founder)  # type: ignore[arg-type]
    response = strict.post(url_of(matter, "stop/"))
    assert response.status_code == 403
    assert "send this again" in response.content.decode()
