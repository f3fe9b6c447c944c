"""From a plan to a typed fact: fetch_record asks the provider, convert_record reads what came. Neither asks a model.

What came is stored by the step that fetched it, so a worker that dies behind it repeats no request that has ended.
"""

from dataclasses import asdict
from datetime import date
from typing import Any, cast

from django.utils import timezone

from matters.facts.storing import NewFact, store_fact
from matters.ledger import NewStep, insert_steps
from matters.models import Matter, Question, Step
from matters.questions.gathering import look_whether_gathered
from matters.services import change_question, question_of
from matters.states import QuestionStatus, StepState
from workers.provider_calls import Unanswered, ask_provider
from workers.provider_way import ask_founder_instead
from workers.record_requests import Wanted, request_records
from workers.steps.base import Kind
from workers.steps.convert_record import convert_record as convert
from workers.steps.found_records import Found
from workers.steps.operations import SPECS
from workers.steps.readings import Converted, ConvertInput
from workers.steps.request_record import Plan
from workers.work import Work


def fetch_record(work: Work) -> None:
    """Ask the provider for what was planned, and keep the few values that the fact needs."""
    question = question_of(work.claim.matter_id, work.claim.subject)
    matter, plan = Matter.objects.get(pk=work.claim.matter_id), _plan_of(question)
    spec, (day, assumed) = SPECS[plan.operation], _day_of(matter, plan)
    person = matter.people.get(spec.provider, {}) if spec.of_person else {}
    if spec.of_person and not person.get("id"):
        found: Found | Unanswered = Unanswered("no_person", person.get("how", ""))
    else:
        wanted = Wanted(plan.operation, person.get("id", ""), day, plan.component)
        found = work.once("found", lambda: _ask(work, question, wanted))
    if isinstance(found, Unanswered):
        with work.finish({"status": "unanswered", **asdict(found)}) as matter:
            ask_founder_instead(matter, question, found.reason, after="fetch_record")
            look_whether_gathered(matter)
        return
    at = {"day": day.isoformat(), "day_is_assumed": assumed, "on": timezone.now().date().isoformat()}
    kept = found.model_dump(mode="json", exclude_defaults=True)  # a worker of older code knows no newer fields
    with work.finish({"status": "fetched", **at, "found": kept}) as matter:
        key = f"convert_record:{question.position}"
        insert_steps(matter, [NewStep("convert_record", key, str(question.pk))])


def _ask(work: Work, question: Question, wanted: Wanted) -> Found | Unanswered:
    provider = SPECS[wanted.operation].provider
    return ask_provider(work, provider, str(question.pk), lambda client: request_records(wanted, client))


def convert_record(work: Work) -> None:
    """Read the stored values as the fact that the question asks for; what they don't tell, the founder is asked."""
    question = question_of(work.claim.matter_id, work.claim.subject)
    matter, plan = Matter.objects.get(pk=work.claim.matter_id), _plan_of(question)
    fetched = _result_of(question, "fetch_record")
    given = ConvertInput(
        plan=plan,
        kind=cast(Kind, question.kind),
        choices=tuple(question.choices),
        person=matter.people.get(SPECS[plan.operation].provider, {}).get("name") or "The person",
        today=date.fromisoformat(fetched["on"]),
        day=date.fromisoformat(fetched["day"]),
        day_is_assumed=fetched["day_is_assumed"],
    )
    read = convert(given, fetched["found"])
    if isinstance(read, Converted):
        record = SPECS[plan.operation].record
        with work.finish({"status": "converted", "statement": read.statement, "record": record}) as matter:
            change_question(question, QuestionStatus.NORMALISING, f"read from {given.provider}'s record")
            store_fact(matter, question, _as_fact(matter, question, plan, read))
            change_question(question, QuestionStatus.ANSWERED, "read as a fact")
            look_whether_gathered(matter)
        return
    with work.finish({"status": read.why, "reason": read.reason}) as matter:
        ask_founder_instead(matter, question, read.reason, known=read.known, after="convert_record")
        look_whether_gathered(matter)


def _as_fact(matter: Matter, question: Question, plan: Plan, read: Converted) -> NewFact:
    """`subject` is the person's id in Rippling, also for what Carta says of them."""
    spec, worker = SPECS[plan.operation], matter.people.get("rippling", {}).get("id")
    return NewFact(
        key=question.key,
        value=read.value,
        unit=read.unit,
        as_of=read.as_of,
        statement=read.statement,
        source=spec.provider,
        record_id=read.record_id,
        subject=f"rippling:{worker}" if spec.of_person and worker else "",
        also=read.also,
        is_standing=read.is_of_today,
    )


def _plan_of(question: Question) -> Plan:
    return Plan.model_validate(_result_of(question, "request_record")["plan"])


def _result_of(question: Question, kind: str) -> dict[str, Any]:
    """What the question's newest step of `kind` came to."""
    done = Step.objects.filter(matter=question.matter_id, kind=kind, subject=str(question.pk), state=StepState.DONE)
    result: dict[str, Any] = done.latest("pk").result or {}
    return result


def _day_of(matter: Matter, plan: Plan) -> tuple[date, bool]:
    """The day that the plan asks for; where a person was asked for it and does not know, today, and that it is so."""
    today = timezone.now().date()
    if plan.on_answer_to is None:
        return plan.on or today, False
    fact = matter.facts.filter(key=plan.on_answer_to, status="known").first()
    try:
        return date.fromisoformat(fact.value if fact and fact.value else ""), False
    except ValueError:
        return today, True
