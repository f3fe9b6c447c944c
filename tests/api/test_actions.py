"""Answering, stopping, retrying, regenerating and reading an advice, by a program."""

import hashlib
import json
from typing import Any

import pytest
from django.db import transaction

from advice.models import AttemptStatus
from companies.models import Company
from matters.models import Matter, Question, Step
from matters.services import fail_matter, lock_matter
from matters.states import MatterStatus, QuestionStatus
from tests.api.answers import read_problem
from tests.api.conftest import MATTERS, Program
from tests.rows import advised, advising, append, begun, ended, event_types, gathering, move

pytestmark = pytest.mark.django_db


@pytest.fixture
def question(company: Company) -> Question:
    """One that is on a person's page."""
    question = gathering(company, 1, QuestionStatus.AWAITING_FOUNDER).questions.first()
    assert question is not None
    return question


def path_of(question: Question) -> str:
    return f"{MATTERS}/{question.matter_id}/questions/{question.pk}/answer"


def act(api: Program, matter: Matter, action: str, status: int) -> dict[str, Any]:
    response = api.post(f"{MATTERS}/{matter.pk}/{action}")
    assert response.status_code == status, response.content
    return dict(json.loads(response.content))


def test_an_answer_is_taken_and_may_be_repeated(api: Program, question: Question) -> None:
    for _ in range(2):
        response = api.post(path_of(question), {"answer": " Yes, in May. "})
        assert response.status_code == 200
        assert json.loads(response.content)["answer"] == "Yes, in May."
    assert Step.objects.filter(kind="normalise_answer").count() == 1, "it is read once"


def test_another_answer_to_the_same_round_is_refused(api: Program, question: Question) -> None:
    api.post(path_of(question), {"answer": "Yes"})
    for body in ({"answer": "No"}, {"unknown": True}, {"answer": "No", "round": 1}):
        read_problem(api.post(path_of(question), body), 409)
    question.refresh_from_db()
    assert question.answer == "Yes"


def test_nobody_need_know(api: Program, question: Question) -> None:
    for _ in range(2):
        response = api.post(path_of(question), {"unknown": True})
        assert (response.status_code, json.loads(response.content)["answer"]) == (200, None)
    read_problem(api.post(path_of(question), {"answer": "Yes"}), 409)


def test_a_round_that_is_not_asked_is_refused(api: Program, question: Question) -> None:
    read_problem(api.post(path_of(question), {"answer": "Yes", "round": 2}), 409)
    assert not Step.objects.filter(kind="normalise_answer").exists()


def test_a_question_of_another_matter_is_missing(api: Program, company: Company, question: Question) -> None:
    other = gathering(company, 1, QuestionStatus.AWAITING_FOUNDER)
    read_problem(api.post(f"{MATTERS}/{other.pk}/questions/{question.pk}/answer", {"answer": "Yes"}), 404)


def test_a_strangers_answer_is_refused_as_for_a_missing_question(stranger: Program, question: Question) -> None:
    read_problem(stranger.post(path_of(question), {"answer": "Yes"}), 404)
    question.refresh_from_db()
    assert question.answer is None


def test_a_question_of_a_stopped_matter_takes_no_answer(api: Program, question: Question) -> None:
    act(api, question.matter, "cancel", 202)
    read_problem(api.post(path_of(question), {"answer": "Yes"}), 409)


def test_a_matter_is_stopped_once(api: Program, matter: Matter) -> None:
    assert act(api, matter, "cancel", 202)["status"] == "canceled"
    before = event_types(matter)
    assert act(api, matter, "cancel", 200)["status"] == "canceled"
    assert event_types(matter) == before, "stopping again changes nothing"
    assert not Step.objects.filter(state__in=["ready", "running"]).exists()


def test_a_partial_advice_is_kept_when_its_matter_is_stopped(api: Program, company: Company) -> None:
    attempt = begun(advising(company))
    append(attempt, "First, pay")
    act(api, attempt.matter, "cancel", 202)
    advice = json.loads(api.get(f"{MATTERS}/{attempt.matter_id}/advice").content)
    assert (advice["status"], advice["content"]) == ("canceled", "First, pay")
    assert event_types(attempt.matter)[-2:] == ["advice.completed", "matter.updated"]


def test_what_is_advised_can_be_neither_stopped_nor_retried(api: Program, company: Company) -> None:
    matter = advising(company)
    advised(matter, begun(matter))
    for action in ("cancel", "retry"):
        assert read_problem(api.post(f"{MATTERS}/{matter.pk}/{action}"), 409)["detail"]


