"""REST: submitting a matter, looking at matters, answering questions, retrying, regenerating."""

import json
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, JsonResponse
from ninja import Body, Header, Query, Router
from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    StrictInt,
    ValidationInfo,
    field_validator,
    model_validator,
)

from companies.access import company_of, user_of
from companies.api_auth import Authentication, caller
from companies.models import Company, User
from companies.problems import Problem, invalid, not_found, problems
from companies.request_body import RequestBody
from matters.dedupe import earlier_matters, mark_of
from matters.going_on import regenerate_matter, retry_matter
from matters.idempotency import answered_once, check_key, was_answered
from matters.language_models import check_prices
from matters.ledger import queue_position, queue_position_of
from matters.models import Matter, Priority, Question
from matters.paging import page_of
from matters.questions.answering import answer_question, confirm_proposal
from matters.questions.assigning import NoSuchMember, assign_question
from matters.representation import matter_as_json, matters_as_json, question_as_json
from matters.schemas import Accepted, MatterOut, MatterPage, QuestionOut, UsagePage
from matters.services import NotAllowed, Submission, find_matter, removed_words, submit_matter
from matters.usage import usage_of
from matters.validation import check_json_storable, clean_answer, clean_question, storable
from matters.webhooks.callback import HEADERS_LIMIT, check_names, clean_callback_headers, clean_webhook_url

router = Router(auth=Authentication(), tags=["matters"])
CHANGED = {200: MatterOut, 202: MatterOut, **problems(404, 409, 410)}
METADATA_LIMIT = 16_384  # characters of its JSON


def _small_json(value: dict[str, Any]) -> dict[str, Any]:
    check_json_storable(value)
    if len(json.dumps(value)) > METADATA_LIMIT:
        raise ValueError(f"Keep it under {METADATA_LIMIT:,} characters of JSON.")
    return value


