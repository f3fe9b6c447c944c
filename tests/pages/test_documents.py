"""Documents on a matter's page, in a browser without JavaScript."""

import io
import uuid
from typing import Any

import pytest
from django.test import Client

from advice.render import render_fragments
from companies.models import User
from documents.models import Document
from documents.services import propose
from matters.ledger import SEARCH_DOCUMENTS
from matters.models import Matter
from matters.states import MatterStatus
from tests.documents import files
from tests.pages.conftest import AskQuestion, lead_to

pytestmark = pytest.mark.django_db
SCRIPT = {"X-Requested-With": "fetch"}


def send(page: Client, matter: Matter, name: str, content: bytes, **more: Any) -> Any:
    file = io.BytesIO(content)
    file.name = name
    return page.post(f"/matters/{matter.pk}/documents/", {"file": file, **more.pop("data", {})}, **more)


def html_of(page: Client, matter: Matter) -> str:
    return " ".join(page.get(f"/matters/{matter.pk}/").content.decode().split())


def test_a_document_is_attached_shown_downloaded_and_removed(page: Client, founder: User, matter: Matter) -> None:
    assert 'enctype="multipart/form-data"' in html_of(page, matter)
    response = send(page, matter, "Offer <letter>.pdf", files.pdf("One.", "", files.SALARY))
    assert (response.status_code, response["Location"]) == (302, f"/matters/{matter.pk}/")
    document = Document.objects.get()
    assert document.uploaded_by == founder
    html = html_of(page, matter)
    assert "Offer letter.pdf</a>" in html
    assert "3 pages" in html
    assert "1 without text" in html
    download = page.get(f"/matters/{matter.pk}/documents/{document.pk}/")
    assert download["Content-Disposition"].startswith("attachment;")
    for _ in range(2):
        assert page.post(f"/matters/{matter.pk}/documents/{document.pk}/remove/").status_code == 302
    assert "Offer letter" not in html_of(page, matter)


@pytest.mark.parametrize(
    ("name", "content", "status", "words"),
    [
        ("scan.pdf", files.pdf(""), 400, "run text recognition (OCR)"),
        ("picture.png", b"\x89PNG\r\n\x1a\n", 400, "This is a picture"),
        ("large.txt", b"a" * (20 * 2**20 + 1), 413, "larger than 20 MB"),
        ("larger.txt", b"a" * (21 * 2**20), 413, "larger than 20 MB"),
    ],
    ids=["scan", "picture", "large", "larger"],
)
def test_a_refused_file_says_why_beside_its_form(
    page: Client, matter: Matter, name: str, content: bytes, status: int, words: str
) -> None:
    response = send(page, matter, name, content)
    assert response.status_code == status
    html = " ".join(response.content.decode().split())
    assert words in html.split('id="documents-form"')[1].split("</form>")[0]
    said = send(page, matter, name, content, headers=SCRIPT)
    assert (said.status_code, said["Content-Type"]) == (status, "text/plain; charset=utf-8")
    assert words in said.content.decode()


def test_no_file_at_all_is_asked_for(page: Client, matter: Matter) -> None:
    response = page.post(f"/matters/{matter.pk}/documents/", {"question": ""})
    assert response.status_code == 400
    assert "Choose one file" in response.content.decode()


def test_the_form_needs_its_csrf_token(founder: User, matter: Matter) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(founder)
    assert send(strict, matter, "a.txt", b"words").status_code == 403
    token = strict.get(f"/matters/{matter.pk}/").context["csrf_token"]
    assert send(strict, matter, "a.txt", b"words", data={"csrfmiddlewaretoken": str(token)}).status_code == 302


def test_a_question_can_be_given_a_document_of_its_own(page: Client, matter: Matter, ask: AskQuestion) -> None:
    question = ask()
    assert "Attach a document that answers this" in html_of(page, matter)
    assert send(page, matter, "a.txt", b"words", data={"question": str(question.pk)}).status_code == 302
    assert Document.objects.get().question == question
    assert "Being searched for the answers to 1 question." in html_of(page, matter)
    card = html_of(page, matter).split(f'id="card-{question.pk}"')[1].split('<input type="hidden"')[0]
    for state, outcome, words in (
        ("ready", {}, "being read"),
        ("done", {"error": {"code": "fault"}}, "it could not be searched"),
        ("done", {"error": None, "result": {"found": False}}, "no answer found in it"),
    ):
        matter.steps.filter(kind=SEARCH_DOCUMENTS).update(state=state, **outcome)
        html = html_of(page, matter)
        beside = html.split(f'id="attached-{question.pk}"')[1].split("</ul>")[0]
        assert f"a.txt: {words}" in beside, "the card is silent about its document"
        assert card in html, "the card is changed by it: what is being typed there would be lost"
    matter.steps.filter(kind=SEARCH_DOCUMENTS).update(result={"found": True})
    assert f'id="attached-{question.pk}"' not in html_of(page, matter), "what was found stands there"
    for wrong in (str(uuid.UUID(int=0)), "x"):
        assert send(page, matter, "b.txt", b"more words", data={"question": wrong}).status_code == 400


def test_a_foreign_matter_takes_and_shows_no_document(page: Client, foreign_matter: Matter) -> None:
    assert send(page, foreign_matter, "a.txt", b"words").status_code == 404
    some = uuid.UUID(int=1)
    assert page.get(f"/matters/{foreign_matter.pk}/documents/{some}/").status_code == 404
    assert page.post(f"/matters/{foreign_matter.pk}/documents/{some}/remove/").status_code == 404
    assert not Document.objects.exists()


def test_a_proposal_stands_behind_its_card_and_is_taken_by_one_click(
    page: Client, matter: Matter, ask: AskQuestion
) -> None:
    question = ask("money")
    proposal = {"document": str(uuid.UUID(int=7)), "name": "<a>.pdf", "page": 3, "place": "page 3",
                "quote": "salary is “$185,000” a year", "answer": "$185,000 a year"}  # fmt: skip
    card = render_fragments(matter.pk).split(f'id="card-{question.pk}"')[1].split("</article>")[0]
    propose(matter, question, proposal, "found")
    fragments = render_fragments(matter.pk)
    assert card in fragments, "the card is changed by it: what is being typed there would be lost"
    html = html_of(page, matter)
    assert "<q>salary is “$185,000” a year</q>" in html
    assert "&lt;a&gt;.pdf</a>, page 3:" in html
    here = f"/matters/{matter.pk}/questions/{question.pk}/confirm/"
    refused = page.post(here, {"quote": "another one"})
    assert refused.status_code == 409
    assert page.post(here, {"quote": proposal["quote"]}).status_code == 302
    question.refresh_from_db()
    assert (question.answer, question.source) == ("$185,000 a year", "document")


def test_an_ended_matter_shows_its_documents_and_no_form(page: Client, matter: Matter) -> None:
    send(page, matter, "a.txt", b"words")
    lead_to(matter, MatterStatus.ADVISING)
    lead_to(matter, MatterStatus.ADVISED)
    html = html_of(page, matter)
    assert "a.txt</a>" in html
    assert "hidden" in html.split('id="documents-form"')[1].split(">")[0]
    assert send(page, matter, "b.txt", b"more").status_code == 409
