"""REST: submitting a matter, looking at matters, answering questions, retrying, regenerating."""

import json
from typing import Annotated, Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from ninja import Body, Header, Query, Router, Schema
from pydantic import AfterValidator, ConfigDict, Field, StrictBool, StrictInt, model_validator

from companies.access import company_of
from companies.api_auth import Authentication, caller
from companies.models import Company, User
from companies.problems import Problem, invalid, not_found, problems
from matters.assigning import NoSuchMember, assign_question
from matters.idempotency import check_key, earlier_answer, sha256_of
from matters.ledger import queue_position
from matters.models import IdempotencyRecord, Matter, Priority, Question
from matters.paging import page_of
from matters.representation import matter_as_json, matters_as_json, question_as_json
from matters.schemas import Accepted, MatterOut, MatterPage, QuestionOut, UsagePage
from matters.services import (
    NotAllowed,
    Submission,
    answer_question,
    regenerate_matter,
    removed_words,
    retry_matter,
    submit_matter,
)
from matters.usage import usage_of
from matters.validation import check_json_storable, clean_answer, clean_question, storable

router = Router(auth=Authentication(), tags=["matters"])
CHANGED = {200: MatterOut, 202: MatterOut, **problems(404, 409, 410)}
METADATA_LIMIT = 16_384  # characters of its JSON


def _small_json(value: dict[str, Any]) -> dict[str, Any]:
    check_json_storable(value)
    if len(json.dumps(value)) > METADATA_LIMIT:
        raise ValueError(f"Keep it under {METADATA_LIMIT:,} characters of JSON.")
    return value


class SubmitBody(Schema):
    """A question to be answered. Unknown fields are refused, so that a misspelt one is not silently ignored."""

    model_config = ConfigDict(extra="forbid")

    question: Annotated[str, AfterValidator(clean_question)]
    priority: Priority = Priority.INTERACTIVE
    model: Annotated[str, Field(max_length=200), AfterValidator(storable)] = ""
    metadata: Annotated[dict[str, Any], AfterValidator(_small_json)] = Field(default_factory=dict)


class AnswerBody(Schema):
    """One of `answer`, `unknown: true` and `offered: true`."""

    model_config = ConfigDict(extra="forbid")

    answer: Annotated[str, AfterValidator(clean_answer)] | None = None
    unknown: StrictBool = False
    offered: StrictBool = False
    round: Annotated[StrictInt, Field(ge=1, le=100)] | None = None

    @model_validator(mode="after")
    def _one_of_three(self) -> "AnswerBody":
        if [self.answer is not None, self.unknown, self.offered].count(True) != 1:
            raise ValueError("Give one of `answer`, `unknown` as true, and `offered` as true.")
        return self


def own_matter(request: HttpRequest, matter_id: UUID) -> Matter:
    """The caller's matter, with its content. Raises Problem: 404; 410 where that is removed."""
    matter = _seen_matter(request, matter_id)
    if matter.pruned_at is not None:
        raise Problem(410, removed_words(matter))
    return matter


def _seen_matter(request: HttpRequest, matter_id: UUID) -> Matter:
    """The caller's matter. Raises Problem 404."""
    matter = Matter.objects.filter(pk=matter_id, company__in=caller(request).companies).first()
    if matter is None:
        raise not_found()
    return matter


@router.post("/matters", summary="Submit a matter", response={202: Accepted, **problems(409, 413, 422)})
def submit(
    request: HttpRequest,
    body: Body[SubmitBody],
    idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key")] = None,
) -> JsonResponse:
    """202: stored, and never lost from here on. `Location` is where to look."""
    check_key(idempotency_key)
    company = _company(request)
    with transaction.atomic():
        sent = body.model_dump(mode="json")
        record = earlier_answer(company, idempotency_key, sent) if idempotency_key else None
        if record is None:
            answer = _submit(request, company, body)
            if idempotency_key:
                IdempotencyRecord.objects.create(
                    company=company, key=idempotency_key, body_sha256=sha256_of(sent), status=202, body=answer
                )
        else:
            answer = record.body
    headers = {"Location": answer["poll_url"]}
    # Sorted, since jsonb keeps no order of names: the same answer is the same bytes.
    return JsonResponse(answer, status=202, headers=headers, json_dumps_params={"sort_keys": True})


def _company(request: HttpRequest) -> Company:
    """Whom the matter is for: the key's company, or the one whose pages the person sees."""
    user, companies = _person(request), caller(request).companies
    company = company_of(user) if user else Company.objects.get(pk=companies[0])
    if company is None:
        raise Problem(403, "You belong to no company, so there is nobody to ask for.")
    return company


def _person(request: HttpRequest) -> User | None:
    user_id = caller(request).user_id
    return User.objects.get(pk=user_id) if user_id else None


