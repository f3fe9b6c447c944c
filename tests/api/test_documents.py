"""Documents by REST: what may be attached, by whom, how large, and what is given back."""

import hashlib
import io
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from companies.models import Company, User
from documents import reader, services
from documents.models import Document, DocumentContent, DocumentPage
from matters.models import Matter, Step
from matters.states import MatterStatus, QuestionStatus
from tests.api.answers import fields_of, read_problem
from tests.api.conftest import MATTERS, Program
from tests.api.test_openapi import described
from tests.documents import files
from tests.rows import gathering, move, submitted

pytestmark = pytest.mark.django_db
TEXT = b"The annual base salary is $185,000 per year.\n"


def form(name: str = "agreement.txt", content: bytes = TEXT, **fields: Any) -> bytes:
    file = io.BytesIO(content)
    file.name = name
    return encode_multipart(BOUNDARY, {**fields, "file": [file, *([fields["file"]] if "file" in fields else [])]})


def attach(api: Program, matter: Matter, body: bytes | None = None) -> HttpResponse:
    return api.post(f"{MATTERS}/{matter.pk}/documents", form() if body is None else body, MULTIPART_CONTENT)


@pytest.fixture
def waiting(company: Company) -> Matter:
    """A matter whose three questions wait for a person."""
    matter = gathering(company, 3, QuestionStatus.AWAITING_FOUNDER)
    move(matter, MatterStatus.AWAITING_FOUNDER)
    return matter


@pytest.fixture
def description(client: Client) -> dict[str, Any]:
    return dict(client.get("/api/v1/openapi.json").json())


def test_a_document_is_attached_listed_downloaded_and_removed(
    api: Program, waiting: Matter, description: dict[str, Any]
) -> None:
    there, one = f"{MATTERS}/{{matter_id}}/documents", f"{MATTERS}/{{matter_id}}/documents/{{document_id}}"
    answer = attach(api, waiting, form("../../agree<b>\tment.pdf", files.pdf("One.", files.SALARY, "")))
    described(description, there, "post", answer)
    assert answer.status_code == 201
    document = json.loads(answer.content)
    assert document["name"] == "agree b ment.pdf"
    assert (document["media_type"], document["pages"], document["pages_without_text"]) == ("application/pdf", 3, 1)
    here = f"{MATTERS}/{waiting.pk}/documents/{document['id']}"
    described(description, there, "get", api.get(f"{MATTERS}/{waiting.pk}/documents"))
    described(description, one, "get", api.get(here))
    assert json.loads(api.get(here).content) == document
    content = api.get(f"{here}/content")
    assert hashlib.sha256(content.content).hexdigest() == document["sha256"]
    assert content["Content-Disposition"] == 'attachment; filename="agree b ment.pdf"'
    assert (content["X-Content-Type-Options"], content["Content-Type"]) == ("nosniff", "application/octet-stream")
    assert api.send("DELETE", here).status_code == 204
    described(description, one, "delete", api.send("DELETE", here))
    assert api.get(here).status_code == api.get(f"{here}/content").status_code == 404
    assert not DocumentContent.objects.exists()
    assert not DocumentPage.objects.exists()


def test_every_open_question_is_looked_up_in_it_first_the_one_that_it_is_for(api: Program, waiting: Matter) -> None:
    asked = waiting.questions.get(position=2)
    assert attach(api, waiting, form(question=str(asked.pk))).status_code == 201
    steps = Step.objects.filter(kind="search_documents").order_by("pk")
    positions = {str(q.pk): q.position for q in waiting.questions.all()}
    assert [positions[step.subject] for step in steps] == [2, 1, 3]
    assert waiting.events.latest("number").why == "a document was attached"


