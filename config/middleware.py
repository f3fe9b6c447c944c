"""A request's id: in every answer, every problem document and every log line of the request, of which one says that it
was answered.

That line is in the place of Daphne's own, which has addresses as they came: with what a founder searches for, and with
the secrets of share links.
"""

import logging
import re
import time
import uuid
from collections.abc import AsyncGenerator, Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.decorators import sync_only_middleware
from structlog.contextvars import bound_contextvars

logger = logging.getLogger("requests")
_MATTER = re.compile(r"/matters?/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:/|$)")
GetResponse = Callable[[HttpRequest], HttpResponseBase]


@sync_only_middleware
def request_ids(get_response: GetResponse) -> GetResponse:
    """Sets `request.id` (32 hex digits, made here, whatever the client sends) and the header `X-Request-ID`."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        request.id = uuid.uuid4().hex  # type: ignore[attr-defined]
        began = time.monotonic()
        with bound_contextvars(**_known_of(request)):
            return _answered(request, get_response(request), began)

    return answer


@sync_only_middleware
def head_as_get(get_response: GetResponse) -> GetResponse:
    """HEAD is answered as GET is, by views that know GET alone, with the headers of a body that is left out.

    Daphne leaves out only the first piece of a body. A stream is not begun: nothing is read for nobody.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        if request.method != "HEAD":
            return get_response(request)
        request.method = "GET"
        response = get_response(request)
        request.method = "HEAD"
        if isinstance(response, HttpResponse):
            response["Content-Length"] = str(len(response.content))
            response.content = b""
            return response
        return StreamingHttpResponse(_nothing(), status=response.status_code, headers=dict(response.items()))

    return answer


async def _nothing() -> AsyncGenerator[bytes]:
    for piece in list[bytes]():
        yield piece


def _answered(request: HttpRequest, response: HttpResponseBase, began: float) -> HttpResponseBase:
    """Give the answer its id, and write its line: of the address it has the route alone. A stream's says its start."""
    response["X-Request-ID"] = request.id  # type: ignore[attr-defined] # `request_ids` has set it
    route = request.resolver_match.route if request.resolver_match else ""
    ms = round(1000 * (time.monotonic() - began))
    told = {"method": request.method, "route": route, "status": response.status_code, "ms": ms}
    logger.info("answered", extra=told)
    return response


def _known_of(request: HttpRequest) -> dict[str, str]:
    """What every log line of the request has: its id, and the matter's where the address names one."""
    matter = _MATTER.search(request.path)
    return {"request": request.id} | ({"matter": matter[1]} if matter else {})  # type: ignore[attr-defined]
