"""An advice as a file: the row under it on the page, and what its links answer."""

import io
import re
from typing import Any

import docx
import pytest
from django.test import Client
from pytest_django import Settings

from advice.export import making
from advice.export.making import NotMade, make_file
from advice.models import Attempt
from advice.sharing.links import share_attempt
from companies.models import User
from matters.models import Matter
from tests.advice.export.documents import document
from tests.advice.export.pdf_ua import read_pdf, squeezed, text_of
from tests.pages.conftest import FACT, Write
from tests.pages.test_matter_page import html_of

pytestmark = pytest.mark.django_db
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.fixture(autouse=True)
def _quiet(settings: Settings) -> None:
    settings.STATIC_ROOT = None


def fetch(page: Client, matter: Matter, kind: str, query: str = "") -> Any:
    return page.get(f"/api/v1/matters/{matter.pk}/advice.{kind}{query}")


def text_of_file(response: Any) -> str:
    if response["Content-Type"] == "application/pdf":
        return text_of(read_pdf(response.content))
    assert response["Content-Type"] == WORD
    file = docx.Document(io.BytesIO(response.content))
    cells = [cell.text for table in file.tables for row in table.rows for cell in row.cells]
    return squeezed("".join([*(paragraph.text for paragraph in file.paragraphs), *cells]))


def test_the_link_to_the_markdown_downloads_it_and_leaves_the_page_where_it_is(
    page: Client, matter: Matter, write: Write
) -> None:
    write("Pay at once [P1].")
    link = re.search(r'<a id="advice-markdown"[^>]*>', html_of(page, matter))
    assert link
    assert 'download="advice-1.md"' in link[0], "the raw text takes the matter's place"


@pytest.mark.parametrize("kind", ["pdf", "docx"])
def test_a_file_shows_question_advice_sources_facts_date_and_notice(
    page: Client, matter: Matter, write: Write, kind: str
) -> None:
    attempt = write("Pay **at once** [P1].", checks=[("[P1]", "unsupported")])
    response = fetch(page, matter, kind)
    text = text_of_file(response)
    date = f"{attempt.created_at.day} {attempt.created_at:%B %Y, %H:%M} UTC"
    for part in (
        "May we let our CTO go?",
        "Pay at once [P1]",
        "✗ not supported",
        "Not legal advice.",
        date,
        "test-model",
        "P1 Final pay",
        "Terminating an executive, law as of 20 Nov 2026",
        "In California final wages are due at once.",
        "Where does the executive work?",
        "California",
        "founder",
        attempt.sha256,
    ):
        assert squeezed(part) in text, part
    assert response["Content-Disposition"] == (
        f"attachment; filename=\"advice.{kind}\"; filename*=UTF-8''May%20we%20let%20our%20CTO%20go.{kind}"
    )


def test_what_a_provider_says_beside_a_value_stands_wherever_the_value_does(
    page: Client, matter: Matter, write: Write, founder: User
) -> None:
    said = "On 28 November 2026 (today: the day that counts is not known): 28,250 of 140,000."
    vested = FACT | {"label": "How many are vested?", "value": "28250", "source": "carta", "statement": said}
    attempt = write("They have 28,250 [F1].", facts=[vested])
    _, token = share_attempt(attempt, days=1, facts=True, by=founder)
    shown = {
        "page": html_of(page, matter),
        "shared": Client().get(f"/shared/{token}/").content.decode(),
        "pdf": text_of_file(fetch(page, matter, "pdf")),
        "word": text_of_file(fetch(page, matter, "docx")),
    }
    lacking = [where for where, text in shown.items() if squeezed(said) not in squeezed(text)]
    assert not lacking, "a value of today passes for that of the day that counts"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("incomplete", "Incomplete."),
        ("canceled", "Stopped."),
        ("superseded", "Interrupted."),
        ("failed", "Interrupted."),
    ],
)
def test_a_text_that_is_not_whole_says_so(page: Client, matter: Matter, write: Write, status: str, words: str) -> None:
    write("As far as it", status)
    text = text_of_file(fetch(page, matter, "docx"))
    assert words in text
    assert squeezed("The text below is not the whole advice") in text


