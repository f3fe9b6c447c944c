"""Whom the matter is about: find_person looks once for each provider, and asks the founder where it is not plain."""

from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from django.utils import timezone

from companies.connection_services import live_connections
from companies.models import Company
from matters.events import question_updated, tell_events
from matters.facts.offering import offer_to_open
from matters.models import Matter, Question, Step
from matters.questions.fetching import PERSON_KEY
from matters.questions.gathering import look_whether_gathered
from matters.states import AnswerKind, QuestionStatus, StepState
from workers.claims import expect_steps
from workers.clients.carta import CartaClient, Stakeholder
from workers.clients.rippling import RipplingClient, Worker
from workers.provider_calls import Unanswered, ask_provider
from workers.steps import find_person as find
from workers.steps.calendar_time import day_words
from workers.steps.find_person import NOBODY, Choice, Holder, Identity, Match, Person
from workers.steps.found_records import plain
from workers.work import Work

_ASKED = "Which of these people in {} is your question about?"
_WHY = "Several questions are answered from this person's records."


def find_person(work: Work) -> None:
    """Find the matter's person among a provider's, or put the candidates to the founder."""
    provider = work.claim.payload["provider"]
    found = work.once("person", lambda: _look(work, provider))
    with work.finish(_as_result(found)) as matter:
        if isinstance(found, Match):
            _note(matter, provider, found.person, found.how)
        elif isinstance(found, Unanswered):
            _note(matter, provider, None, found.reason)
        elif not found.people:
            _note(matter, provider, None, f"{provider.capitalize()} has nobody this could be about.")
        else:
            _put_to_founder(matter, provider, found)
        look_whether_gathered(matter)


def choose_person(matter: Matter, question: Question, chosen: str | None) -> None:
    """Take a person's answer to whom a locked `matter` is about; None where they don't know."""
    provider = question.key.partition(":")[2]
    name = provider.capitalize()
    step = Step.objects.filter(matter=matter, kind="find_person", state=StepState.DONE, payload__provider=provider)
    candidates = dict((step.latest("pk").result or {}).get("candidates", []))
    if person := candidates.get(chosen or ""):
        _note(matter, provider, Person(**person), "you said so")
    elif chosen is None:
        _note(matter, provider, None, f"You did not know which of the people in {name} it is.")
    else:
        _note(matter, provider, None, f"You said that it is none of the people in {name}.")


def _look(work: Work, provider: str) -> Match | Choice | Unanswered:
    question, companies = work.claim.question, _names_of(work.claim.company)
    if provider == "rippling":
        return ask_provider(work, provider, None, lambda client: _in_rippling(client, question, companies))
    worker = _worker(work)
    return ask_provider(work, provider, None, lambda client: _in_carta(client, question, worker, companies))


def _names_of(company_id: UUID) -> set[str]:
    """What the company is called here, and by the providers that it is connected to."""
    companies = Company.objects.filter(pk=company_id).values_list("name", flat=True)
    return {*companies, *live_connections([company_id]).values_list("issuer_name", flat=True)}


def _worker(work: Work) -> Worker | None:
    """The one in Rippling whom the matter is about; None where nobody is, or Rippling can't say any more."""
    people: dict[str, Any] = Matter.objects.values_list("people", flat=True).get(pk=work.claim.matter_id)
    worker = people.get("rippling", {}).get("id")
    known = ask_provider(work, "rippling", None, lambda client: client.worker(worker, ("user",))) if worker else None
    return None if isinstance(known, Unanswered) else known


def _in_rippling(client: RipplingClient, question: str, companies: set[str]) -> Match | Choice:
    """Among all whom Rippling has, who left and who is to come as well: one list, for it filters by one status."""
    workers, today = client.workers(expand=("user",)), timezone.now().date()
    people = [_as_person(worker, today) for worker in workers]
    found = find.find_person(question, people, companies)
    return found if workers.complete else find.to_be_confirmed(found, people)


def _as_person(worker: Worker, today: date) -> Person:
    began = f"began on {day_words(worker.start_date)}" if worker.start_date else ""
    details = (began, plain(worker.work_email or ""))
    return Person(worker.id, plain(worker.name or ""), plain(worker.title or ""), why_away(worker, today), details)


def why_away(worker: Worker, today: date) -> str:
    """Why somebody does not work here today; empty for who does, on their last days as well."""
    if worker.has_left:
        if worker.end_date and worker.end_date >= today:
            return ""
        return f"left on {day_words(worker.end_date)}" if worker.end_date else "has left"
    if not worker.is_to_come:
        return ""
    return f"to begin on {day_words(worker.start_date)}" if worker.start_date else "not here yet"


def _in_carta(client: CartaClient, question: str, worker: Worker | None, companies: set[str]) -> Match | Choice:
    """The holder who is the worker that the question is about; without one whoever the question names."""
    listed = client.stakeholders()
    holders = [Holder(_as_holder(holder), holder.employee_id or "", holder.email or "") for holder in listed]
    known = Identity(worker.id, worker.work_email or "", worker.name or "") if worker else None
    found = find.find_holder(question, holders, known, companies)
    return found if listed.complete else find.to_be_confirmed(found, [holder.person for holder in holders])


def _as_holder(holder: Stakeholder) -> Person:
    relationship = holder.relationship.word.replace("_", " ").lower() if holder.relationship else ""
    return Person(holder.id, plain(holder.full_name or ""), details=(plain(relationship),))


def _note(matter: Matter, provider: str, person: Person | None, how: str) -> None:
    """Keep who it is, for all questions of the matter."""
    matter.people = {**matter.people, provider: {"id": None, **(_kept(person) if person else {}), "how": how}}
    matter.save(update_fields=["people"])
    if person:
        offer_to_open(matter)


def _kept(person: Person) -> dict[str, str]:
    """What is kept of a person; all that tells them from others stands in the choice that was made."""
    return {"id": person.id, "name": person.name, "title": person.title}


def _put_to_founder(matter: Matter, provider: str, choice: Choice) -> None:
    """One more question of the matter; its choices are what the provider calls the candidates. No model words it."""
    last = matter.questions.order_by("position").last()
    question = Question.objects.create(
        matter=matter,
        position=last.position + 1 if last else 1,
        key=PERSON_KEY.format(provider),
        text=_ASKED.format(provider.capitalize()),
        wording=_ASKED.format(provider.capitalize()),
        why=_WHY,
        kind=AnswerKind.CHOICE,
        choices=[*choice.labels, NOBODY],
        status=QuestionStatus.AWAITING_FOUNDER,
        source="founder",
    )
    expect_steps(matter, 1)
    tell_events(matter.pk, [question_updated(question, why="it is not plain whom the question is about")])


def _as_result(found: Match | Choice | Unanswered) -> dict[str, Any]:
    """What the step came to; of a choice each label with its person, in their order."""
    if isinstance(found, Match):
        return {"status": "matched", **_kept(found.person), "how": found.how}
    if isinstance(found, Unanswered):
        return {"status": "unanswered", **asdict(found)}
    people = [_kept(person) for person in found.people]
    return {"status": "asked", "candidates": list(map(list, zip(found.labels, people, strict=True)))}
