"""Whoever finishes last goes on, exactly once, however many finish at the same time."""

import pytest
from django.db import transaction

from companies.models import Company
from matters.ledger import NewStep, insert_steps
from matters.models import Matter, Step
from matters.questions.answering import answer_question
from matters.states import MatterStatus, QuestionStatus, StepState
from tests import rows
from tests.threads import at_once
from workers.claims import claim_step
from workers.tasks import run_step

pytestmark = pytest.mark.usefixtures("worker")
FINISHERS, MATTERS = 4, 12


def work_off(kind: str) -> None:
    while Step.objects.filter(kind=kind, state=StepState.READY).exists():
        run_step(kind)


def statuses() -> dict[str, int]:
    counts: dict[str, int] = {}
    for status in Matter.objects.values_list("status", flat=True):
        counts[status] = counts.get(status, 0) + 1
    return counts


def test_four_finishers_leave_no_matter_stuck_and_begin_its_advice_once(company: Company) -> None:
    for _ in range(MATTERS):
        matter = rows.gathering(company, FINISHERS, QuestionStatus.AWAITING_FOUNDER)
        for question in matter.questions.all():
            answer_question(matter.pk, question.pk, None)
    at_once(*[lambda: work_off("normalise_answer")] * FINISHERS)
    assert statuses() == {MatterStatus.ADVISING: MATTERS}
    assert Step.objects.filter(kind="draft_advice").count() == MATTERS
    assert Step.objects.filter(kind="normalise_answer", state=StepState.DONE).count() == MATTERS * FINISHERS


def test_the_questions_are_derived_once_when_all_candidates_are_judged(company: Company, playbooks: None) -> None:
    for _ in range(6):
        matter = rows.submitted(company)
        rows.move(matter, MatterStatus.RESEARCHING)
        with transaction.atomic():
            insert_steps(matter, [NewStep("search_playbooks", "s", payload={"queries": ["executive", "contractor"]})])
    work_off("search_playbooks")
    judging = Step.objects.filter(kind="judge_relevance").count()
    assert judging > 6
    at_once(*[lambda: work_off("judge_relevance")] * FINISHERS)
    assert Step.objects.filter(kind="derive_questions", state=StepState.READY).count() == 6


def test_a_finisher_that_fails_in_its_transaction_leaves_the_others_to_go_on(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    matter = rows.gathering(company, 2, QuestionStatus.AWAITING_FOUNDER)
    for question in matter.questions.all():
        answer_question(matter.pk, question.pk, None)
    with monkeypatch.context() as patch:
        patch.setattr("matters.questions.gathering.begin_advice", lambda *_: 1 / 0)
        run_step("normalise_answer")
        with pytest.raises(ZeroDivisionError):
            run_step("normalise_answer")
    matter.refresh_from_db()
    assert matter.status == MatterStatus.GATHERING
    Step.objects.filter(state=StepState.RUNNING).update(due_at="2026-01-01T00:00:00Z")
    assert claim_step("draft_advice") is None
    run_step("normalise_answer")
    matter.refresh_from_db()
    assert matter.status == MatterStatus.ADVISING
