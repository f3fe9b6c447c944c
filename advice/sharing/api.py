"""REST: share links."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from ninja import Body, Query, Router, Schema
from pydantic import Field, StrictBool, StrictInt

from advice.api import wanted_attempt
from advice.models import ShareLink
from advice.sharing.links import DEFAULT_DAYS, links_of, revoke_link, share_attempt
from companies.api_auth import Authentication, caller
from companies.models import User
from companies.problems import Problem, not_found, problems
from companies.request_body import RequestBody
from matters.api import own_matter
from matters.models import Matter
from matters.paging import page_of
from matters.services import NotAllowed

router = Router(auth=Authentication(), tags=["advice"])
Number = Annotated[StrictInt, Field(ge=1, le=999_999_999)] | None


class ShareBody(RequestBody):
    """Which attempt to share (the newest that fits), for how many days, and whether with the list of facts."""

    version: Number = None
    attempt: Number = None
    days: Literal[1, 14, 90] = DEFAULT_DAYS
    facts: StrictBool = True


class ShareOut(Schema):
    """A link to an attempt. It leads somewhere until it expires or is revoked."""

    id: UUID
    version: int
    attempt: int
    facts: bool
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    views: int
    last_seen_at: datetime | None


class NewShareOut(ShareOut):
    """A link that was just made, with its address, which can't be had again."""

    url: str


class SharePage(Schema):
    """A part of a list, newest first; `next` is the cursor of the following one."""

    items: list[ShareOut]
    next: str | None


@router.post(
    "/matters/{id:matter_id}/shares",
    summary="Share an advice by a link",
    response={201: NewShareOut, **problems(404, 409, 410, 413)},
)
def create_share(request: HttpRequest, matter_id: UUID, body: Body[ShareBody]) -> JsonResponse:
    """201 with the link's address, which no later answer has; 409 while the advice is being written."""
    own_matter(request, matter_id)
    attempt = wanted_attempt(matter_id, body.version, body.attempt)
    user_id = caller(request).user_id
    user = User.objects.get(pk=user_id) if user_id else None
    try:
        link, token = share_attempt(attempt, days=body.days, facts=body.facts, by=user)
    except NotAllowed as error:
        raise Problem(409, str(error)) from error
    url = request.build_absolute_uri(reverse("advice:shared", args=[token]))
    return JsonResponse(_as_json(link) | {"url": url}, status=201)


@router.get(
    "/matters/{id:matter_id}/shares",
    summary="List a matter's share links",
    response={200: SharePage, **problems(404, 410)},
)
def list_shares(
    request: HttpRequest,
    matter_id: UUID,
    cursor: Annotated[str, Query()] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> JsonResponse:
    """`{"items": […], "next": cursor or null}`, newest first, those that have ended too."""
    own_matter(request, matter_id)
    links, following = page_of(links_of(matter_id), cursor, limit, by="created_at")
    return JsonResponse({"items": [_as_json(link) for link in links], "next": following})


@router.delete("/shares/{id:share_id}", summary="Revoke a share link", response={204: None, **problems(404)})
def revoke_share(request: HttpRequest, share_id: UUID) -> HttpResponse:
    """204: it leads nowhere from now on, or did not before."""
    mine = ShareLink.objects.filter(attempt__matter__in=Matter.shown.filter(company__in=caller(request).companies))
    link = mine.select_related("attempt").filter(pk=share_id).first()
    if link is None:
        raise not_found()
    revoke_link(link)
    return HttpResponse(status=204)


def _as_json(link: ShareLink) -> dict[str, Any]:
    return {
        "id": str(link.pk),
        "version": link.attempt.version,
        "attempt": link.attempt.number,
        "facts": link.facts,
        "created_at": link.created_at,
        "expires_at": link.expires_at,
        "revoked_at": link.revoked_at,
        "views": link.views,
        "last_seen_at": link.last_seen_at,
    }
