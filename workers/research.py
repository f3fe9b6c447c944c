"""From the question to the playbooks that answer it: plan_search, search_playbooks, judge_relevance."""

from django.db.models.functions import Now

from matters.gathering import begin_advice
from matters.ledger import NewStep, insert_steps
from matters.models import Matter, Step
from matters.services import change_status
from matters.states import MatterStatus, StepState
from playbooks.search import PlaybookText, find_candidates, load_playbook
from workers.claims import expect_steps, writing
from workers.pipeline import STAGES
from workers.steps import judge_relevance as judge
from workers.steps import plan_search as plan
from workers.work import Work, follow

MOST_CANDIDATES = 8
MOST_PLAYBOOKS = 3  # of the relevant ones, the best: more would crowd the advice's prompt
OPENING = 400  # characters of a section by which its relevance is judged
_UNFINISHED = (StepState.READY, StepState.RUNNING, StepState.HELD, StepState.DEAD)


def plan_search(work: Work) -> None:
    """Word the question as several searches."""
    with writing(work.claim) as matter:
        if matter.status == MatterStatus.QUEUED:
            change_status(matter, MatterStatus.RESEARCHING, "a worker began", started_at=Now())
            expect_steps(
                matter, len(STAGES) - matter.steps_total + 1
            )  # at least one step for each stage, two for the first
    given = plan.PlanSearchInput(matter.question)
    queries = plan.to_queries(given, work.ask(plan.build_request(given)))
    with work.finish({"queries": queries}) as matter:
        follow(matter, "plan_search", queries=queries)


def search_playbooks(work: Work) -> None:
    """Find the candidates among the playbooks, and have each judged."""
    found = find_candidates(work.claim.payload["queries"], limit=MOST_CANDIDATES)
    with work.finish({"candidates": [c.slug for c in found]}) as matter:
        if not found:
            _advise_without_playbook(matter, "no playbook was found", spared=3)
            return
        ids = [c.playbook_version_id for c in found]
        expect_steps(matter, len(ids) - 1)
        insert_steps(matter, [NewStep("judge_relevance", f"judge_relevance:{pk}", str(pk)) for pk in ids])


def judge_relevance(work: Work) -> None:
    """Judge one candidate; whoever judges the last one goes on."""
    given = _judged(work.claim.question, load_playbook(int(work.claim.subject)))
    reply = work.ask(judge.build_request(given))
    with work.finish(reply.model_dump()) as matter:
        if matter.steps.filter(kind="judge_relevance", state__in=_UNFINISHED).exists():
            return
        if relevant_versions(matter):
            follow(matter, "judge_relevance")
        else:
            _advise_without_playbook(matter, "no playbook is relevant", spared=2)


def relevant_versions(matter: Matter) -> list[int]:
    """The playbook versions that the advice rests on, best first."""
    judged = Step.objects.filter(matter=matter, kind="judge_relevance", state=StepState.DONE)
    verdicts = {int(s.subject): s.result for s in judged.order_by("pk") if s.result and s.result["relevant"]}
    return sorted(verdicts, key=lambda pk: -verdicts[pk]["score"])[:MOST_PLAYBOOKS]


def _judged(question: str, playbook: PlaybookText) -> judge.JudgeRelevanceInput:
    return judge.JudgeRelevanceInput(
        question=question,
        title=playbook.title,
        jurisdictions=playbook.jurisdictions,
        law_as_of=playbook.law_as_of.isoformat(),
        topics=playbook.topics,
        sections=tuple(judge.SectionOpening(s.heading, s.text[:OPENING]) for s in playbook.sections),
    )


def _advise_without_playbook(matter: Matter, why: str, *, spared: int) -> None:
    """Nothing here answers the question: the advice says so, and what to bring to an attorney.

    `spared`: the stages between here and the advice, counted as one step each, that are not needed.
    """
    expect_steps(matter, -spared)
    begin_advice(matter, why)