class SubmitBody(RequestBody):
    """A question to be answered."""

    question: Annotated[str, AfterValidator(clean_question)]
    priority: Priority = Priority.INTERACTIVE
    model: Annotated[str, Field(max_length=200), AfterValidator(storable)] = ""
    webhook_url: Annotated[str, AfterValidator(clean_webhook_url)] = ""
    callback_headers: Annotated[dict[str, str], AfterValidator(clean_callback_headers)] = Field(default_factory=dict)
    metadata: Annotated[dict[str, Any], AfterValidator(_small_json)] = Field(default_factory=dict)
    dedupe: StrictBool | Annotated[str, Field(min_length=1, max_length=255)] = False

    @field_validator("callback_headers", mode="before")
    @classmethod
    def _few_headers(cls, headers: object) -> object:
        if isinstance(headers, dict) and len(headers) > HEADERS_LIMIT:
            raise ValueError(f"Give at most {HEADERS_LIMIT} headers.")
        return headers

    @field_validator("callback_headers")
    @classmethod
    def _with_url(cls, headers: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if headers and not info.data.get("webhook_url", "unless that is what is wrong"):
            raise ValueError("They go along to a webhook_url: give that, too.")
        return headers

    @field_validator("dedupe", mode="before")
    @classmethod
    def _name_or_true(cls, value: object) -> object:
        if not isinstance(value, bool) and not (isinstance(value, str) and 0 < len(value) <= 255):
            raise ValueError("Give a name of 1 to 255 characters, or true: the words of the question.")
        return storable(value) if isinstance(value, str) else value

    def submission(self) -> Submission:
        """What the body asks for."""
        return Submission(
            self.question,
            self.priority,
            self.model,
            self.metadata,
            self.webhook_url,
            self.callback_headers,
            mark_of(self.dedupe, self.question),
        )


class AnswerBody(RequestBody):
    """One of `answer`, `unknown: true`, `offered: true` and `proposal: true`."""

    answer: Annotated[str, AfterValidator(clean_answer)] | None = None
    unknown: StrictBool = False
    offered: StrictBool = False
    proposal: StrictBool = False
    round: Annotated[StrictInt, Field(ge=1, le=100)] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "AnswerBody":
        if [self.answer is not None, self.unknown, self.offered, self.proposal].count(True) != 1:
            raise ValueError("Give one of `answer`, and `unknown`, `offered` or `proposal` as true.")
        return self


def own_matter(request: HttpRequest, matter_id: UUID) -> Matter:
    """The caller's matter, with its content. Raises Problem: 404; 410 where that is removed."""
    matter = seen_matter(request, matter_id)
    if matter.pruned_at is not None:
        raise Problem(410, removed_words(matter))
    return matter


def seen_matter(request: HttpRequest, matter_id: UUID) -> Matter:
    """The caller's matter. Raises Problem 404."""
    matter = find_matter(matter_id, caller(request).companies)
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
    company = calling_company(request)
    sent = body.model_dump(mode="json")
    if body.webhook_url and not was_answered(company, idempotency_key):
        check_names({"webhook_url": body.webhook_url})
    answer = answered_once(company, idempotency_key, sent, lambda: _submit(request, company, body))
    headers = {"Location": answer["poll_url"]}
    # Sorted, since jsonb keeps no order of names: the same answer is the same bytes.
    return JsonResponse(answer, status=202, headers=headers, json_dumps_params={"sort_keys": True})


def calling_company(request: HttpRequest) -> Company:
    """For whom the call is made: the key's company, or the one whose pages the person sees. Raises Problem 403."""
    user, companies = calling_person(request), caller(request).companies
    company = company_of(user) if user else Company.objects.get(pk=companies[0])
    if company is None:
        raise Problem(403, "You are not in a company yet. Ask your company's owner to invite you.")
    return company


def calling_person(request: HttpRequest) -> User | None:
    """Who signed in to make this call; None for a key."""
    return user_of(request) if caller(request).user_id else None


def _submit(request: HttpRequest, company: Company, body: SubmitBody) -> dict[str, Any]:
    check_prices(company, {"model": body.model})
    submission = body.submission()
    matter = earlier_matters(company, [submission.dedupe]).get(submission.dedupe)
    if matter is None:
        matter, step = submit_matter(company, submission, calling_person(request))
        position = queue_position(step)
    else:
        position = queue_position_of(matter)
    here = f"/api/v1/matters/{matter.pk}"
    scheme = "wss" if request.is_secure() else "ws"
    return {
        "id": str(matter.pk),
        "status": matter.status,
        "poll_url": request.build_absolute_uri(here),
        "events_url": request.build_absolute_uri(f"{here}/events/stream"),
        "websocket_url": f"{scheme}://{request.get_host()}/ws/matters/{matter.pk}/",
        "queue_position": position,
        "eta_seconds": None,
    }


@router.get("/matters", summary="List matters, newest first", response={200: MatterPage, **problems()})
def list_matters(
    request: HttpRequest,
    cursor: Annotated[str, Query()] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> JsonResponse:
    """`{"items": […], "next": cursor or null}`."""
    mine = Matter.shown.filter(company__in=caller(request).companies)
    matters, following = page_of(mine, cursor, limit)
    return JsonResponse({"items": matters_as_json(matters), "next": following})


@router.get("/matters/{id:matter_id}", summary="Look at a matter", response={200: MatterOut, **problems(404)})
def get_matter(request: HttpRequest, matter_id: UUID) -> JsonResponse:
    """The matter with its questions, facts, newest advice and usage."""
    return JsonResponse(matter_as_json(seen_matter(request, matter_id)))


@router.post("/matters/{id:matter_id}/retry", summary="Go on from the step that failed", response=CHANGED)
def retry(request: HttpRequest, matter_id: UUID) -> JsonResponse:
    """202: it goes on; 200: it goes on already; 409: there is nothing to retry."""
    return change(request, matter_id, retry_matter)


@router.post("/matters/{id:matter_id}/regenerate", summary="Wish for the advice anew", response=CHANGED)
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
    "/matters/{id:matter_id}/questions/{id:question_id}/answer",
    summary="Answer a question",
    response={200: QuestionOut, **problems(404, 409, 410, 413)},
)
def answer(request: HttpRequest, matter_id: UUID, question_id: UUID, body: Body[AnswerBody]) -> JsonResponse:
    """200, also for the same answer again; 409 for another one, when nobody is asked, or nothing is offered."""
    own_matter(request, matter_id)
    by = calling_person(request)
    try:
        if body.proposal:
            question = confirm_proposal(matter_id, question_id, round=body.round, by=by)
        else:
            question = answer_question(
                matter_id, question_id, body.answer, round=body.round, by=by, offered=body.offered
            )
    except Question.DoesNotExist:
        raise not_found() from None
    except NotAllowed as error:
        raise Problem(409, str(error)) from error
    return JsonResponse(question_as_json(question))


class AssignBody(RequestBody):
    """The e-mail address of a member of the matter's company; null takes the question back."""

    email: Annotated[str, Field(max_length=254), AfterValidator(storable)] | None


@router.post(
    "/matters/{id:matter_id}/questions/{id:question_id}/assign",
    summary="Ask a colleague to answer",
    response={200: QuestionOut, **problems(404, 409, 410, 413)},
)
def assign(request: HttpRequest, matter_id: UUID, question_id: UUID, body: Body[AssignBody]) -> JsonResponse:
    """200, also for the same person again, who is sent no second e-mail; 409 where it is settled."""
    own_matter(request, matter_id)
    try:
        question = assign_question(matter_id, question_id, body.email, by=calling_person(request))
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