@pytest.mark.parametrize("kind", ["pdf", "docx"])
def test_while_it_is_written_there_is_no_file(page: Client, matter: Matter, write: Write, kind: str) -> None:
    write("Half of", None)
    response = fetch(page, matter, kind)
    assert (response.status_code, response["Content-Type"]) == (409, "application/problem+json")


def test_an_earlier_version_can_be_asked_for(page: Client, matter: Matter, write: Write) -> None:
    write("The first advice.")
    Matter.objects.filter(pk=matter.pk).update(version=2)
    write("The second advice.")
    assert squeezed("The first advice.") in text_of_file(fetch(page, matter, "docx", "?version=1"))
    assert squeezed("The second advice.") in text_of_file(fetch(page, matter, "docx"))
    assert fetch(page, matter, "docx", "?version=3").status_code == 404
    assert fetch(page, matter, "pdf", "?version=0").status_code == 400


def test_a_foreign_matter_answers_as_a_missing_one(page: Client, foreign_matter: Matter) -> None:
    assert fetch(page, foreign_matter, "pdf").status_code == 404


def test_a_file_is_named_by_the_question_and_by_no_sign_of_it(page: Client, matter: Matter, write: Write) -> None:
    Matter.objects.filter(pk=matter.pk).update(question='../"Dürfen"\r\nX: 1; wir <das>? ' + "w" * 100)
    write("x")
    name = fetch(page, matter, "docx")["Content-Disposition"].partition("filename*=UTF-8''")[2]
    assert re.fullmatch(r"D%C3%BCrfen%20X%201%20wir%20das%20w+\.docx", name)


def test_a_text_that_its_process_does_not_survive_takes_nobody_along(
    page: Client, matter: Matter, write: Write, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write("Secretwords")
    monkeypatch.setattr(making, "RUN_SECONDS", 0.001)
    response = fetch(page, matter, "pdf")
    assert (response.status_code, response["Content-Type"]) == (500, "application/problem+json")
    with pytest.raises(NotMade):
        make_file("pdf", {"title": "Secretwords"})  # type: ignore[typeddict-item]
    monkeypatch.undo()
    with pytest.raises(NotMade):
        make_file("pdf", {"title": "Secretwords"})  # type: ignore[typeddict-item]
    assert "Secretwords" not in caplog.text


def test_who_waits_too_long_for_a_place_is_told_to_come_again(
    page: Client, matter: Matter, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("x")
    monkeypatch.setattr(making, "WAIT_SECONDS", 0)
    with making._PLACES, making._PLACES:
        response = fetch(page, matter, "pdf")
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert fetch(page, matter, "docx").status_code == 200, "the places are free again"


@pytest.mark.parametrize("kind", ["pdf", "docx"])
def test_an_advice_of_100_kb_is_made(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "RUN_SECONDS", 300)  # how long it takes on a busy machine is not asked here
    text = "The notice runs from **the day** of the letter [P1].\n\n- and on\n\n## And on\n\n" * 1400
    content = make_file(kind, document(text))
    assert len(text) > 100_000
    assert content[:4] in (b"%PDF", b"PK\x03\x04")


def test_under_an_advice_that_has_ended_are_its_files(page: Client, matter: Matter, write: Write) -> None:
    attempt = write("Pay.")
    html = page.get(f"/matters/{matter.pk}/").content.decode()
    for kind in ("pdf", "docx", "md"):
        (link,) = re.findall(rf'href="(/api/v1/matters/[^"]+advice\.{kind}[^"]+)"', html)
        assert link.endswith(f"?version={attempt.version}&amp;attempt={attempt.number}")
        assert page.get(link.replace("&amp;", "&")).status_code == 200


def test_while_it_is_written_no_files_are_offered(page: Client, matter: Matter, write: Write) -> None:
    write("Half", None)
    assert "advice.pdf" not in page.get(f"/matters/{matter.pk}/").content.decode()
    assert Attempt.objects.get().status == "streaming"
