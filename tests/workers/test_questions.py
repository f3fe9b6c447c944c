"""From the playbooks to questions on a person's page."""

import pytest

from matters.models import Matter
from matters.questions.answering import answer_question
from matters.states import MatterStatus, QuestionStatus, WaitingFor
from tests.fakes.llm import FakeLLM
from tests.workers.conftest import Pipeline
from workers.steps import derive_questions


def test_each_question_is_routed_worded_and_put_to_the_founder(pipeline: Pipeline, matter: Matter) -> None:
    pipeline.run_all()
    matter.refresh_from_db()
    assert (matter.status, matter.waiting_for) == (MatterStatus.AWAITING_FOUNDER, WaitingFor.FOUNDER)
    assert {q.status for q in matter.questions.all()} == {QuestionStatus.AWAITING_FOUNDER}
    assert all(q.wording and q.why and q.source == "founder" for q in matter.questions.all())
    pending = list(matter.events.filter(type="question.updated", data__status="pending"))
    assert [e.data["question"] for e in pending] == [str(q.pk) for q in matter.questions.all()]


def test_the_whole_way_takes_the_steps_that_were_counted(pipeline: Pipeline, matter: Matter) -> None:
    pipeline.run_all()
    for question in matter.questions.all():
        answer_question(matter.pk, question.pk, None if question.position % 2 else "Since May 2024.")
    pipeline.run_all()
    matter.refresh_from_db()
    assert matter.status == MatterStatus.ADVISED
    assert matter.steps_done == matter.steps_total == matter.steps.count()
    assert matter.facts.count() == 8


def test_a_provider_that_is_not_connected_routes_to_the_founder_and_says_who_would_know(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM
) -> None:
    llm.set(replies={"route_question": {"source": "rippling"}})
    pipeline.until("ask_founder", matter)
    question = matter.questions.get(status=QuestionStatus.ASKING)
    assert question.source == "founder"
    why = matter.events.filter(type="question.updated", to_status="asking").latest("number").why
    assert "Rippling would know" in why


def test_a_matter_that_needs_no_facts_goes_straight_to_its_advice(
    pipeline: Pipeline, matter: Matter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derive_questions, "to_questions", lambda *_: ())
    pipeline.run_all()
    matter.refresh_from_db()
    assert matter.status == MatterStatus.ADVISED
    assert matter.steps_done == matter.steps_total == matter.steps.count()
