"""From the question to the playbooks that answer it, and what becomes of a question that none answers."""

from pathlib import Path

from matters.models import Matter
from matters.states import MatterStatus, StepState
from playbooks.loading import LIBRARY, load_file
from playbooks.models import PlaybookVersion
from tests import rows
from tests.fakes.llm import FakeLLM
from tests.workers.conftest import Pipeline
from workers.draft import sources_of
from workers.research import relevant_versions


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


def test_the_advice_rests_on_the_playbooks_as_they_are_when_it_is_written(
    pipeline: Pipeline, matter: Matter, tmp_path: Path
) -> None:
    pipeline.until("derive_questions", matter)
    judged = {version.playbook.slug: version for version in map(version_of, relevant_versions(matter))}
    renewed, *others = judged
    newer = tmp_path / f"{renewed}.md"
    newer.write_text((LIBRARY / newer.name).read_text() + "\n## Since last week\nThe law is another one.\n")
    load_file(newer)
    if others:
        PlaybookVersion.objects.filter(playbook__slug=others[0]).update(is_current=False)  # retired, and not replaced
    used = {version.playbook.slug: version for version in map(version_of, relevant_versions(matter))}
    assert list(used) == list(judged), "they keep their order"
    assert used.pop(renewed).is_current
    assert used == {slug: judged[slug] for slug in others}
    assert any("The law is another one." in source.text for source in sources_of(matter))


def version_of(pk: int) -> PlaybookVersion:
    return PlaybookVersion.objects.select_related("playbook").get(pk=pk)


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
