"""REST for operators: the steps that gave up, with their error; each goes on by a retry, or is discarded."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, JsonResponse
from ninja import Query, Router, Schema

from advice.services import cancel_matter
from companies.api_auth import Authentication, caller
from companies.models import Scope
from companies.problems import Problem, not_found, problems
from matters.going_on import retry_matter
from matters.models import Matter, Step
from matters.paging import page_of
from matters.representation import matter_as_json
from matters.schemas import MatterError, MatterOut
from matters.services import NotAllowed
from matters.states import MatterStatus, StepState

router = Router(auth=Authentication(Scope.ADMIN), tags=["dead letters"])
CHANGED = {200: MatterOut, 202: MatterOut, **problems(404, 409)}


class DeadLetter(Schema):
    """A step that gave up. `attempts` counts how often a worker took it since it was last made to go on."""

    id: int
    matter: UUID
    version: int
    step: str
    attempts: int
    error: MatterError
    failed_at: datetime


class DeadLetterPage(Schema):
    """A page of dead letters; `next` is the next page's cursor, null on the last."""

    items: list[DeadLetter]
    next: str | None


@router.get(
    "/dead-letters", summary="List the steps that gave up, newest first", response={200: DeadLetterPage, **problems()}
)
def list_dead_letters(
    request: HttpRequest,
    cursor: Annotated[str, Query()] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> JsonResponse:
    """Of the caller's companies; for keys with the scope `admin`."""
    steps, following = page_of(_own_steps(request).filter(state=StepState.DEAD), cursor, limit, by="finished_at")
    return JsonResponse({"items": [_as_json(step) for step in steps], "next": following})


@router.post("/dead-letters/{int:step_id}/retry", summary="Go on from the step that gave up", response=CHANGED)
def retry_dead_letter(request: HttpRequest, step_id: int) -> JsonResponse:
    """As its matter's retry: 202: it goes on; 200: it goes on already; 409: it was discarded, or has ended since."""
    return _change(request, step_id, retry_matter)


@router.post("/dead-letters/{int:step_id}/discard", summary="Give the step up for good", response=CHANGED)
def discard_dead_letter(request: HttpRequest, step_id: int) -> JsonResponse:
    """202: its matter is stopped; 200: was before; 409: the step is no dead letter any more, and its matter goes on."""
    step = _own_step(request, step_id)
    if step.state not in (StepState.DEAD, StepState.CANCELED) or step.matter.status not in _GIVEN_UP:
        raise Problem(409, "This step is no longer a dead letter: its matter goes on.")
    return _change(request, step_id, cancel_matter)


_GIVEN_UP = (MatterStatus.FAILED, MatterStatus.CANCELED)


def _own_steps(request: HttpRequest) -> QuerySet[Step]:
    """The steps of the caller's companies."""
    return Step.objects.filter(matter__in=Matter.shown.filter(company__in=caller(request).companies))


def _own_step(request: HttpRequest, step_id: int) -> Step:
    """A step of theirs that gave up, whatever became of it since. Raises Problem."""
    step = _own_steps(request).select_related("matter").filter(pk=step_id).first()
    if step is None:
        raise not_found()
    return step


def _change(request: HttpRequest, step_id: int, service: Callable[[UUID], tuple[Matter, bool]]) -> JsonResponse:
    step = _own_step(request, step_id)
    try:
        matter, done = service(step.matter_id)
    except NotAllowed as error:
        raise Problem(409, str(error)) from error
    return JsonResponse(matter_as_json(matter), status=202 if done else 200)


def _as_json(step: Step) -> dict[str, Any]:
    return {
        "id": step.pk,
        "matter": str(step.matter_id),
        "version": step.version,
        "step": step.key,
        "attempts": step.attempt,
        "error": step.error,
        "failed_at": step.finished_at,
    }