def test_the_same_bytes_again_are_the_same_document(api: Program, waiting: Matter) -> None:
    first = attach(api, waiting)
    again = attach(api, waiting, form("other name.txt"))
    assert (first.status_code, again.status_code) == (201, 200)
    assert json.loads(first.content) == json.loads(again.content)
    assert Step.objects.filter(kind="search_documents").count() == 3, "it is searched once"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (form("scan.pdf", files.pdf("")), 400, "looks scanned"),
        (form("locked.pdf", files.encrypted_pdf("hush")), 400, "save it without one and attach it again"),
        (form("letter.docx", files.pdf("a")), 400, "what is inside is PDF"),
        (form("empty.txt", b""), 400, "no text in this file"),
        (b"{}", 400, "file: "),
        (b"", 400, "file: "),
        (encode_multipart(BOUNDARY, {"a": "b"}), 400, "file: "),
        (encode_multipart(BOUNDARY, {"question": ""}), 400, "file: "),
        (form(file="words"), 400, "Choose one file"),
        (form(colour="red"), 400, "colour: There is no such field."),
        (form(question="no-uuid"), 400, "question"),
        (form(question=str(uuid.UUID(int=0))), 400, "This matter has no such question."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_refused_says_why_and_leaves_nothing(
    api: Program, waiting: Matter, body: bytes, status: int, words: str
) -> None:
    assert words in read_problem(attach(api, waiting, body), status)["detail"]
    assert not Document.objects.exists()


def test_a_file_that_cannot_be_read_is_wrong_in_its_field(api: Program, waiting: Matter) -> None:
    problem = read_problem(attach(api, waiting, form("empty.txt", b"")), 400)
    assert problem["errors"] == [{"field": "file", "message": problem["detail"]}]


def test_json_instead_of_a_form_is_told_what_is_missing(api: Program, waiting: Matter) -> None:
    problem = read_problem(api.post(f"{MATTERS}/{waiting.pk}/documents", {"file": "x"}), 400)
    assert fields_of(problem) == ["file"]


@pytest.mark.parametrize("size", [20 * 2**20 + 1, 21 * 2**20])
def test_more_than_20_mb_is_413_by_the_file_and_by_the_whole_body(api: Program, waiting: Matter, size: int) -> None:
    problem = read_problem(attach(api, waiting, form(content=b"a " * (size // 2) + b"a" * (size % 2))), 413)
    assert "larger than 20 MB" in problem["detail"]


def test_other_calls_still_take_64_kb(api: Program, waiting: Matter) -> None:
    question = waiting.questions.all()[0]
    read_problem(api.post(f"{MATTERS}/{waiting.pk}/questions/{question.pk}/answer", b" " * 70_000), 413)


def test_there_are_twenty_documents_at_most(api: Program, waiting: Matter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_DOCUMENTS", 1)
    assert attach(api, waiting).status_code == 201
    assert "Remove one" in read_problem(attach(api, waiting, form(content=b"other words")), 409)["detail"]
    assert attach(api, waiting).status_code == 200, "what is there already needs no further place"


def test_an_ended_matter_takes_no_document_but_gives_up_those_it_has(api: Program, waiting: Matter) -> None:
    document = json.loads(attach(api, waiting).content)
    assert api.post(f"{MATTERS}/{waiting.pk}/cancel").status_code == 202
    events = waiting.events.count()
    assert "has ended" in read_problem(attach(api, waiting, form(content=b"other words")), 409)["detail"]
    assert api.send("DELETE", f"{MATTERS}/{waiting.pk}/documents/{document['id']}").status_code == 204
    assert waiting.events.count() == events, "an event came behind the stream's end"


def test_too_many_at_once_come_again_later(api: Program, waiting: Matter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "PATIENCE_SECONDS", 0.01)
    with reader.turn_to_read(), reader.turn_to_read():
        answer = attach(api, waiting)
    read_problem(answer, 503)
    assert answer["Retry-After"] == "10"
    assert attach(api, waiting).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_a_document_that_waits_to_be_read_keeps_no_connection_to_the_database(
    api: Program, waiting: Matter, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = []

    @contextmanager
    def turn() -> Iterator[None]:
        kept.append(connection.connection is not None)
        yield

    monkeypatch.setattr(services, "turn_to_read", turn)
    assert attach(api, waiting).status_code == 201
    assert kept == [False], "with those that wait the pool is used up, and every page waits too"


def test_a_foreign_document_answers_as_a_missing_one(api: Program, stranger: Program, waiting: Matter) -> None:
    document = json.loads(attach(api, waiting).content)["id"]
    here = f"{MATTERS}/{waiting.pk}/documents"
    for path in (here, f"{here}/{document}", f"{here}/{document}/content"):
        foreign = read_problem(stranger.get(path), 404)
        missing = read_problem(stranger.get(path.replace(str(waiting.pk), str(uuid.UUID(int=0)))), 404)
        assert foreign | {"request_id": ""} == missing | {"request_id": ""}
    assert attach(stranger, waiting, form(content=b"other")).status_code == 404
    assert stranger.send("DELETE", f"{here}/{document}").status_code == 404
    other = submitted(waiting.company)
    assert api.get(f"{MATTERS}/{other.pk}/documents/{document}").status_code == 404, "it is another matter's"
    assert Document.objects.count() == 1


def test_a_session_needs_the_csrf_token_and_its_person_is_remembered(
    page: Client, founder: User, waiting: Matter
) -> None:
    there = f"{MATTERS}/{waiting.pk}/documents"
    assert page.generic("POST", there, form(), MULTIPART_CONTENT).status_code == 403
    page.get("/")
    token = page.cookies["csrftoken"].value
    sent = page.generic("POST", there, form(), MULTIPART_CONTENT, headers={"X-CSRFToken": token})
    assert sent.status_code == 201, sent.content
    assert Document.objects.get().uploaded_by == founder


PROPOSAL = {"document": str(uuid.UUID(int=7)), "name": "a.pdf", "page": 3, "place": "page 3",
            "quote": "salary is $185,000 per year", "answer": "185,000 USD per year"}  # fmt: skip


def test_a_proposal_is_shown_and_becomes_the_answer_only_by_a_persons_word(
    api: Program, waiting: Matter, description: dict[str, Any]
) -> None:
    question = waiting.questions.all()[0]
    services.propose(waiting, question, PROPOSAL, "a passage was found in a document")
    here = f"{MATTERS}/{waiting.pk}/questions/{question.pk}/answer"
    shown = api.get(f"{MATTERS}/{waiting.pk}")
    described(description, f"{MATTERS}/{{matter_id}}", "get", shown)
    (first, *_) = json.loads(shown.content)["questions"]
    assert (first["proposal"], first["answer"], first["status"]) == (PROPOSAL, None, "awaiting_founder")
    assert waiting.events.latest("number").data["question"] == str(question.pk), "a reader is told to look again"
    for _ in range(2):
        answer = api.post(here, {"proposal": True})
        assert answer.status_code == 200, answer.content
        told = json.loads(answer.content)
        assert (told["answer"], told["source"], told["proposal"]) == ("185,000 USD per year", "document", None)
    read_problem(api.post(here, {"answer": "no"}), 409)


def test_a_persons_own_answer_takes_the_proposal_away(api: Program, waiting: Matter) -> None:
    question = waiting.questions.all()[0]
    here = f"{MATTERS}/{waiting.pk}/questions/{question.pk}/answer"
    read_problem(api.post(here, {"proposal": True}), 409)
    services.propose(waiting, question, PROPOSAL, "a passage was found in a document")
    told = json.loads(api.post(here, {"answer": "200,000 USD"}).content)
    assert (told["answer"], told["source"], told["proposal"]) == ("200,000 USD", "founder", None)
    assert read_problem(api.post(here, {"proposal": True}), 409)["detail"] == "This question has already been answered."


def test_with_its_document_a_proposal_goes(api: Program, waiting: Matter) -> None:
    document = json.loads(attach(api, waiting).content)["id"]
    question = waiting.questions.all()[0]
    services.propose(waiting, question, PROPOSAL | {"document": document}, "a passage was found in a document")
    assert api.send("DELETE", f"{MATTERS}/{waiting.pk}/documents/{document}").status_code == 204
    question.refresh_from_db()
    assert question.proposal is None


def test_what_goes_with_a_document_is_told_to_nobody_behind_the_end(api: Program, waiting: Matter) -> None:
    document = json.loads(attach(api, waiting).content)["id"]
    question = waiting.questions.all()[0]
    services.propose(waiting, question, PROPOSAL | {"document": document}, "a passage was found in a document")
    assert api.post(f"{MATTERS}/{waiting.pk}/cancel").status_code == 202
    end = waiting.events.latest("number").number
    assert api.send("DELETE", f"{MATTERS}/{waiting.pk}/documents/{document}").status_code == 204
    question.refresh_from_db()
    assert question.proposal is None
    assert waiting.events.latest("number").number == end, "the stream had ended"
