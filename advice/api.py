"""REST: reading an advice, stopping a matter, and the event stream by poll and SSE."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from ninja import Query, Router
from structlog.contextvars import bind_contextvars

from advice.access import may_read
from advice.cursor import BadCursorError, Cursor
from advice.doorkeeper import doorkeeper
from advice.hub import hub
from advice.models import Attempt
from advice.notice import notice_alone
from advice.review.badge import standing_of
from advice.schemas import AdviceOut, EventPage, described
from advice.services import cancel_matter, folded_text
from advice.stream import Item, MatterGoneError, Page, read_page
from advice.tasks import ended_behind
from companies.api_auth import AsyncAuthentication, Authentication, caller
from companies.authentication import Principal
from companies.problems import invalid, not_found, problems
from matters.api import CHANGED, change, own_matter
from matters.tracing import past_span

logger = logging.getLogger(__name__)
router = Router(auth=Authentication(), tags=["advice"])
streams = Router(auth=AsyncAuthentication(), tags=["events"])

COMMENT_SECONDS = 15.0
GATHER_SECONDS = 0.5
LITTLE_TEXT = 2_000  # code points of events
Number = Annotated[int | None, Query(ge=1, le=999_999_999)]  # of a version or an attempt


@router.post("/matters/{id:matter_id}/cancel", summary="Stop a matter", response=CHANGED)
def cancel(request: HttpRequest, matter_id: UUID) -> JsonResponse:
    """202: stopped, a partial advice is kept; 200: it was stopped before; 409: it is advised already."""
    return change(request, matter_id, cancel_matter)


@router.get("/matters/{id:matter_id}/advice", summary="Read an advice", response={200: AdviceOut, **problems(404, 410)})
def get_advice(
    request: HttpRequest,
    matter_id: UUID,
    version: Number = None,
    attempt: Number = None,
) -> JsonResponse:
    """The newest attempt, or the one asked for; while it streams, `content` is what is stored so far."""
    own_matter(request, matter_id)
    return JsonResponse(_advice_as_json(wanted_attempt(matter_id, version, attempt)))


@router.get(
    "/matters/{id:matter_id}/advice.md",
    summary="Read an advice as Markdown",
    response={200: None, **problems(404, 410)},
    openapi_extra=described("text/markdown"),
)
def get_advice_markdown(
    request: HttpRequest,
    matter_id: UUID,
    version: Number = None,
    attempt: Number = None,
) -> HttpResponse:
    """The text alone, to the byte; the header `Advice-Status` has the attempt's status."""
    own_matter(request, matter_id)
    wanted = wanted_attempt(matter_id, version, attempt)
    text = _text(wanted)
    headers = {"Advice-Status": wanted.status}
    return HttpResponse(text, content_type="text/markdown; charset=utf-8", headers=headers)


def wanted_attempt(matter_id: UUID, version: int | None, number: int | None) -> Attempt:
    """The newest attempt of a matter, or of a version of it, or the one of that number. Raises Problem 404."""
    attempts = Attempt.objects.filter(matter=matter_id).order_by("-started_event")
    if version is not None:
        attempts = attempts.filter(version=version)
    if number is not None:
        attempts = attempts.filter(number=number)
    found = attempts.first()
    if found is None:
        raise not_found()
    return found


def _text(attempt: Attempt) -> str:
    """The text as it is now. An attempt that ended since it was looked at is brought up to date."""
    if attempt.ended_at:
        return attempt.text
    streamed = folded_text(attempt.pk)
    attempt.refresh_from_db()
    return attempt.text if attempt.ended_at else streamed


def _advice_as_json(attempt: Attempt) -> dict[str, Any]:
    content, standing = _text(attempt), standing_of(attempt)
    return {
        "version": attempt.version,
        "attempt": attempt.number,
        "status": attempt.status,
        "content": content,
        "sha256": attempt.sha256 or None,
        "sources": attempt.sources,
        "facts": attempt.facts,
        "checks": [
            {"start": c.start, "end": c.end, "verdict": c.verdict, "sources": c.sources, "reason": c.reason}
            for c in attempt.checks.all()
        ],
        "model": attempt.model,
        "created_at": attempt.created_at,
        "notice": notice_alone(attempt, standing),
        "review": standing.as_json(),
    }


