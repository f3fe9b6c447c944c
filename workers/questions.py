"""From the playbooks to questions that somebody is asked: derive_questions, route_question, ask_founder."""

from typing import cast

from django.conf import settings

from matters.events import question_updated, tell_events
from matters.gathering import begin_advice, look_whether_gathered
from matters.ledger import NewStep, insert_steps
from matters.models import Matter, Question
from matters.offering import offer_for
from matters.services import change_question, change_questions, change_status, question_of
from matters.states import MatterStatus, QuestionStatus
from playbooks.search import PlaybookText, load_playbook
from workers.claims import expect_steps
from workers.pipeline import following, kinds_of, stage_of
from workers.research import relevant_versions
from workers.steps import ask_founder as ask
from workers.steps import derive_questions as derive
from workers.steps import route_question as route
from workers.steps.base import Kind
from workers.work import Work

# No provider can be connected yet, so every question goes to the founder, and the reason says who would have known.
CONNECTED: frozenset[str] = frozenset()


def derive_questions(work: Work) -> None:
    """Derive the questions whose answers the advice needs, and begin with each."""
    matter = Matter.objects.get(pk=work.claim.matter_id)
    playbooks = tuple(_relevant(load_playbook(pk)) for pk in relevant_versions(matter))
    budget = min(derive.DeriveQuestionsInput.budget, settings.LLM_PLAYBOOK_CHARACTERS)
    given = derive.DeriveQuestionsInput(matter.question, playbooks, budget)
    derived = derive.to_questions(given, work.ask(derive.build_request(given)))
    with work.finish({"questions": len(derived)}) as matter:
        if not derived:
            expect_steps(matter, -1)
            change_status(matter, MatterStatus.GATHERING, "nothing is to be asked")
            begin_advice(matter, "there are no questions")
            return
        questions = Question.objects.bulk_create(_row(matter, n, q) for n, q in enumerate(derived, start=1))
        tell_events(matter.pk, [question_updated(q, why="derived") for q in questions])
        change_questions(questions, QuestionStatus.ROUTING, "who knows is looked for")
        first = following("derive_questions")
        assert first is not None
        expect_steps(matter, len(questions) * len(kinds_of(stage_of(first))) - 1)
        change_status(matter, MatterStatus.GATHERING, "the questions are derived")
        insert_steps(matter, [NewStep(first, f"{first}:{q.position}", str(q.pk)) for q in questions])


def _relevant(playbook: PlaybookText) -> derive.RelevantPlaybook:
    facts = (
        derive.FactNeeded(f.key, f.question, f.why, f.kind, f.choices, f.source, f.about, f.days_fresh)
        for f in playbook.facts_needed
    )
    sections = (derive.SectionText(s.heading, s.text) for s in playbook.sections)
    return derive.RelevantPlaybook(playbook.title, tuple(facts), tuple(sections))


def _row(matter: Matter, position: int, derived: derive.Question) -> Question:
    return Question(
        matter=matter,
        position=position,
        key=derived.key,
        text=derived.text,
        why=derived.why,
        kind=derived.kind,
        choices=list(derived.choices),
        source_hint=derived.source_hint,
        about=derived.about,
        lifetime_days=derived.lifetime_days,
    )


def route_question(work: Work) -> None:
    """Decide who answers a question."""
    question = question_of(work.claim.matter_id, work.claim.subject)
    given = route.RouteQuestionInput(
        question.text, question.why, cast(Kind, question.kind), CONNECTED, question.source_hint
    )
    decided = route.to_route(given, work.ask(route.build_request(given)))
    with work.finish({"source": decided.source, "reason": decided.reason}) as matter:
        change_question(question, QuestionStatus.ASKING, decided.reason, source=decided.source)
        insert_steps(matter, [NewStep("ask_founder", f"ask_founder:{question.position}", str(question.pk))])


def ask_founder(work: Work) -> None:
    """Word a question for a person, and put it on their page."""
    question = question_of(work.claim.matter_id, work.claim.subject)
    given = ask.AskFounderInput(
        work.claim.question, question.text, question.why, cast(Kind, question.kind), tuple(question.choices)
    )
    wording = ask.to_wording(given, work.ask(ask.build_request(given)))
    with work.finish() as matter:
        change_question(
            question,
            QuestionStatus.AWAITING_FOUNDER,
            "worded for a person",
            wording=wording.text,
            hint=wording.hint,
            offered_id=offer_for(matter, question),
        )
        look_whether_gathered(matter)