def test_a_failed_matter_is_retried_once(api: Program, matter: Matter) -> None:
    with transaction.atomic():
        locked = lock_matter(matter.pk)
        fail_matter(locked, {"code": "invalid_reply", "message": "No.", "retryable": True}, "gave up")
    assert event_types(matter)[-2:] == ["matter.failed", "matter.updated"]
    shown = json.loads(api.get(f"{MATTERS}/{matter.pk}").content)
    assert (shown["status"], shown["error"]["code"]) == ("failed", "invalid_reply")
    assert act(api, matter, "retry", 202)["error"] is None
    assert act(api, matter, "retry", 200)["status"] == "queued"


def test_a_matter_that_goes_on_by_itself_needs_no_retry(api: Program, matter: Matter) -> None:
    read_problem(api.post(f"{MATTERS}/{matter.pk}/retry"), 409)


@pytest.mark.parametrize("status", [MatterStatus.QUEUED, MatterStatus.RESEARCHING])
def test_what_was_never_written_cannot_be_written_anew(api: Program, matter: Matter, status: MatterStatus) -> None:
    if status != MatterStatus.QUEUED:
        move(matter, status)
    read_problem(api.post(f"{MATTERS}/{matter.pk}/regenerate"), 409)


def test_an_advice_is_written_anew_and_the_old_one_stays(api: Program, company: Company) -> None:
    matter = advising(company)
    first = begun(matter)
    append(first, "The first.")
    advised(matter, first)
    assert act(api, matter, "regenerate", 202)["status"] == "advising"
    assert act(api, matter, "regenerate", 200)["status"] == "advising", "one is being written already"
    matter.refresh_from_db()
    second = begun(matter)
    append(second, "The sec")
    here = f"{MATTERS}/{matter.pk}/advice"
    newest = json.loads(api.get(here).content)
    assert (newest["version"], newest["status"], newest["content"], newest["sha256"]) == (
        2,
        "streaming",
        "The sec",
        None,
    )
    old = json.loads(api.get(here, version=1).content)
    assert (old["attempt"], old["content"]) == (1, "The first.")
    assert old["sha256"] == hashlib.sha256(b"The first.").hexdigest()
    assert api.get(f"{here}.md", version=1).content == b"The first."


def test_an_attempt_that_was_given_up_can_still_be_read(api: Program, company: Company) -> None:
    matter = advising(company)
    append(begun(matter), "lost")
    ended(begun(matter), AttemptStatus.INCOMPLETE)
    here = f"{MATTERS}/{matter.pk}/advice"
    assert json.loads(api.get(here, version=1, attempt=1).content)["content"] == "lost"
    assert json.loads(api.get(here).content)["status"] == "incomplete"
    for query in ({"version": 2}, {"attempt": 3}, {"version": 2, "attempt": 1}):
        read_problem(api.get(here, **query), 404)
    for numbers in ("version=0", "attempt=x", f"version={2**31}", f"attempt={2**70}", "version="):
        read_problem(api.get(f"{here}?{numbers}"), 400)


def test_an_incomplete_advice_says_so_in_notice_step_and_header(api: Program, company: Company) -> None:
    matter = advising(company)
    attempt = begun(matter)
    append(attempt, "Half of")
    advised(matter, attempt, AttemptStatus.INCOMPLETE)
    here = f"{MATTERS}/{matter.pk}"
    assert json.loads(api.get(f"{here}/advice").content)["notice"].startswith("Incomplete: the model stopped")
    assert "incomplete" in json.loads(api.get(here).content)["step"], "the matter says that the advice is written"
    markdown = api.get(f"{here}/advice.md")
    assert (markdown["Advice-Status"], markdown.content) == ("incomplete", b"Half of"), "the text is not what was kept"


def test_a_whole_advice_says_nothing_of_an_end_that_lacks(api: Program, company: Company) -> None:
    matter = advising(company)
    attempt = begun(matter)
    append(attempt, "All of it.")
    advised(matter, attempt)
    here = f"{MATTERS}/{matter.pk}"
    assert "Incomplete" not in json.loads(api.get(f"{here}/advice").content)["notice"]
    assert json.loads(api.get(here).content)["step"] == "The advice is written"
    assert api.get(f"{here}/advice.md")["Advice-Status"] == "complete"


def test_there_is_no_advice_before_there_is_one(api: Program, matter: Matter) -> None:
    read_problem(api.get(f"{MATTERS}/{matter.pk}/advice"), 404)
    read_problem(api.get(f"{MATTERS}/{matter.pk}/advice.md"), 404)
