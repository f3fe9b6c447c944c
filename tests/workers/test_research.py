"""From the question to the playbooks that answer it, and what becomes of a question that none answers."""

from matters.models import Matter
from matters.states import MatterStatus, StepState
from tests import rows
from tests.fakes.llm import FakeLLM
from tests.workers.conftest import Pipeline


def test_a_question_is_worded_as_searches_and_every_candidate_is_judged(pipeline: Pipeline, matter: Matter) -> None:
    planned = pipeline.run("plan_search")
    search = matter.steps.get(kind="search_playbooks")
    assert planned.result is not None
    assert search.payload["queries"] == planned.result["queries"]
    assert len(search.payload["queries"]) > 1
    matter.refresh_from_db()
    assert matter.status == MatterStatus.RESEARCHING
    assert matter.started_at is not None

    found = pipeline.run("search_playbooks")
    judging = matter.steps.filter(kind="judge_relevance")
    assert found.result is not None
    assert judging.count() == len(found.result["candidates"]) > 1


def test_questions_are_derived_once_all_candidates_are_judged(pipeline: Pipeline, matter: Matter) -> None:
    pipeline.until("judge_relevance", matter)
    judging = matter.steps.filter(kind="judge_relevance", state=StepState.READY)
    while judging.exists():
        assert not matter.steps.filter(kind="derive_questions").exists(), "derived before the last one was judged"
        pipeline.run("judge_relevance")
    pipeline.run("derive_questions")
    matter.refresh_from_db()
    assert matter.status == MatterStatus.GATHERING
    assert matter.questions.count() == 8
    assert matter.steps.filter(kind="route_question").count() == 8


def test_no_relevant_playbook_is_no_error_but_advice_that_says_so(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM
) -> None:
    llm.set(replies={"judge_relevance": {"relevant": False}})
    pipeline.run_all()
    matter.refresh_from_db()
    assert matter.status == MatterStatus.ADVISED
    assert matter.attempts.get().sources == []
    assert matter.steps_done == matter.steps_total == matter.steps.count()


def test_no_candidate_at_all_is_no_error_either(pipeline: Pipeline, matter: Matter, llm: FakeLLM) -> None:
    llm.set(replies={"plan_search": {"queries": ["xylophone", "marimba", "glockenspiel"]}})
    rows.reword(matter, "Xylophone?")
    pipeline.run_all()
    matter.refresh_from_db()
    assert matter.status == MatterStatus.ADVISED
    assert not matter.steps.filter(kind="judge_relevance").exists()
    assert matter.steps_done == matter.steps_total == matter.steps.count()
