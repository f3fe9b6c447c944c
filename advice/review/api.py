"""REST: an approved advice with its badge, in one file that `manage.py verify_badge` proves offline."""

from uuid import UUID

from django.http import HttpRequest, JsonResponse
from ninja import Router

from advice.api import Number, wanted_attempt
from advice.models import Attempt
from advice.review.badge import badge_file
from advice.review.models import Review, ReviewState
from advice.review.schemas import BadgeFile
from companies.api_auth import Authentication
from companies.problems import Problem, problems
from matters.api import own_matter

router = Router(auth=Authentication(), tags=["advice"])
_ATTACHED = {"Content-Disposition": 'attachment; filename="review.json"', "Cache-Control": "private, no-store"}


@router.get(
    "/matters/{id:matter_id}/review.json",
    summary="Read an advice with its badge",
    response={200: BadgeFile, **problems(404, 410)},
)
def get_review(request: HttpRequest, matter_id: UUID, version: Number = None, attempt: Number = None) -> JsonResponse:
    """The newest attempt, or the one asked for, with the badge that its approval gave; 404 where none approved it."""
    own_matter(request, matter_id)
    file = review_file(wanted_attempt(matter_id, version, attempt))
    if file is None:
        raise Problem(404, "Nobody has approved this advice, so it has no badge.")
    return file


def review_file(attempt: Attempt) -> JsonResponse | None:
    """The file to be downloaded; None where nobody has approved `attempt`."""
    review = Review.objects.filter(attempt=attempt, state=ReviewState.APPROVED).first()
    if review is None:
        return None
    return JsonResponse(badge_file(attempt, review), headers=_ATTACHED, json_dumps_params={"ensure_ascii": False})
