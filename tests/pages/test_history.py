"""The list of matters: searching, naming, deleting and undoing it; a deleted matter is as missing, everywhere."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.test import Client

from advice.models import ShareLink
from advice.sharing.links import share_attempt
from companies.models import ApiKey, Company, Membership, User
from matters.history import UNDO_MINUTES
from matters.models import Matter
from matters.questions.answering import answer_question
from matters.services import NotAllowed, Submission, change_status, lock_matter, submit_matter
from matters.states import MatterStatus
from tests.pages.conftest import AskQuestion, Write
from tests.threads import in_background
from workers.pruning import prune

pytestmark = pytest.mark.django_db


def submit(company: Company, question: str) -> Matter:
    return submit_matter(company, Submission(question=question))[0]


def shown(page: Client, **query: str) -> str:
    response = page.get("/", query)
    assert response.status_code == 200
    return response.content.decode()


def test_the_search_finds_all_words_in_question_or_title(
    page: Client, company: Company, foreign_matter: Matter
) -> None:
    cto, lease = submit(company, "May we let our CTO go?"), submit(company, "May we end the lease?")
    page.post(f"/matters/{lease.pk}/rename/", {"title": "Office in Oakland"})
    assert "CTO" in shown(page, q="cto MAY")
    assert "Oakland" not in shown(page, q="cto MAY")
    assert str(lease.pk) in shown(page, q="oakland lease"), "one word is the title's, the other the question's"
    assert "No matters match" in shown(page, q="nobody else may read"), "a foreign matter is not found"
    assert str(cto.pk) in shown(page, q="")


@pytest.mark.parametrize("words", ["%", "_", "\x00", "'; --", "\\", "a" * 5000])
def test_odd_words_are_searched_for_as_they_are(page: Client, company: Company, words: str) -> None:
    submit(company, "May we let our CTO go?")
    assert ("CTO" in shown(page, q=words)) == (not words.strip("\x00"))


def test_a_page_of_what_was_found_leads_to_the_next_one(page: Client, company: Company) -> None:
    for number in range(21):
        submit(company, f"Lease {number}")
    assert "?q=lease&amp;page=2" in shown(page, q="lease")


def test_the_list_can_be_narrowed_to_a_state(page: Client, matter: Matter, ask: AskQuestion, company: Company) -> None:
    ask()
    other = submit(company, "Another one")
    page.post(f"/matters/{other.pk}/stop/")
    matter.refresh_from_db()
    change_status(matter, MatterStatus.AWAITING_FOUNDER, "test")
    assert str(matter.pk) in shown(page, show="waiting")
    assert str(other.pk) not in shown(page, show="waiting")
    assert str(other.pk) in shown(page, show="stopped")
    assert str(matter.pk) not in shown(page, show="stopped")
    assert str(matter.pk) in shown(page, show="nonsense")


def test_a_title_stands_for_the_question_and_can_be_taken_away(page: Client, matter: Matter) -> None:
    page.post(f"/matters/{matter.pk}/rename/", {"title": "  Our CTO  "})
    for html in (shown(page), page.get(f"/matters/{matter.pk}/").content.decode()):
        assert "Our CTO" in html
    assert matter.question in page.get(f"/matters/{matter.pk}/").content.decode(), "the question can still be read"
    page.post(f"/matters/{matter.pk}/rename/", {"title": ""})
    assert matter.question in shown(page)


@pytest.mark.parametrize("title", ["x" * 201, "a\x00b"])
def test_a_title_that_cannot_be_stored_is_refused_in_words(page: Client, matter: Matter, title: str) -> None:
    response = page.post(f"/matters/{matter.pk}/rename/", {"title": title})
    assert response.status_code == 400
    assert 'role="alert"' in response.content.decode()
    matter.refresh_from_db()
    assert matter.title == ""


def test_a_deleted_matter_is_as_missing_everywhere_and_undo_brings_it_back(
    page: Client, matter: Matter, write: Write, company: Company, founder: User
) -> None:
    attempt = write("Pay at once [P1].")
    _, token = share_attempt(attempt, days=1, facts=True, by=founder)
    headers = {"Authorization": f"Bearer {ApiKey.issue(company, ['read', 'write', 'admin'])[1]}"}
    addresses = [
        f"/matters/{matter.pk}/",
        f"/shared/{token}/",
        *(f"/api/v1/matters/{matter.pk}{rest}" for rest in ("", "/advice", "/advice.md", "/shares")),
    ]

    def statuses() -> set[int]:
        return {(page if "/api/" not in a else Client(headers=headers)).get(a).status_code for a in addresses}

    def listed() -> int:
        return len(Client(headers=headers).get("/api/v1/matters").json()["items"])

    assert statuses() == {200}
    assert page.post(f"/matters/{matter.pk}/delete/")["Location"] == "/"
    assert statuses() == {404}
    assert listed() == 0
    link = ShareLink.objects.get()
    assert Client(headers=headers).delete(f"/api/v1/shares/{link.pk}").status_code == 404
    for act in ("delete", "rename", "regenerate", "stop"):
        assert page.post(f"/matters/{matter.pk}/{act}/").status_code == 404, act
    html = shown(page)
    assert "Deleted: May we let our CTO go?" in html
    assert f'action="/matters/{matter.pk}/restore/"' in html

    assert page.post(f"/matters/{matter.pk}/restore/")["Location"] == f"/matters/{matter.pk}/"
    assert statuses() == {200}
    assert listed() == 1
    assert page.post(f"/matters/{matter.pk}/restore/").status_code == 302, "to undo it twice is no fault"


def test_a_matter_that_goes_on_is_stopped_when_it_is_deleted(page: Client, matter: Matter, ask: AskQuestion) -> None:
    question = ask()
    page.post(f"/matters/{matter.pk}/delete/")
    matter.refresh_from_db()
    assert matter.status == MatterStatus.CANCELED
    with pytest.raises(NotAllowed):
        answer_question(matter.pk, question.pk, "late")
    page.post(f"/matters/{matter.pk}/restore/")
    assert "Continue" in page.get(f"/matters/{matter.pk}/").content.decode()


def test_after_some_minutes_it_is_forgotten_for_good(page: Client, matter: Matter, write: Write) -> None:
    attempt = write("Pay at once [P1].")
    page.post(f"/matters/{matter.pk}/rename/", {"title": "Our CTO"})
    page.post(f"/matters/{matter.pk}/delete/")
    prune()
    attempt.refresh_from_db()
    assert attempt.text, "it can still be brought back"
    Matter.objects.update(deleted_at=Now() - timedelta(minutes=UNDO_MINUTES, seconds=1))
    assert "Deleted:" not in shown(page)
    assert page.post(f"/matters/{matter.pk}/restore/").status_code == 404
    prune()
    attempt.refresh_from_db()
    matter.refresh_from_db()
    assert (attempt.text, matter.question, matter.title) == ("", "", "")
    assert str(matter.pk) not in shown(page)


def test_nobody_deletes_or_brings_back_a_foreign_matter(page: Client, client: Client, foreign_matter: Matter) -> None:
    assert page.post(f"/matters/{foreign_matter.pk}/delete/").status_code == 404
    rival = Client()
    rival.force_login(Membership.objects.get(company=foreign_matter.company).user)
    rival.post(f"/matters/{foreign_matter.pk}/delete/")
    assert page.post(f"/matters/{foreign_matter.pk}/restore/").status_code == 404
    foreign_matter.refresh_from_db()
    assert foreign_matter.deleted_at is not None
    assert "Deleted:" not in shown(page)


@pytest.mark.django_db(transaction=True)
def test_a_foreign_matter_that_somebody_keeps_locked_is_as_missing_as_any(page: Client, foreign_matter: Matter) -> None:
    with transaction.atomic():
        lock_matter(foreign_matter.pk)
        answer = in_background(lambda: page.post(f"/matters/{foreign_matter.pk}/restore/")).result(timeout=30)
    assert answer.status_code == 404, "it tells that there is such a matter"
