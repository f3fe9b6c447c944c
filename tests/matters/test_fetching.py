"""What is begun for the questions that a provider is to answer."""

from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from companies.models import Company
from matters.ledger import NewStep, insert_steps
from matters.models import Matter, Question
from matters.questions.fetching import begin_fetches
from matters.services import lock_matter
from matters.states import QuestionStatus, StepState
from tests import rows

pytestmark = pytest.mark.django_db(transaction=True)


def planned(question: Question, **needs: Any) -> None:
    """Say what a provider is to be asked for a question, and what must be known first."""
    key = f"request_record:{question.position}"
    with transaction.atomic():
        (step,) = insert_steps(question.matter, [NewStep("request_record", key, str(question.pk))])
    result = {"status": "planned", "needs": {"people": [], "day_of": None} | needs}
    question.matter.steps.filter(pk=step.pk).update(state=StepState.DONE, result=result)


def begun(matter: Matter) -> list[str]:
    with transaction.atomic():
        begin_fetches(lock_matter(matter.pk))
    kinds = ("find_person", "fetch_record")
    return list(matter.steps.filter(kind__in=kinds).order_by("pk").values_list("key", flat=True))


@pytest.fixture
def matter(company: Company, sent: list[tuple[str, int]]) -> Matter:
    return rows.gathering(company, 12, QuestionStatus.FETCHING)


def test_each_question_is_begun_once_when_what_its_plan_needs_is_known(matter: Matter) -> None:
    first, second, third, fourth, *_others = matter.questions.order_by("position")
    planned(first)
    planned(second, people=["carta"])
    planned(third, people=["carta"])
    planned(fourth, day_of=first.key)
    assert begun(matter) == ["fetch_record:1", "find_person:carta"]
    assert begun(matter) == ["fetch_record:1", "find_person:carta"], "something is begun twice"
    for status in (QuestionStatus.NORMALISING, QuestionStatus.ANSWERED):
        Question.objects.filter(pk=first.pk).update(status=status)
    Matter.objects.filter(pk=matter.pk).update(people={"carta": {"id": "1"}})
    assert begun(matter)[2:] == ["fetch_record:2", "fetch_record:3", "fetch_record:4"]


def test_two_questions_that_wait_for_each_others_day_do_not_wait_for_ever(matter: Matter) -> None:
    first, second, *_others = matter.questions.order_by("position")
    planned(first, day_of=second.key)
    planned(second, day_of=first.key)
    assert begun(matter) == ["fetch_record:1", "fetch_record:2"]


def test_many_questions_that_wait_are_looked_through_as_quickly_as_one(matter: Matter) -> None:
    """Each finished step of the matter has it done, and the others wait for its lock meanwhile."""
    awaited, one, *others = matter.questions.order_by("position")

    def queries() -> int:
        with CaptureQueriesContext(connection) as made:
            assert begun(matter) == []
        return len(made)

    planned(one, day_of=awaited.key)
    for_one = queries()
    for question in others:
        planned(question, day_of=awaited.key)
    assert queries() == for_one, "it asks the database for each question that waits"
