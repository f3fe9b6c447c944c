"""A thread goes on with what its step led to: a message of its own is spared, and nobody's turn is taken."""

import json
import logging
from typing import Any

import pytest

from companies.models import Company
from config.logs import formatter
from matters.ledger import NewStep, insert_steps
from matters.models import Matter
from matters.states import StepState
from tests import rows
from tests.workers.conftest import Pipeline
from workers import tasks
from workers.tasks import run_step, run_steps


def done_of(matter: Matter) -> list[str]:
    return list(matter.steps.filter(state=StepState.DONE).order_by("finished_at").values_list("kind", flat=True))


def test_a_thread_takes_up_what_its_step_led_to_and_has_the_others_told_of_the_rest(
    pipeline: Pipeline, matter: Matter, sent: list[tuple[str, int]]
) -> None:
    sent.clear()
    run_steps("plan_search")
    assert done_of(matter)[:3] == ["plan_search", "search_playbooks", "judge_relevance"], "the thread stopped early"
    candidates = set(matter.steps.filter(kind="judge_relevance").values_list("pk", flat=True))
    told = [pk for kind, pk in sent if kind == "judge_relevance"]
    assert len(told) == len(candidates) - 1, "one of the candidates is this thread's, the others have messages"
    assert set(told) < candidates


def test_it_takes_the_best_due_step_of_the_kind_though_another_matter_has_it(
    pipeline: Pipeline, company: Company, sent: list[tuple[str, int]]
) -> None:
    first, second = rows.submitted(company), rows.submitted(company)
    run_step("plan_search")
    run_steps("plan_search")
    assert "search_playbooks" in done_of(first), "the step of the earlier turn was passed over"
    assert done_of(second) == ["plan_search"]


def test_the_writing_of_the_advice_is_left_to_the_workers_of_its_queue(
    pipeline: Pipeline, matter: Matter, sent: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.until("judge_relevance", matter)
    sent.clear()
    monkeypatch.setitem(tasks.STEPS, "judge_relevance", _begin_advice)
    run_steps("judge_relevance")
    assert [kind for kind, _pk in sent] == ["draft_advice"], "a worker of the steps' queue has taken the advice"


def _begin_advice(work: Any) -> None:
    with work.finish() as matter:
        insert_steps(matter, [NewStep("draft_advice", "draft_advice")])


def test_a_worker_that_is_stopping_sends_the_message_that_it_kept_back(
    pipeline: Pipeline, matter: Matter, sent: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent.clear()
    stops = iter([False, True])
    monkeypatch.setattr(tasks, "is_stopping", lambda: next(stops))
    run_steps("plan_search")
    step = matter.steps.get(kind="search_playbooks")
    assert step.state == StepState.READY
    assert sent == [("search_playbooks", step.pk)], "nobody is told of the step until the sweeper comes by"


def test_an_error_of_ours_behind_the_commit_leaves_the_message_to_others(
    pipeline: Pipeline, matter: Matter, sent: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent.clear()
    plan = tasks.STEPS["plan_search"]

    def plan_and_fail(work: Any) -> None:
        plan(work)
        raise ZeroDivisionError

    monkeypatch.setitem(tasks.STEPS, "plan_search", plan_and_fail)
    with pytest.raises(ZeroDivisionError):
        run_steps("plan_search")
    assert sent == [("search_playbooks", matter.steps.get(kind="search_playbooks").pk)]


def test_each_step_that_is_done_has_a_line_that_says_of_which_matter(
    pipeline: Pipeline, matter: Matter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.setFormatter(formatter(debug=False))
    with caplog.at_level(logging.INFO):
        run_steps("plan_search")
    lines = [line for line in map(json.loads, caplog.text.splitlines()) if line["logger"] == "workers.tasks"]
    steps = {step.pk: step.kind for step in matter.steps.filter(state=StepState.DONE)}
    assert len(steps) >= 3
    assert {line["step"]: line["kind"] for line in lines} == steps, "whoever looks for a matter misses some"
    assert {(line["event"], line["matter"]) for line in lines} == {("done", str(matter.pk))}
    assert all(line["ms"] >= 0 for line in lines)
