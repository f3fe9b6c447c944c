"""REST: submitting up to a thousand matters at once, looking at them, and stopping them."""

import json
import time
from contextlib import suppress
from typing import Annotated, Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import OperationalError
from django.http import HttpRequest, JsonResponse
from ninja import Body, Header, Query, Router
from pydantic import AfterValidator, Field, field_validator

from advice.services import cancel_matter
from companies.api_auth import Authentication, caller
from companies.postgresql.faults import is_locked_out
from companies.problems import Problem, not_found, problems
from companies.request_body import RequestBody
from matters.api import SubmitBody, calling_company, calling_person
from matters.batches.services import (
    LIMIT,
    BatchedSubmission,
    batch_as_json,
    batches_as_json,
    cancel_queued,
    note_stop,
    submit_batch,
)
from matters.idempotency import answered_once, check_key, was_answered
from matters.language_models import check_prices
from matters.models import Batch, Matter, Priority
from matters.paging import page_of
from matters.schemas import BatchOut, BatchPage
from matters.services import NotAllowed
from matters.states import ENDED
from matters.validation import storable
from matters.webhooks.callback import check_names

LOCKED_SECONDS = 10.0
MOST_STRANGE = 100  # fields, beyond which they are counted and not named
router = Router(auth=Authentication(), tags=["batches"])


class BatchMatter(SubmitBody):
    """A matter of a batch: what `POST /matters` takes, and a name of the caller's for it."""

    priority: Priority = Priority.BATCH
    custom_id: Annotated[str, Field(max_length=255), AfterValidator(storable)] | None = None


class BatchBody(RequestBody):
    """All of them are stored, or none."""

    matters: Annotated[list[BatchMatter], Field(min_length=1, max_length=LIMIT)]

    @field_validator("matters", mode="before")
    @classmethod
    def _few_mistakes(cls, matters: object) -> object:
        """Sixteen megabytes hold millions of them, each of which would be an error to be made."""
        if isinstance(matters, list) and len(matters) <= LIMIT:
            fields = BatchMatter.model_fields.keys()
            strange = [name for matter in matters if isinstance(matter, dict) for name in matter.keys() - fields]
            if len(strange) > MOST_STRANGE:
                raise ValueError(f"{len(strange):,} fields do not exist.")
        return matters


@router.post("/batches", summary="Submit a batch of matters", response={202: BatchOut, **problems(409, 413, 422)})
def submit_matters(
    request: HttpRequest,
    body: Body[BatchBody],
    idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key")] = None,
) -> JsonResponse:
    """202: all are stored, and none is ever lost. `Location` is where to look."""
    check_key(idempotency_key)
    company = calling_company(request)
    sent = {"batch": body.model_dump(mode="json")}
    urls = {f"matters.{n}.webhook_url": m.webhook_url for n, m in enumerate(body.matters) if m.webhook_url}
    if urls and not was_answered(company, idempotency_key):
        check_names(urls)

    def submit() -> dict[str, Any]:
        check_prices(company, {f"matters.{n}.model": m.model for n, m in enumerate(body.matters)})
        wanted = [BatchedSubmission(matter.submission(), matter.custom_id) for matter in body.matters]
        return _plain(batch_as_json(submit_batch(company, wanted, calling_person(request))))

    answer = answered_once(company, idempotency_key, sent, submit)
    headers = {"Location": request.build_absolute_uri(f"/api/v1/batches/{answer['id']}")}
    # Sorted, since jsonb keeps no order of names: the same answer is the same bytes.
    return JsonResponse(answer, status=202, headers=headers, json_dumps_params={"sort_keys": True})


def _plain(answer: dict[str, Any]) -> dict[str, Any]:
    """`answer` as it will be read again: times are text."""
    plain: dict[str, Any] = json.loads(json.dumps(answer, cls=DjangoJSONEncoder))
    return plain


@router.get("/batches", summary="List batches, newest first", response={200: BatchPage, **problems()})
def list_batches(
    request: HttpRequest,
    cursor: Annotated[str, Query()] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> JsonResponse:
    """`{"items": […], "next": cursor or null}`, without their matters."""
    mine = Batch.objects.filter(company__in=caller(request).companies)
    batches, following = page_of(mine, cursor, limit, by="created_at")
    return JsonResponse({"items": batches_as_json(batches), "next": following})


@router.get("/batches/{id:batch_id}", summary="Look at a batch", response={200: BatchOut, **problems(404)})
def get_batch(request: HttpRequest, batch_id: UUID) -> JsonResponse:
    """The batch with all its matters."""
    return JsonResponse(batch_as_json(_own_batch(request, batch_id)))


@router.post(
    "/batches/{id:batch_id}/cancel",
    summary="Stop the matters of a batch",
    response={200: BatchOut, 202: BatchOut, **problems(404)},
)
def cancel_batch(request: HttpRequest, batch_id: UUID) -> JsonResponse:
    """202: all that had not ended are stopped; 200: nothing was to be stopped. What ended before stays as it is.

    503: some are not stopped, since somebody else keeps them locked; the others are.
    """
    batch = _own_batch(request, batch_id)
    running = Matter.shown.filter(batch_items__batch=batch, batch_items__is_own=True).exclude(status__in=ENDED)
    found = list(running.values_list("pk", flat=True))
    if found:
        note_stop(batch)
        cancel_queued(found)
    _stop(list(running.values_list("pk", flat=True)))
    return JsonResponse(batch_as_json(batch), status=202 if found else 200)


def _stop(matters: list[UUID]) -> None:
    """Stop each; what somebody keeps locked is waited for, all of it together for some ten seconds. Raises Problem."""
    ends_at, left = time.monotonic() + LOCKED_SECONDS, 0
    for matter in matters:
        try:
            with suppress(NotAllowed, Matter.DoesNotExist):  # it has been advised meanwhile, or deleted
                cancel_matter(matter, seconds=max(0.1, min(4.0, ends_at - time.monotonic())))
        except OperationalError as error:
            if not is_locked_out(error):
                raise
            left += 1
    if left:
        detail = f"{left} of its matters are locked by somebody else; all others are stopped. Stop the batch again."
        raise Problem(503, detail, headers={"Retry-After": "5"})


def _own_batch(request: HttpRequest, batch_id: UUID) -> Batch:
    batch = Batch.objects.filter(pk=batch_id, company__in=caller(request).companies).first()
    if batch is None:
        raise not_found()
    return batch
