"""`/dead-letters`: the steps that gave up, for operators with the scope `admin`."""

import json
from typing import Any

import pytest
from django.db import transaction
from django.db.models.functions import Now

from companies.models import ApiKey, Company
from matters.models import Matter, Step
from matters.services import fail_matter, lock_matter
from matters.states import StepState
from tests.api.conftest import MATTERS, Program
from tests.rows import submitted

pytestmark = pytest.mark.django_db
DEAD_LETTERS = "/api/v1/dead-letters"
ERROR = {"code": "stalled", "message": "The model stopped answering.", "retryable": True}


@pytest.fixture
def operator(company: Company) -> Program:
    return program_of(company)


def program_of(company: Company) -> Program:
    return Program(Authorization=f"Bearer {ApiKey.issue(company, ['read', 'write', 'admin'])[1]}")


def given_up(company: Company) -> Step:
    """The first step of a new matter, after its third call failed."""
    matter = submitted(company)
    with transaction.atomic():
        matter.steps.update(state=StepState.DEAD, error=ERROR, attempt=3, finished_at=Now())
        fail_matter(lock_matter(matter.pk), ERROR, "gave up")
    return matter.steps.get()


def page_of(program: Program, **query: Any) -> dict[str, Any]:
    response = program.get(DEAD_LETTERS, **query)
    assert response.status_code == 200, response.content
    page = json.loads(response.content)
    assert page.keys() == {"items", "next"}
    return dict(page)


def do(program: Program, step: Step, what: str) -> tuple[int, dict[str, Any]]:
    response = program.post(f"{DEAD_LETTERS}/{step.pk}/{what}")
    return response.status_code, json.loads(response.content)


def test_a_step_that_gave_up_is_listed_with_its_error(operator: Program, company: Company) -> None:
    submitted(company)
    step = given_up(company)
    (item,) = page_of(operator)["items"]
    assert item.pop("failed_at")
    assert item == {
        "id": step.pk,
        "matter": str(step.matter_id),
        "version": 1,
        "step": "plan_search",
        "attempts": 3,
        "error": ERROR,
    }


def test_pages_show_each_one_once_newest_first(operator: Program, company: Company) -> None:
    expected = [given_up(company).pk for _ in range(5)][::-1]
    page = page_of(operator, limit=2)
    seen = [item["id"] for item in page["items"]]
    while page["next"]:
        page = page_of(operator, limit=2, cursor=page["next"])
        seen += [item["id"] for item in page["items"]]
    assert seen == expected


def test_retry_takes_it_off_the_list_and_lets_its_matter_go_on(operator: Program, company: Company) -> None:
    step = given_up(company)
    status, matter = do(operator, step, "retry")
    assert (status, matter["status"], matter["error"]) == (202, "queued", None)
    assert page_of(operator)["items"] == []
    assert do(operator, step, "retry")[0] == 200, "the same wish again is no error"


def test_discard_takes_it_off_the_list_and_stops_its_matter(operator: Program, company: Company) -> None:
    step = given_up(company)
    assert (do(operator, step, "discard")[0], do(operator, step, "discard")[0]) == (202, 200)
    assert page_of(operator)["items"] == []
    assert Matter.objects.get(pk=step.matter_id).status == "canceled"
    assert do(operator, step, "retry")[0] == 409


def test_one_that_was_retried_meanwhile_is_not_discarded(operator: Program, company: Company) -> None:
    step = given_up(company)
    do(operator, step, "retry")
    assert do(operator, step, "discard")[0] == 409
    assert Matter.objects.get(pk=step.matter_id).status == "queued", "somebody else's Retry was undone"


def test_another_company_s_is_as_one_that_is_not_there(operator: Program) -> None:
    step = given_up(Company.objects.create(name="Other, Inc.", slug="other"))
    assert page_of(operator)["items"] == []
    for what in ("retry", "discard"):
        foreign, missing = do(operator, step, what), operator.post(f"{DEAD_LETTERS}/{2**70}/{what}")
        assert foreign[0] == missing.status_code == 404
        assert foreign[1] | {"request_id": ""} == json.loads(missing.content) | {"request_id": ""}


def test_a_key_without_the_scope_admin_sees_none(api: Program, company: Company) -> None:
    step = given_up(company)
    assert api.get(DEAD_LETTERS).status_code == 403
    assert do(api, step, "retry")[0] == do(api, step, "discard")[0] == 403
    assert json.loads(api.get(f"{MATTERS}/{step.matter_id}").content)["status"] == "failed"


def test_a_key_with_no_other_scope_than_admin_may_do_all_of_it(company: Company) -> None:
    program = Program(Authorization=f"Bearer {ApiKey.issue(company, ['admin'])[1]}")
    step = given_up(company)
    assert [item["id"] for item in page_of(program)["items"]] == [step.pk]
    assert (do(program, step, "retry")[0], do(program, given_up(company), "discard")[0]) == (202, 202)
    assert program.get(MATTERS).status_code == 403, "the scope admin is none to read matters with"


def test_without_a_key_it_is_401() -> None:
    assert Program().get(DEAD_LETTERS).status_code == 401


def test_the_answer_is_as_described(operator: Program, company: Company) -> None:
    given_up(company)
    (item,) = page_of(operator)["items"]
    properties = json.loads(operator.get("/api/v1/openapi.json").content)["components"]["schemas"]["DeadLetter"]
    assert item.keys() == properties["properties"].keys()
