"""The REST API: mounts each app's router, reads JSON safely, and answers errors as problem documents."""

import json
import logging
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser
from psycopg_pool import PoolTimeout

from advice.api import router as advice_router
from companies.problems import Problem, problem_response
from matters.api import router as matters_router

logger = logging.getLogger(__name__)
BODY_LIMIT = 64 * 1024


class SafeParser(Parser):
    """Whatever a body holds, it is read or refused with 400 or 413: never a 500."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The JSON value of the body; {} for an empty one. Raises Problem."""
        try:
            body = request.body
        except RequestDataTooBig:
            raise _too_large() from None
        if len(body) > BODY_LIMIT:
            raise _too_large()
        if not body:
            return {}
        try:
            return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
        except RecursionError:
            raise Problem(400, "The body's JSON is nested too deeply.") from None
        except ValueError as error:  # bad UTF-8, bad JSON, numbers of thousands of digits
            raise Problem(400, f"The body is not JSON in UTF-8 that can be read: {error}") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _too_large() -> Problem:
    return Problem(413, f"The body is larger than {BODY_LIMIT // 1024} KB.")


api = NinjaAPI(
    title="Matterstream",
    version="1",
    description="Legal questions of startup founders: submit a matter, answer its questions, read the advice as it is "
    "written.",
    parser=SafeParser(),
    docs_url="/docs",
    openapi_url="/openapi.json",
    urls_namespace="api",
)
api.add_router("", matters_router)
api.add_router("", advice_router)


@api.exception_handler(Problem)
def on_problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    """What the code below raised on purpose."""
    return problem_response(request, problem)


@api.exception_handler(ValidationError)
def on_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """A body, path or query that is not of the form asked for."""
    errors = [{"field": _field(e["loc"]), "message": str(e["msg"]).removeprefix("Value error, ")} for e in error.errors]
    detail = "; ".join(f"{e['field']}: {e['message']}" for e in errors)
    return problem_response(request, Problem(400, detail, errors=errors))


def _field(loc: Any) -> str:
    """The path of a field without the names of our own parameters (`body`, `submission`)."""
    return ".".join(str(part) for part in loc[2:] or loc[1:] or loc)


@api.exception_handler(Http404)
def on_missing(request: HttpRequest, error: Http404) -> HttpResponse:
    """No such thing, or somebody else's."""
    return problem_response(request, Problem(404, "There is nothing here for you."))


@api.exception_handler(HttpError)
def on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """What the framework refused."""
    return problem_response(request, Problem(error.status_code, str(error)))


@api.exception_handler(DatabaseError)
@api.exception_handler(InterfaceError)
@api.exception_handler(PoolTimeout)
def on_database_error(request: HttpRequest, error: Exception) -> HttpResponse:
    """Nothing was stored, and the same call, with the same Idempotency-Key, may be made again."""
    logger.error("the database failed", exc_info=error)
    return problem_response(
        request,
        Problem(503, "The database does not answer. Nothing was stored; try again.", headers={"Retry-After": "5"}),
    )


@api.exception_handler(Exception)
def on_error(request: HttpRequest, error: Exception) -> HttpResponse:
    """A fault of ours."""
    logger.error("an API call failed", exc_info=error)
    return problem_response(request, Problem(500, "This is our fault; the request id helps us to find it."))
