"""From a person's answer to a fact, whatever the answer is."""

from datetime import timedelta

import pytest
from django.utils import timezone

from companies.models import Company
from matters.models import FactStatus, Matter, Question
from matters.questions.answering import answer_question
from matters.states import MatterStatus, QuestionStatus
from tests import rows
from tests.disputes import asked as of_company
from tests.disputes import say
from tests.fakes.llm import FakeLLM
from tests.workers.conftest import Pipeline

UNREADABLE = {"readable": False, "problem": "Which month?"}


@pytest.fixture
def asked(company: Company, pipeline: Pipeline) -> Matter:
    """A matter with two questions that the founder is asked."""
    matter = rows.gathering(company, 2, QuestionStatus.AWAITING_FOUNDER)
    rows.move(matter, MatterStatus.AWAITING_FOUNDER)
    return matter


def answer(matter: Matter, given: str | None, position: int = 1) -> Question:
    question = matter.questions.get(position=position)
    return answer_question(matter.pk, question.pk, given)


def fact_of(matter: Matter, position: int = 1) -> tuple[str | None, str, str]:
    """Value and status of a fact, and its question's status."""
    fact = matter.facts.select_related("question").get(question__position=position)
    assert fact.source == "founder"
    return fact.value, fact.status, fact.question.status


def test_an_answer_becomes_a_known_fact(asked: Matter, pipeline: Pipeline) -> None:
    answer(asked, "Since May 2024.")
    pipeline.run("normalise_answer")
    assert fact_of(asked) == ("Since May 2024.", FactStatus.KNOWN, QuestionStatus.ANSWERED)
    asked.refresh_from_db()
    assert asked.status == MatterStatus.AWAITING_FOUNDER, "the other question is still open"
    assert asked.facts.get().as_of == timezone.now().date(), "an answer without a date is true on the day it was given"


def test_what_was_said_days_ago_is_read_as_on_the_day_that_it_was_said(
    asked: Matter, pipeline: Pipeline, llm: FakeLLM
) -> None:
    """The company's budget was used up, or the model away, until today."""
    question = answer(asked, "He left yesterday.")
    said_on = timezone.now().date() - timedelta(days=3)
    Question.objects.filter(pk=question.pk).update(answers=[question.answers[0] | {"on": said_on.isoformat()}])
    pipeline.run("normalise_answer")
    assert f"Today is {said_on}." in llm.calls()[-1]["prompt"]
    assert asked.facts.get().as_of == said_on


def test_not_knowing_is_an_answer_that_needs_no_model(asked: Matter, pipeline: Pipeline, llm: FakeLLM) -> None:
    answer(asked, None)
    pipeline.run("normalise_answer")
    assert fact_of(asked) == (None, FactStatus.MISSING, QuestionStatus.UNKNOWN)
    assert llm.calls() == []


def test_the_last_answer_begins_the_advice(asked: Matter, pipeline: Pipeline) -> None:
    for position in (1, 2):
        answer(asked, None, position)
    pipeline.run("normalise_answer")
    assert not asked.steps.filter(kind="draft_advice").exists()
    pipeline.run("normalise_answer")
    asked.refresh_from_db()
    assert asked.status == MatterStatus.ADVISING
    assert asked.steps.filter(kind="draft_advice").count() == 1


def test_what_cannot_be_read_is_asked_once_more_with_the_reason_and_then_kept_unverified(
    asked: Matter, pipeline: Pipeline, llm: FakeLLM
) -> None:
    llm.set(replies={"normalise_answer": UNREADABLE})
    answer(asked, "Some time ago.")
    total = asked.steps_total
    pipeline.run("normalise_answer")
    question = asked.questions.get(position=1)
    assert (question.status, question.round, question.problem) == ("awaiting_founder", 2, "Which month?")
    asked.refresh_from_db()
    assert (asked.status, asked.steps_total) == (MatterStatus.AWAITING_FOUNDER, total + 1)

    answer(asked, "In spring.")
    pipeline.run("normalise_answer")
    assert fact_of(asked) == ("In spring.", FactStatus.UNVERIFIED, QuestionStatus.ANSWERED)


def test_a_model_that_keeps_to_no_schema_does_not_bother_the_person_again(
    asked: Matter, pipeline: Pipeline, llm: FakeLLM
) -> None:
    llm.fail_next("schema_violation", times=2)
    answer(asked, "Since May 2024.")
    pipeline.run("normalise_answer")
    assert fact_of(asked) == ("Since May 2024.", FactStatus.UNVERIFIED, QuestionStatus.ANSWERED)
    assert [c.outcome for c in asked.calls.order_by("pk")] == ["invalid", "invalid"]


def test_not_knowing_in_the_second_round_is_an_answer_too(asked: Matter, pipeline: Pipeline, llm: FakeLLM) -> None:
    llm.set(replies={"normalise_answer": UNREADABLE})
    answer(asked, "Some time ago.")
    pipeline.run("normalise_answer")
    answer(asked, None)
    pipeline.run("normalise_answer")
    assert fact_of(asked) == (None, FactStatus.MISSING, QuestionStatus.UNKNOWN)


@pytest.mark.parametrize(
    ("said", "status"), [("CA", FactStatus.KNOWN), ("ca.", FactStatus.KNOWN), ("NV", FactStatus.DISPUTED)]
)
def test_a_state_by_its_code_is_no_dispute_with_the_same_state_by_name(
    company: Company, asked: Matter, pipeline: Pipeline, said: str, status: str
) -> None:
    say(of_company(company, key="work_state", kind="text"), "California", "rippling")
    asked.questions.filter(position=1).update(key="work_state", kind="text", about="company", lifetime_days=7)
    answer(asked, said)
    pipeline.run("normalise_answer")
    assert asked.facts.get().status == status
