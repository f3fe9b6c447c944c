"""What goes wrong under `/api/v1/`, as RFC 9457 problem documents."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import psycopg
from asgiref.sync import iscoroutinefunction
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent
from django.db import DataError, InterfaceError, OperationalError, ProgrammingError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.template import loader
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from companies.postgresql.faults import is_behind, is_locked_out
from companies.problems import Problem, not_found, problem_response
from config.bodies import read_bounded
from documents.uploads import take_upload

logger = logging.getLogger(__name__)
View = Callable[..., Any]
MOST_ERRORS = 100  # that are named: a large body may have a million
_OUR_FAULT = "This is our fault; the request id helps us find it."
_DATABASE_AWAY = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
_WRONG_STATEMENT = (ProgrammingError, psycopg.ProgrammingError)


def as_problems(view: View, *, takes_file: bool = False) -> View:
    """`view` with a bounded body, OPTIONS, and a problem document for a method that it does not take.

    `takes_file`: what is posted is a form with a file, bounded by what that may have.
    """
    if iscoroutinefunction(view):

        async def answer_async(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return _begin(request, takes_file) or _end(request, await view(request, *args, **kwargs))

        return csrf_exempt(answer_async)

    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return _begin(request, takes_file) or _end(request, view(request, *args, **kwargs))
        except Http404:  # the API's root, which lies outside its handlers
            return nothing_here(request)

    return csrf_exempt(answer)


def _begin(request: HttpRequest, takes_file: bool) -> HttpResponse | None:
    try:
        if takes_file and request.method == "POST":
            take_upload(request)
        else:
            read_bounded(request)
    except Problem as problem:
        return problem_response(request, problem)
    except UnreadablePostError:
        return problem_response(request, Problem(400, "The body was cut off."))
    return None


def _end(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if response.status_code != 405:
        return response
    methods = {name.strip() for name in response["Allow"].split(",")}
    allow = ", ".join(sorted(methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())))
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers={"Allow": allow})
    return problem_response(request, Problem(405, f"This address takes {allow}.", headers={"Allow": allow}))


@csrf_exempt
def nothing_here(request: HttpRequest) -> HttpResponse:
    """An address under the API that there is not."""
    return problem_response(request, not_found())


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request that Django refuses before any view: a Host that is not ours, most likely, or a form without end."""
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent):
        return HttpResponse(loader.render_to_string("413.html"), status=413)
    if request.path.startswith("/api/"):
        return problem_response(request, Problem(400, "This request is not for this site: check its Host header."))
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """A fault outside the API's own handlers."""
    if request.path.startswith("/api/"):
        return problem_response(request, Problem(500, _OUR_FAULT))
    error = sys.exception()  # Django calls this while it handles it
    if error is not None and (why := _why_unavailable(error)):
        # Without the request, since who is signed in stands in the database.
        page = loader.render_to_string("503.html", {"why": why})
        return HttpResponse(page, status=503, headers={"Retry-After": "5"})
    reference = getattr(request, "id", "")[:8]
    return HttpResponse(loader.render_to_string("500.html", {"reference": reference}), status=500)


def add_error_handlers(api: NinjaAPI) -> None:
    """Let `api` answer every exception with a problem document."""
    for kind, handler in _HANDLERS.items():
        api.add_exception_handler(kind, handler)


def _on_problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    return problem_response(request, problem)


def _on_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """A body, path or query that is not of the form asked for."""
    errors = [{"field": _field(e["loc"]), "message": _message(e)} for e in error.errors[:MOST_ERRORS]]
    detail = "; ".join(f"{e['field']}: {e['message']}" for e in errors)
    return problem_response(request, Problem(400, detail, errors=errors))


_MESSAGES = {
    "extra_forbidden": "There is no such field.",
    "missing": "This is missing: give it, too.",
    "model_attributes_type": "Send a JSON object.",
}


def _message(error: dict[str, Any]) -> str:
    return _MESSAGES.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")


def _field(loc: Any) -> str:
    """The path of a field without the names of our own parameters (`body`, `submission`)."""
    return ".".join(str(part) for part in loc[2:] or loc[1:] or loc)


def _on_missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem_response(request, not_found())


def _on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """What the framework refused; a Problem of our parser comes wrapped in one."""
    cause = error.__cause__
    return problem_response(request, cause if isinstance(cause, Problem) else Problem(error.status_code, str(error)))


def _on_suspicious(request: HttpRequest, error: Exception) -> HttpResponse:
    """A form instead of JSON that Django refuses to read, while it looks for the CSRF token; an address without end."""
    if isinstance(error, TooManyFieldsSent) and request.method == "GET":
        return problem_response(request, Problem(400, "The address has more than 1,000 parameters."))
    return problem_response(request, Problem(400, "The body can't be read. Send JSON in UTF-8."))


def _on_unstorable(request: HttpRequest, error: Exception) -> HttpResponse:
    """Something that no row can hold or be found by, in a place that nobody looks at before (a cookie's NUL)."""
    logger.warning("a call was refused by the database: %s", error)
    return problem_response(request, Problem(400, "Something in this call is not text or a number that can be stored."))


def _on_database_error(request: HttpRequest, error: Exception) -> HttpResponse:
    """The same call, with the same Idempotency-Key, may be made again."""
    why = _why_unavailable(error)
    if not why:
        return _on_error(request, error)
    logger.error("a call was put off: %s: %s", why, error)
    return problem_response(request, Problem(503, f"{why} Send the same request again.", headers={"Retry-After": "5"}))


def _why_unavailable(error: BaseException) -> str:
    """What keeps the database from doing what it was asked, as a sentence; empty where it is not to blame."""
    if is_behind(error):
        return "The database is not up to date with this version."
    if not isinstance(error, _DATABASE_AWAY):
        return ""
    return (
        "Somebody else is changing this right now."
        if is_locked_out(error)
        else "The database is not responding right now."
    )


def _on_error(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.error("an API call failed", exc_info=error)
    return problem_response(request, Problem(500, _OUR_FAULT))


_HANDLERS: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
    Problem: _on_problem,
    ValidationError: _on_invalid,
    Http404: _on_missing,
    HttpError: _on_http_error,
    SuspiciousOperation: _on_suspicious,
    MultiPartParserError: _on_suspicious,
    **dict.fromkeys((DataError, psycopg.DataError), _on_unstorable),
    **dict.fromkeys((*_DATABASE_AWAY, *_WRONG_STATEMENT), _on_database_error),
    Exception: _on_error,
}
