"""From the question to the playbooks that answer it: plan_search, search_playbooks, judge_relevance."""

from companies.postgresql.rows import fetch_rows, read_json
from matters.ledger import NewStep, insert_steps
from matters.models import Matter
from matters.questions.gathering import begin_advice
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
_UNFINISHED = [str(state) for state in (StepState.READY, StepState.RUNNING, StepState.HELD, StepState.DEAD)]
_UNJUDGED = """
SELECT 1 FROM matters_step
 WHERE matter_id = %(matter)s AND kind = 'judge_relevance' AND state = ANY(%(unfinished)s) LIMIT 1
"""
# With the version of the judged playbook that is current by now: weeks may pass until the founder has answered, or
# wants the advice anew. One that was retired has none, and stays as it was.
_VERDICTS = """
SELECT COALESCE(current.id, judged.id), s.result
  FROM matters_step s
  JOIN playbooks_playbookversion judged ON judged.id = s.subject::bigint
  LEFT JOIN playbooks_playbookversion current ON current.playbook_id = judged.playbook_id AND current.is_current
 WHERE s.matter_id = %(matter)s AND s.kind = 'judge_relevance' AND s.state = 'done' ORDER BY s.id
"""


def plan_search(work: Work) -> None:
    """Word the question as several searches."""
    with writing(work.claim) as matter:
        if matter.status == MatterStatus.QUEUED:
            change_status(matter, MatterStatus.RESEARCHING, "a worker began")
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
        if fetch_rows(_UNJUDGED, {"matter": matter.pk, "unfinished": _UNFINISHED}):
            return
        if relevant_versions(matter):
            follow(matter, "judge_relevance")
        else:
            _advise_without_playbook(matter, "no playbook is relevant", spared=2)


def relevant_versions(matter: Matter) -> list[int]:
    """The playbook versions that the advice rests on, best first: those that are current when it is written."""
    judged = {int(pk): read_json(result) for pk, result in fetch_rows(_VERDICTS, {"matter": matter.pk})}
    verdicts = {pk: result for pk, result in judged.items() if result and result["relevant"]}
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
