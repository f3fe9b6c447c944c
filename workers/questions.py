"""From the playbooks to questions that somebody is asked: derive, route, and the plan of a request or the wording."""

from typing import cast

from django.conf import settings
from django.utils import timezone

from companies.postgresql.rows import insert_rows
from documents.services import search_documents_for
from matters.events import question_updated, tell_events
from matters.facts.offering import offer_for
from matters.ledger import NewStep, insert_steps
from matters.models import Matter, Question
from matters.questions.gathering import begin_advice, look_whether_gathered
from matters.services import change_question, change_questions, change_status, question_of
from matters.states import MatterStatus, QuestionStatus
from playbooks.search import PlaybookText, load_playbook
from workers.claims import expect_steps
from workers.connections import connected_providers
from workers.pipeline import following, steps_left
from workers.provider_way import ask_founder_instead
from workers.research import relevant_versions
from workers.steps import ask_founder as ask
from workers.steps import derive_questions as derive
from workers.steps import request_record as request
from workers.steps import route_question as route
from workers.steps.base import Kind, ReplyInvalid
from workers.steps.operations import SPECS
from workers.work import Work

DATES_ASKED_FOR = 8  # of the matter's questions, those that a plan's day may come from


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
        questions = [_row(matter, n, q) for n, q in enumerate(derived, start=1)]
        insert_rows(Question, questions)
        tell_events(matter.pk, [question_updated(q, why="derived") for q in questions])
        change_questions(questions, QuestionStatus.ROUTING, "who knows is looked for")
        first = following("derive_questions")
        assert first is not None
        expect_steps(matter, len(questions) * (1 + steps_left("founder")) - 1)
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
    connected = connected_providers(work.claim.company)
    given = route.RouteQuestionInput(
        question.text, question.why, cast(Kind, question.kind), connected, question.source_hint
    )
    decided = route.to_route(given, work.ask(route.build_request(given)))
    to_founder = decided.source == "founder"
    with work.finish({"source": decided.source, "reason": decided.reason}) as matter:
        then = "ask_founder" if to_founder else "request_record"
        status = QuestionStatus.ASKING if to_founder else QuestionStatus.FETCHING
        expect_steps(matter, 0 if to_founder else steps_left("provider") - steps_left("founder"))
        change_question(question, status, decided.reason, source=decided.source, reason=decided.reason)
        insert_steps(matter, [NewStep(then, f"{then}:{question.position}", str(question.pk))])


def request_record(work: Work) -> None:
    """Choose what the provider is asked for. A choice that is not on the list is not sent; the founder is asked."""
    question = question_of(work.claim.matter_id, work.claim.subject)
    given = _to_plan_from(work, question)
    try:
        plan = request.to_plan(given, work.ask(request.build_request(given)))
    except ReplyInvalid:
        plan = request.rejected(given.provider)
    if isinstance(plan, request.NoPlan):
        with work.finish({"status": "rejected" if plan.rejected else "none", "reason": plan.reason}) as matter:
            ask_founder_instead(matter, question, plan.reason, after="request_record")
            look_whether_gathered(matter)
        return
    needs = {"people": _people_needed(work, plan), "day_of": plan.on_answer_to}
    with work.finish({"status": "planned", "plan": plan.model_dump(mode="json"), "needs": needs}) as matter:
        look_whether_gathered(matter)


def _people_needed(work: Work, plan: request.Plan) -> list[str]:
    """At which providers the person must be found first, in this order: Carta knows neither titles nor roles."""
    spec = SPECS[plan.operation]
    if not spec.of_person:
        return []
    before = connected_providers(work.claim.company) & {"rippling"}
    return list(dict.fromkeys([*before, spec.provider]))


def _to_plan_from(work: Work, question: Question) -> request.RequestRecordInput:
    """The founder's words and the playbook's; nothing that a provider said."""
    others = Question.objects.filter(matter=work.claim.matter_id, kind="date").exclude(pk=question.pk)
    asked = others.exclude(source_hint__in=("rippling", "carta")).order_by("position")[:DATES_ASKED_FOR]
    return request.RequestRecordInput(
        matter_question=work.claim.question,
        text=question.text,
        why=question.why,
        kind=cast(Kind, question.kind),
        provider=question.source or "",
        today=timezone.now().date(),
        dates=dict(asked.values_list("key", "text")),
    )


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
        search_documents_for(matter, question)
        look_whether_gathered(matter)
