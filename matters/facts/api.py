"""REST: the company's ledger of facts, and settling what two sources disagree about."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, JsonResponse
from ninja import Body, Query, Router, Schema
from pydantic import AfterValidator, Field, StrictInt, model_validator

from companies.api_auth import Authentication, caller
from companies.models import User
from companies.problems import Problem, invalid, not_found, problems
from companies.request_body import RequestBody
from matters.facts.settling import Choice, NoSuchChoice, settle_fact
from matters.facts.showing import company_fact_as_json, facts_of
from matters.models import CompanyFact, CompanyFactEntry
from matters.paging import page_of
from matters.schemas import Source
from matters.services import NotAllowed
from matters.states import About, AnswerKind
from matters.validation import storable

Words = Annotated[str, AfterValidator(storable)]
router = Router(auth=Authentication(), tags=["facts"])


class EntryOut(Schema):
    """A value that somebody gave, chose or confirmed. `by`: the person, null for a program or a source.

    `document`: name and place of the one in which it stands, such as `lease.pdf, page 3`; else, or where that is not
    kept any more, empty.
    """

    id: int
    how: CompanyFactEntry.How
    value: str
    unit: str | None
    as_of: date | None
    source: Source
    record_id: str
    document: str
    matter: UUID | None
    by: str | None
    at: datetime


class CompanyFactOut(Schema):
    """What is known of a company or a person. In dispute it has no value; `disputed` has one of each source."""

    id: UUID
    subject: str
    key: str
    about: About
    kind: AnswerKind
    value: str | None
    unit: str | None
    as_of: date | None
    source: Source
    record_id: str
    status: CompanyFact.Status
    gathered_at: datetime
    age_days: int
    stale_at: datetime
    is_fresh: bool
    matter: UUID | None
    disputed: list[EntryOut]


class CompanyFactWithHistory(CompanyFactOut):
    """The same, with every value that is kept, oldest first."""

    history: list[EntryOut]


class CompanyFactPage(Schema):
    """A page of facts; `next` is the next page's cursor, null on the last."""

    items: list[CompanyFactOut]
    next: str | None


class SettleBody(RequestBody):
    """Either `choose`, an id of `disputed`, or a `value` of one's own, with its unit."""

    choose: Annotated[StrictInt, Field(ge=1, lt=2**63)] | None = None
    value: Annotated[str, Field(max_length=10_000)] | None = None
    unit: Annotated[str, Field(max_length=100)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "SettleBody":
        if (self.choose is None) == (self.value is None) or (self.unit is not None and self.value is None):
            raise ValueError("Give either `choose`, or `value` with the `unit` it may need.")
        return self


@router.get("/facts", summary="List the company's facts, newest first", response={200: CompanyFactPage, **problems()})
def list_facts(
    request: HttpRequest,
    status: Annotated[CompanyFact.Status | None, Query()] = None,
    subject: Annotated[Words | None, Query()] = None,
    key: Annotated[Words | None, Query()] = None,
    cursor: Annotated[str, Query()] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> JsonResponse:
    """Those with this `status`, `subject` and `key`, to the letter; in the order in which they were first known."""
    wanted = {"status": status, "subject": subject, "key": key}
    lines = facts_of(caller(request).companies).filter(**{k: v for k, v in wanted.items() if v is not None})
    found, following = page_of(lines, cursor, limit, by="created_at")
    return JsonResponse({"items": [company_fact_as_json(line) for line in found], "next": following})


@router.get("/facts/{id:fact_id}", summary="Look at a fact", response={200: CompanyFactWithHistory, **problems(404)})
def get_fact(request: HttpRequest, fact_id: UUID) -> JsonResponse:
    """The fact with its history."""
    return JsonResponse(company_fact_as_json(_own_fact(request, fact_id), with_history=True))


@router.post(
    "/facts/{id:fact_id}/settle",
    summary="Decide what a fact in dispute is",
    response={200: CompanyFactWithHistory, **problems(404, 409, 413)},
)
def settle(request: HttpRequest, fact_id: UUID, body: Body[SettleBody]) -> JsonResponse:
    """200, also for the same again; 409 where it was settled otherwise, or is not in dispute."""
    _own_fact(request, fact_id)
    user = caller(request).user_id
    choice = Choice(body.choose, body.value or "", body.unit)
    try:
        line = settle_fact(fact_id, choice, User.objects.get(pk=user) if user else None)
    except CompanyFact.DoesNotExist:
        raise not_found() from None
    except NoSuchChoice as error:
        raise invalid("choose", f"{error} Give an `id` of `disputed`.") from error
    except ValueError as error:
        raise invalid("value", str(error)) from error
    except NotAllowed as error:
        raise Problem(409, str(error)) from error
    return JsonResponse(company_fact_as_json(line, with_history=True))


def _own_fact(request: HttpRequest, fact_id: UUID) -> CompanyFact:
    """A fact of the caller's companies. Raises Problem 404."""
    line = CompanyFact.objects.filter(pk=fact_id, company__in=caller(request).companies).first()
    if line is None:
        raise not_found()
    return line
