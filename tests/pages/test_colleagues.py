"""Asking a colleague from the pages: their list, and what becomes of an answer that comes second."""

import re

import pytest
from django.core import mail
from django.test import Client

from companies.models import Company, Membership, User
from matters.models import Fact, Matter, Question
from matters.services import change_question
from matters.states import QuestionStatus
from tests.pages.conftest import AskQuestion

pytestmark = pytest.mark.django_db
COLLEAGUE = "colleague@acme.example"


@pytest.fixture
def colleague(company: Company) -> User:
    user = User.objects.create_user(COLLEAGUE)
    Membership.objects.create(company=company, user=user)
    return user


@pytest.fixture
def theirs(colleague: User) -> Client:
    """The colleague's browser."""
    browser = Client()
    browser.force_login(colleague)
    return browser


def give(page: Client, question: Question, email: str = COLLEAGUE) -> str:
    """Ask from the card; returns the page that follows."""
    here = f"/matters/{question.matter_id}/questions/{question.pk}/assign/"
    return page.post(here, {"email": email}, follow=True).content.decode()


def listed(browser: Client) -> str:
    return browser.get("/questions/").content.decode()


def test_an_address_that_cannot_be_stored_is_refused_in_words(page: Client, ask: AskQuestion) -> None:
    assert "Character 2 is a NUL" in give(page, ask(), "a\x00@acme.example")


def test_what_a_colleague_is_asked_stands_in_their_list_and_is_counted_on_every_page(
    page: Client, theirs: Client, matter: Matter, ask: AskQuestion
) -> None:
    question = ask()
    assert "Nothing is waiting" in listed(theirs)
    assert f"Asked of {COLLEAGUE}" in give(page, question)
    html = listed(theirs)
    assert f"/matters/{matter.pk}/#card-{question.pk}" in html
    assert "Question 1?" in html
    assert '<span class="count">1</span>' in theirs.get("/").content.decode()
    assert "Nothing is waiting" in listed(page), "the founder was not asked"
    assert 'class="count"' not in page.get("/").content.decode()
    give(page, question, "")
    assert "Nothing is waiting" in listed(theirs), "taken back"


def test_an_answer_is_of_the_person_who_gave_it(
    page: Client, theirs: Client, colleague: User, matter: Matter, ask: AskQuestion
) -> None:
    question = ask()
    theirs.post(f"/matters/{matter.pk}/questions/{question.pk}/answer/", {"answer": "Twenty", "round": "1"})
    question.refresh_from_db()
    change_question(question, QuestionStatus.ANSWERED, "test")
    Fact.objects.create(matter=matter, question=question, key=question.key, value="20", source="founder")
    for browser in (page, theirs):
        html = browser.get(f"/matters/{matter.pk}/").content.decode()
        assert f"from {COLLEAGUE}" in html, "somebody is told that they said it"


def test_the_list_is_of_the_company_that_is_shown(
    page: Client, theirs: Client, colleague: User, ask: AskQuestion
) -> None:
    give(page, ask())
    other = Company.objects.create(name="Other, Inc.", slug="other")
    Membership.objects.create(company=other, user=colleague)
    theirs.post("/settings/company/", {"company": str(other.pk)})
    assert "Nothing is waiting" in listed(theirs)
    assert 'class="count"' not in theirs.get("/").content.decode()


def test_nobody_can_be_asked_who_is_no_member(page: Client, colleague: User, ask: AskQuestion) -> None:
    question = ask()
    User.objects.create_user("eve@elsewhere.example")
    assert "Give the address of a member" in give(page, question, "eve@elsewhere.example")
    question.refresh_from_db()
    assert question.assigned_to is None
    assert not mail.outbox


def test_the_first_answer_closes_it_and_who_comes_second_is_told_and_loses_nothing(
    page: Client, theirs: Client, founder: User, ask: AskQuestion
) -> None:
    question = ask()
    ask()
    give(page, question)
    here = f"/matters/{question.matter_id}/questions/{question.pk}/answer/"
    assert page.post(here, {"answer": "In Oregon.", "round": "1"}).status_code == 302
    assert "Nothing is waiting" in listed(theirs), "the first answer closes it for all"
    for headers in ({}, {"X-Requested-With": "fetch"}):
        second = theirs.post(here, {"answer": "In <b>Texas</b>.", "round": "1"}, headers=headers)
        assert second.status_code == 409
        text = second.content.decode().replace("&lt;", "<").replace("&gt;", ">")
        assert f"already been answered, by {founder.email}" in text
        assert "In <b>Texas</b>." in text, "what was typed is lost"
    question.refresh_from_db()
    assert [given["answer"] for given in question.answers] == ["In Oregon."]


def test_of_two_the_other_is_asked_by_one_click_whoever_of_them_clicks(
    page: Client, theirs: Client, founder: User, matter: Matter, ask: AskQuestion
) -> None:
    question = ask()
    here = f"/matters/{matter.pk}/questions/{question.pk}/assign/"
    assert 'name="other"' in page.get(f"/matters/{matter.pk}/").content.decode()
    for browser, asked in ((page, COLLEAGUE), (theirs, founder.email)):
        answer = browser.post(here, {"other": "1"}, headers={"X-Requested-With": "fetch"}).content.decode()
        assert f"Asked of {asked}. Anyone at the company can answer." in answer
        assert "You may answer" not in answer, "who was asked is not told that they may answer, too"
        assert "Let anyone answer" in answer


def test_of_several_nobody_is_chosen_beforehand(
    page: Client, colleague: User, company: Company, matter: Matter, ask: AskQuestion
) -> None:
    question = ask()
    Membership.objects.create(company=company, user=User.objects.create_user("third@acme.example"))
    html = page.get(f"/matters/{matter.pk}/").content.decode()
    assert re.search(r'<select name="email"[^>]*required>\s*<option value="">Choose…</option>', html)
    here = f"/matters/{matter.pk}/questions/{question.pk}/assign/"
    late = page.post(here, {"other": "1"}, headers={"X-Requested-With": "fetch"})
    assert late.status_code == 409, "a page of two, which was opened before the third came, asks anybody"
    assert "choose who should answer" in late.content.decode()
    give(page, question)
    assert f"<option selected>{colleague.email}</option>" in page.get(f"/matters/{matter.pk}/").content.decode()


def test_who_is_alone_is_offered_nobody_to_ask(page: Client, matter: Matter, ask: AskQuestion) -> None:
    ask()
    assert "Ask a colleague" not in page.get(f"/matters/{matter.pk}/").content.decode()