def _submit(request: HttpRequest, company: Company, body: SubmitBody) -> dict[str, Any]:
    submission = Submission(body.question, body.priority, body.model, body.metadata)
    matter, step = submit_matter(company, submission, _person(request))
    here = f"/api/v1/matters/{matter.pk}"
    scheme = "wss" if request.is_secure() else "ws"
    return {
        "id": str(matter.pk),
        "status": matter.status,
        "poll_url": request.build_absolute_uri(here),
        "events_url": request.build_absolute_uri(f"{here}/events/stream"),
        "websocket_url": f"{scheme}://{request.get_host()}/ws/matters/{matter.pk}/",
        "queue_position": queue_position(step),
        "eta_seconds": None,
    }


@router.get("/matters", summary="List matters, newest first", response={200: MatterPage, **problems()})
def list_matters(
    request: HttpRequest,
    cursor: Annotated[str, Query()] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> JsonResponse:
    """`{"items": […], "next": cursor or null}`."""
    mine = Matter.objects.filter(company__in=caller(request).companies)
    matters, following = page_of(mine, cursor, limit)
    return JsonResponse({"items": matters_as_json(matters), "next": following})


@router.get("/matters/{uuid:matter_id}", summary="Look at a matter", response={200: MatterOut, **problems(404)})
def get_matter(request: HttpRequest, matter_id: UUID) -> JsonResponse:
    """The matter with its questions, facts, newest advice and usage."""
    return JsonResponse(matter_as_json(_seen_matter(request, matter_id)))


@router.post("/matters/{uuid:matter_id}/retry", summary="Go on from the step that failed", response=CHANGED)
def retry(request: HttpRequest, matter_id: UUID) -> JsonResponse:
    """202: it goes on; 200: it goes on already; 409: there is nothing to retry."""
    return change(request, matter_id, retry_matter)


@router.post("/matters/{uuid:matter_id}/regenerate", summary="Wish for the advice anew", response=CHANGED)
def regenerate(request: HttpRequest, matter_id: UUID) -> JsonResponse:
    """202: a new version begins, the old one stays readable; 200: one is being written already; 409: not yet."""
    return change(request, matter_id, regenerate_matter)


def change(request: HttpRequest, matter_id: UUID, service: Any) -> JsonResponse:
    """Call `service` for the caller's matter: 202 when it did something, 200 when there was nothing to do, 409."""
    own_matter(request, matter_id)
    try:
        matter, done = service(matter_id)
    except NotAllowed as error:
        raise Problem(409, str(error)) from error
    return JsonResponse(matter_as_json(matter), status=202 if done else 200)


@router.post(
    "/matters/{uuid:matter_id}/questions/{uuid:question_id}/answer",
    summary="Answer a question",
    response={200: QuestionOut, **problems(404, 409, 410, 413)},
)
def answer(request: HttpRequest, matter_id: UUID, question_id: UUID, body: Body[AnswerBody]) -> JsonResponse:
    """200, also for the same answer again; 409 for another one, when nobody is asked, or nothing is offered."""
    own_matter(request, matter_id)
    person = _person(request)
    try:
        question = answer_question(
            matter_id, question_id, body.answer, round=body.round, by=person, offered=body.offered
        )
    except Question.DoesNotExist:
        raise not_found() from None
    except NotAllowed as error:
        raise Problem(409, str(error)) from error
    return JsonResponse(question_as_json(question))


class AssignBody(Schema):
    """The e-mail address of a member of the matter's company; null takes the question back."""

    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, Field(max_length=254), AfterValidator(storable)] | None


@router.post(
    "/matters/{uuid:matter_id}/questions/{uuid:question_id}/assign",
    summary="Ask a colleague to answer",
    response={200: QuestionOut, **problems(404, 409, 410, 413)},
)
def assign(request: HttpRequest, matter_id: UUID, question_id: UUID, body: Body[AssignBody]) -> JsonResponse:
    """200, also for the same person again, who is sent no second e-mail; 409 where it is settled."""
    own_matter(request, matter_id)
    link = request.build_absolute_uri(f"/matters/{matter_id}/")
    try:
        question = assign_question(matter_id, question_id, body.email, link=link, by=_person(request))
    except Question.DoesNotExist:
        raise not_found() from None
    except NoSuchMember as error:
        raise invalid("email", str(error)) from error
    except NotAllowed as error:
        raise Problem(409, str(error)) from error
    return JsonResponse(question_as_json(question))


@router.get("/usage", summary="Tokens and cost by day and model", response={200: UsagePage, **problems()})
def usage(request: HttpRequest, days: Annotated[int, Query(ge=1, le=366)] = 90) -> JsonResponse:
    """Of the last `days` (UTC, today first), over all matters of the caller's companies."""
    return JsonResponse({"items": usage_of(caller(request).companies, days), "next": None})
