"""Errors that a client can read: RFC 9457 problem documents."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from django.http import HttpRequest, JsonResponse
from ninja import Schema


class Problem(Exception):
    """Raised anywhere under a request: becomes an `application/problem+json` answer."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, errors, headers


def problem_response(request: HttpRequest, problem: Problem) -> JsonResponse:
    """The answer for `problem`: type, title, status, detail, request_id, and errors where fields are wrong."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "request_id": getattr(request, "id", ""),
    }
    if problem.errors:
        body["errors"] = list(problem.errors)
    return JsonResponse(
        body, status=problem.status, content_type="application/problem+json", headers=dict(problem.headers or {})
    )


def invalid(field: str, message: str) -> Problem:
    """400 for one field."""
    return invalid_fields({field: message})


def invalid_fields(messages: Mapping[str, str]) -> Problem:
    """400 for several fields, of which a hundred are named."""
    errors = [{"field": field, "message": message} for field, message in messages.items()]
    return Problem(400, "; ".join(f"{e['field']}: {e['message']}" for e in errors[:10]), errors=errors[:100])


def not_found() -> Problem:
    """404, the same for what is missing and for what belongs to somebody else."""
    return Problem(404, "There is nothing here for you.")


class FieldError(Schema):
    """What is wrong with one field."""

    field: str
    message: str


class ProblemDocument(Schema):
    """An error, as RFC 9457 has it. `request_id` is also the header `X-Request-ID`."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[FieldError] = []


def problems(*statuses: int) -> dict[int, type[ProblemDocument]]:
    """The errors of an operation for its description: `statuses` and those that every call may get."""
    return dict.fromkeys(sorted({400, 401, 403, 429, 500, 503, *statuses}), ProblemDocument)
