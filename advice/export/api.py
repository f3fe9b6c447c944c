"""REST: an advice as a file."""

import re
from urllib.parse import quote
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router

from advice.api import Number, wanted_attempt
from advice.export.contents import document_of
from advice.export.making import Busy, NotMade, make_file
from advice.models import Attempt, AttemptStatus
from companies.api_auth import Authentication
from companies.problems import Problem, problems
from matters.api import own_matter

router = Router(auth=Authentication(), tags=["advice"])

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
ERRORS = problems(404, 409, 410)
NAME_LENGTH = 60  # characters of the question


def _described(kind: str) -> dict[str, object]:
    schema = {"type": "string", "format": "binary"}
    return {"responses": {200: {"content": {MEDIA_TYPES[kind]: {"schema": schema}}}}}


@router.get(
    "/matters/{id:matter_id}/advice.pdf",
    summary="Read an advice as PDF",
    response={200: None, **ERRORS},
    openapi_extra=_described("pdf"),
)
def get_advice_pdf(
    request: HttpRequest, matter_id: UUID, version: Number = None, attempt: Number = None
) -> HttpResponse:
    """Question, advice, sources, facts, date and notice, accessible by PDF/UA-1; 409 while it is being written."""
    return _file(request, "pdf", matter_id, version, attempt)


@router.get(
    "/matters/{id:matter_id}/advice.docx",
    summary="Read an advice as a Word file",
    response={200: None, **ERRORS},
    openapi_extra=_described("docx"),
)
def get_advice_docx(
    request: HttpRequest, matter_id: UUID, version: Number = None, attempt: Number = None
) -> HttpResponse:
    """The same as the PDF, to be worked on; 409 while it is being written."""
    return _file(request, "docx", matter_id, version, attempt)


def _file(request: HttpRequest, kind: str, matter_id: UUID, version: int | None, number: int | None) -> HttpResponse:
    question = own_matter(request, matter_id).question
    attempt = wanted_attempt(matter_id, version, number)
    if attempt.status == AttemptStatus.STREAMING:
        raise Problem(409, "The advice is still being written. Ask again once it is done; advice.md has it so far.")
    headers = {"Content-Disposition": _disposition(question, kind), "Cache-Control": "private, no-store"}
    return HttpResponse(_made(attempt, kind), content_type=MEDIA_TYPES[kind], headers=headers)


def _made(attempt: Attempt, kind: str) -> bytes:
    try:
        return make_file(kind, document_of(attempt))
    except Busy as error:
        raise Problem(
            503, "Other files are being made. Try again in a moment.", headers={"Retry-After": "5"}
        ) from error
    except NotMade as error:
        raise Problem(500, f"This advice could not be made into a {kind}. Its whole text is at advice.md.") from error


def _disposition(question: str, kind: str) -> str:
    """A file name of the question's words (RFC 6266), and a plain one for who can't read it."""
    words = " ".join(re.findall(r"[\w’'-]+", question))[:NAME_LENGTH].strip() or "Advice"
    return f"attachment; filename=\"advice.{kind}\"; filename*=UTF-8''{quote(f'{words}.{kind}', safe='')}"