@streams.get("/matters/{id:matter_id}/events", summary="Poll the events", response={200: EventPage, **problems(404)})
async def poll(
    request: HttpRequest,
    matter_id: UUID,
    after: Annotated[str, Query()] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    wait: Annotated[float, Query(ge=0, le=30)] = 0,
) -> HttpResponse:
    """`{"events": […], "cursor": …, "done": …}`. `wait`: seconds to wait for an event when there is none yet.

    With it, text that is being written is gathered for half a second: else each piece would cost a request.
    """
    cursor = await _admitted(request, matter_id, after)
    until = time.monotonic() + wait
    try:
        page = await read_page(matter_id, cursor, limit=limit)
        if not page.items and not page.done and wait:
            await _wait_for_event(matter_id, cursor, wait)
            page = await read_page(matter_id, cursor, limit=limit)
        if _is_little_text(page) and (seconds := min(GATHER_SECONDS, until - time.monotonic())) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(hub().ending.wait(), seconds)
            page = await read_page(matter_id, cursor, limit=limit)
    except MatterGoneError as error:  # deleted in this moment
        raise not_found() from error
    return HttpResponse(_poll_body(page, limit), content_type="application/json")


def _is_little_text(page: Page) -> bool:
    return 0 < sum(len(i.json) for i in page.items) < LITTLE_TEXT and all(i.type == "advice.delta" for i in page.items)


def _poll_body(page: Page, limit: int) -> str:
    """At most `limit` events, deltas too, which a page does not count."""
    items = page.items[:limit]
    whole = len(items) == len(page.items)
    cursor = page.cursor if whole else items[-1].cursor
    done = "true" if page.done and whole else "false"
    return f'{{"events":[{",".join(item.json for item in items)}],"cursor":"{cursor}","done":{done}}}'


async def _wait_for_event(matter_id: UUID, cursor: Cursor, seconds: float) -> None:
    async def first() -> None:
        async with aclosing(hub().follow(matter_id, cursor)) as following:
            async for _items in following:
                return

    waiting = [asyncio.create_task(first()), asyncio.create_task(hub().ending.wait())]
    async with ended_behind(waiting):
        done, _ = await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()


@streams.get(
    "/matters/{id:matter_id}/events/stream",
    summary="Follow the events by SSE",
    response={200: None, **problems(404)},
    openapi_extra=described("text/event-stream"),
)
async def stream(request: HttpRequest, matter_id: UUID, after: Annotated[str, Query()] = "") -> StreamingHttpResponse:
    """Server-sent events: `id:` is the cursor. `Last-Event-ID` goes before `after`. Ends after the last event."""
    cursor = await _admitted(request, matter_id, request.headers.get("Last-Event-ID") or after)
    response = EventStream(_sse(matter_id, cursor, caller(request)), content_type="text/event-stream; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"
    return response


class EventStream(StreamingHttpResponse):
    """A stream of frames that ends with its reader.

    Django closes what is outermost, and leaves the generator inside to the garbage collector: until then whoever has
    gone is read for, and their tasks may be taken apart in any order, with connections in their hands.
    """

    def __init__(self, frames: AsyncGenerator[bytes], content_type: str) -> None:
        super().__init__(frames, content_type=content_type)
        self._frames = frames

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        async with aclosing(self._frames) as frames:
            async for frame in frames:
                yield frame


async def _sse(matter_id: UUID, cursor: Cursor, principal: Principal) -> AsyncGenerator[bytes]:
    """The frames; a comment after 15 s of silence. Ends early when the caller may not read it any more."""
    bind_contextvars(matter=str(matter_id))  # of this request's task: its middleware is done by now
    yield b": connected\n\n"
    queue: asyncio.Queue[list[Item] | None] = asyncio.Queue(maxsize=1)  # a slow reader holds the reading back

    async def read() -> None:
        try:
            async with aclosing(hub().follow(matter_id, cursor)) as following:
                async for items in following:
                    await queue.put(items)
        except Exception:  # whatever broke: the reader comes again, from its cursor
            logger.exception("a stream broke")
        await queue.put(None)

    async def end(signed_out: asyncio.Event) -> None:
        await signed_out.wait()
        await queue.put(None)

    began = time.monotonic()
    with doorkeeper().admitted(principal, matter_id, "sse") as signed_out:
        try:
            async with ended_behind([asyncio.create_task(read()), asyncio.create_task(end(signed_out))]):
                while True:
                    try:
                        items = await asyncio.wait_for(queue.get(), timeout=COMMENT_SECONDS)
                    except TimeoutError:
                        yield b": still here\n\n"
                        continue
                    if items is None:
                        return
                    yield "".join(f"id: {i.cursor}\nevent: {i.type}\ndata: {i.json}\n\n" for i in items).encode()
        finally:
            past_span("stream", matter_id, time.monotonic() - began, transport="sse")


async def _admitted(request: HttpRequest, matter_id: UUID, after: str) -> Cursor:
    """The cursor, once the matter is the caller's. Raises Problem."""
    if not await may_read(caller(request), matter_id):
        raise not_found()
    try:
        return Cursor.parse(after)
    except BadCursorError as error:
        raise invalid("after", str(error)) from error
