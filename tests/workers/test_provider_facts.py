"""A question on the provider's way: planned, fetched, converted; or handed to the founder, with the reason."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from companies.connection_services import disconnect
from companies.connections import Connection
from companies.credentials import Credentials
from companies.models import Company, User
from demo.providers.company import people, rippling_id
from demo.providers.faults import Fault
from matters.facts.offering import offer_of
from matters.models import Event, Fact, Matter, ProviderCall, Question, Step
from matters.questions.answering import answer_question
from matters.questions.fetching import waited_for
from matters.representation import matter_as_json
from matters.states import About, MatterStatus, QuestionStatus, StepState
from tests import disputes, rows
from tests.fakes.llm import FakeLLM
from tests.workers.conftest import Pipeline
from tests.workers.local_providers import LocalProviders, changed_company, connect
from tests.workers.test_document_search import attach
from workers import provider_calls, records
from workers.tasks import run_step

CTO = rippling_id("worker", "marcus-ellery")
QUESTION = "We hired the wrong person as CTO and must let them go: how?"


@pytest.fixture
def providers(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalProviders]:
    with ExitStack() as stack:
        yield LocalProviders(settings, stack, monkeypatch)


@pytest.fixture
def matter(pipeline: Pipeline, company: Company, founder: User, providers: LocalProviders) -> Matter:
    """A matter of a connected company, with no question yet."""
    connect(company, founder)
    matter = rows.gathering(company, 0, QuestionStatus.ROUTING)
    rows.reword(matter, QUESTION)
    Matter.objects.filter(pk=matter.pk).update(steps_done=1, steps_total=2)  # submitted, and the advice
    matter.refresh_from_db()
    return matter


def ask(matter: Matter, source: str, kind: str = "text", **fields: Any) -> Question:
    """One more question that `source` is to be asked, with its first step."""
    matter.refresh_from_db()
    if matter.status == MatterStatus.AWAITING_FOUNDER:
        rows.move(matter, MatterStatus.GATHERING)
    position = matter.questions.count() + 1
    given = {"key": f"fact_{position}", "text": f"Question {position}?", "why": "It counts."} | fields
    question = Question.objects.create(
        matter=matter, position=position, kind=kind, status=QuestionStatus.ROUTING, source_hint=source, **given
    )
    Matter.objects.filter(pk=matter.pk).update(steps_total=matter.steps_total + 3)
    matter.refresh_from_db()
    rows.ask_one(matter, "route_question", question)
    return question


def plan(llm: FakeLLM, source: str, operation: str, **fields: Any) -> None:
    """What the model says to every question."""
    planned = {"operation": operation, "component": None, "on": None, "on_answer_to": None, "reason": "It says so."}
    route = {"source": source, "reason": f"{source.capitalize()} keeps it."}
    llm.set(replies={"route_question": route, "request_record": planned | fields})


def fresh(question: Question) -> Question:
    return Question.objects.select_related("fact", "matter").get(pk=question.pk)


def result_of(matter: Matter, question: Question, kind: str) -> dict[str, Any]:
    return matter.steps.get(kind=kind, subject=question.pk).result or {}


def statuses(question: Question) -> list[str]:
    events = question.matter.events.filter(type="question.updated", data__question=str(question.pk))
    return list(events.order_by("number").values_list("to_status", flat=True))


def requests(matter: Matter) -> list[tuple[str, int | None, str]]:
    return [(c.operation, c.status, c.error_code) for c in matter.provider_calls.all()]


# The whole way


def test_a_question_becomes_a_fact_with_its_source_its_day_and_its_record(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM
) -> None:
    plan(llm, "rippling", "worker_status")
    question = ask(matter, "rippling", "choice", choices=["employee", "contractor"])
    pipeline.run_all()
    fact = fresh(question).fact
    assert (fact.value, fact.source, fact.record_id, fact.subject) == ("employee", "rippling", CTO, f"rippling:{CTO}")
    assert fact.statement.startswith("Marcus Ellery is recorded as an employee, title Chief Technology Officer")
    assert statuses(question) == ["fetching", "normalising", "answered"]
    assert requests(matter) == [("workers", 200, ""), ("worker", 200, "")]
    assert [c.question_id for c in matter.provider_calls.all()] == [None, question.pk]
    assert fresh(question).source == "rippling"


def test_what_a_provider_knows_is_told_as_the_answer_in_the_event_and_by_the_api(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM
) -> None:
    plan(llm, "rippling", "tenure", on="2027-01-31")
    question = ask(matter, "rippling", "number")
    pipeline.run_all()
    told = matter.events.filter(type="question.updated").order_by("number").values_list("to_status", "data__answer")
    assert list(told) == [("fetching", None), ("normalising", None), ("answered", "13 months")]
    (shown,) = matter_as_json(Matter.objects.get(pk=matter.pk))["questions"]
    assert (shown["id"], shown["source"], shown["answer"]) == (str(question.pk), "rippling", "13 months")


def test_a_state_that_the_founder_wrote_as_its_code_is_not_in_dispute_with_rippling(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM, company: Company
) -> None:
    earlier = disputes.asked(company, about=About.PERSON, key="work_state", kind="text")
    disputes.say(earlier, "CA", subject=f"rippling:{CTO}")
    plan(llm, "rippling", "work_state")
    question = ask(matter, "rippling", key="work_state", about=About.PERSON, lifetime_days=7)
    pipeline.run_all()
    fact = fresh(question).fact
    assert (fact.value, fact.status, fact.subject) == ("California", "known", f"rippling:{CTO}")


def test_the_steps_that_were_counted_are_taken_whichever_way_a_question_goes(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM, providers: LocalProviders
) -> None:
    plan(llm, "rippling", "worker_status")
    ask(matter, "rippling")
    plan(llm, "rippling", "worker_status")
    pipeline.run_all()
    matter.refresh_from_db()
    assert matter.status == MatterStatus.ADVISED
    assert matter.steps_done == matter.steps_total == matter.steps.count()


def test_the_person_is_looked_for_once_for_all_questions(matter: Matter, pipeline: Pipeline, llm: FakeLLM) -> None:
    plan(llm, "rippling", "job_title")
    for _ in range(3):
        ask(matter, "rippling")
    pipeline.run_all()
    assert [operation for operation, *_ in requests(matter)] == ["workers", "worker", "worker", "worker"]
    matter.refresh_from_db()
    assert matter.people["rippling"] | {"how": ""} == {
        "id": CTO, "name": "Marcus Ellery", "title": "Chief Technology Officer", "how": "",
    }  # fmt: skip


def test_what_is_known_of_the_person_is_offered_to_questions_that_were_asked_before_it_was_known_who_that_is(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM
) -> None:
    known = disputes.asked(matter.company, About.PERSON, key="promises", kind="text")
    disputes.say(known, "Two months of pay", subject=f"rippling:{CTO}")
    words = {"text": "What was promised?", "wording": "What was promised?", "why": "It binds.", "about": About.PERSON}
    promised, unheard_of = [
        matter.questions.create(key=key, position=n, kind="text", status=QuestionStatus.AWAITING_FOUNDER, **words)
        for n, key in enumerate(("promises", "grades"), start=1)
    ]
    assert offered(promised) is None
    plan(llm, "rippling", "job_title")
    ask(matter, "rippling")
    pipeline.run_all()
    assert (offered(promised), offered(unheard_of)) == ("Two months of pay", None)
    told = [event.data["question"] for event in matter.events.filter(why__contains="known whom it is about")]
    assert told == [str(promised.pk)], "an open page does not learn of it"


def offered(question: Question) -> str | None:
    """What the question's card offers."""
    entry = offer_of(fresh(question))
    return entry.value if entry else None


@pytest.mark.parametrize("name", ["ZENITH LOGISTICS", "Demo Robotics"])
def test_the_founder_is_not_asked_who_is_meant_where_only_the_company_has_a_name(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM, company: Company, name: str
) -> None:
    company.name = "Zenith Logistics GmbH"
    company.save()
    Connection.objects.filter(company=company, provider="carta").update(issuer_name="Demo Robotics, Inc.")
    rows.reword(matter, f"Can {name} fire its CTO?")
    plan(llm, "rippling", "job_title")
    question = ask(matter, "rippling")
    pipeline.run_all()
    assert fresh(question).status == QuestionStatus.ANSWERED, "the founder is asked who is meant"
    assert fresh(question).fact.subject == f"rippling:{CTO}"


def test_the_facts_of_who_has_left_are_theirs_and_not_those_of_who_holds_the_title_now(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM
) -> None:
    with changed_company() as (people_now, _equity):
        (frank,) = (person for person in people_now["people"] if person["key"] == "frank-weber")
        frank |= {"title": "Chief Technology Officer"}
        rows.reword(matter, "We fired our CTO Frank Weber. What do we still owe him?")
        plan(llm, "rippling", "compensation", component="annual_salary")
        question = ask(matter, "rippling", "money")
        pipeline.run_all()
    fact = fresh(question).fact
    assert (fact.value, fact.subject) == ("240000", f"rippling:{rippling_id('worker', 'frank-weber')}")
    assert str(fact.as_of) == "2025-10-31"
    assert fact.statement.endswith(
        "was 240,000 USD per year, since 1 May 2023. The employment ended on 31 October 2025."
    )


def test_an_age_on_a_past_day_is_no_fact_of_the_company_and_one_of_today_is(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM, company: Company
) -> None:
    plan(llm, "founder", "none")
    ask(matter, "founder")  # so that the matter stays open
    for day, value, kept in (("2020-06-14", "no", 0), (None, "yes", 1)):
        pipeline.run_all()
        plan(llm, "rippling", "age_40_plus", on=day)
        question = ask(matter, "rippling", "yes_no", key=f"age_{kept}", about=About.PERSON, lifetime_days=90)
        pipeline.run_all()
        fact = fresh(question).fact
        assert (fact.value, str(fact.as_of)) == (value, day or str(timezone.now().date()))
        assert company.facts.count() == kept


def test_the_equity_of_a_person_is_found_by_the_employee_id(matter: Matter, pipeline: Pipeline, llm: FakeLLM) -> None:
    plan(llm, "carta", "equity_granted")
    question = ask(matter, "carta")
    pipeline.run_all()
    fact = fresh(question).fact
    assert (fact.source, fact.record_id, fact.subject) == ("carta", "503", f"rippling:{CTO}")
    matter.refresh_from_db()
    assert matter.people["carta"]["how"] == "the only one with the same employee id"


# What is not allowed is not sent


REJECTED: tuple[dict[str, Any], ...] = (
    {"operation": "terminate_worker"},
    {"operation": "worker_status", "url": "https://evil.example/workers"},
    {"operation": "worker_status", "host": "evil.example"},
    {"operation": "worker_status", "method": "POST"},
    {"operation": "vested_on"},  # of the other provider
    {"operation": "compensation"},  # without what it takes
)


def test_a_plan_that_is_not_on_the_list_is_rejected_without_a_request(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM, providers: LocalProviders
) -> None:
    for reply in REJECTED:
        plan(llm, "rippling", **reply)
        question = ask(matter, "rippling", "money" if reply["operation"] == "compensation" else "text")
        pipeline.run_all()
        assert (fresh(question).status, fresh(question).source) == ("awaiting_founder", "founder")
        assert fresh(question).reason == (
            "The request that was planned for Rippling is not one that is allowed, so nothing was sent."
        )
        assert result_of(matter, question, "request_record")["status"] == "rejected"
        assert statuses(question) == ["fetching", "asking", "awaiting_founder"]
    assert (providers.asked, requests(matter)) == ([], [])


def test_no_operation_that_fits_asks_the_founder(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM, providers: LocalProviders
) -> None:
    plan(llm, "rippling", "none", reason="Sums over time are in no record.")
    question = ask(matter, "rippling")
    pipeline.run_all()
    asked = fresh(question)
    assert asked.reason == "Rippling keeps no record that answers this: Sums over time are in no record."
    assert (asked.status, asked.source, providers.asked) == ("awaiting_founder", "founder", [])
    answer_question(matter.pk, question.pk, "48,000 USD")
    pipeline.run_all()
    matter.refresh_from_db()
    assert matter.steps_done == matter.steps_total == matter.steps.count()


def test_every_request_is_a_get(matter: Matter, pipeline: Pipeline, llm: FakeLLM, providers: LocalProviders) -> None:
    plan(llm, "carta", "option_terms")
    ask(matter, "carta")
    pipeline.run_all()
    assert {method for method, _path in providers.asked} == {"GET"}


# What waits for a person


@pytest.fixture
def waiting(matter: Matter, pipeline: Pipeline, llm: FakeLLM) -> tuple[Question, Question]:
    """A date that the founder is asked for, and a question of Carta that needs it."""
    plan(llm, "founder", "none")
    day = ask(matter, "founder", "date", key="planned_date")
    pipeline.run_all()
    plan(llm, "carta", "vested_on", on_answer_to="planned_date")
    vested = ask(matter, "carta", "number")
    pipeline.run_all()
    return day, vested


def test_a_question_waits_for_the_day_that_a_person_gives_by_another_one(
    matter: Matter, pipeline: Pipeline, waiting: tuple[Question, Question]
) -> None:
    day, vested = waiting
    matter.refresh_from_db()
    assert (matter.status, matter.waiting_for) == (MatterStatus.AWAITING_FOUNDER, "founder")
    assert fresh(vested).status == QuestionStatus.FETCHING
    assert waited_for(matter, list(matter.questions.all())) == {vested: day}
    assert not matter.steps.filter(kind="fetch_record").exists()

    answer_question(matter.pk, day.pk, "2026-12-08")
    pipeline.run_all()
    fact = fresh(vested).fact
    assert (fact.value, fact.unit) == ("93000", "options and shares")
    matter.refresh_from_db()
    assert matter.status == MatterStatus.ADVISED
    assert matter.steps_done == matter.steps_total == matter.steps.count()


def test_a_search_of_documents_keeps_no_matter_from_waiting_for_its_person(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM
) -> None:
    """The day is put to the founder last, which has the document searched; the model is away for that."""
    llm.set(always={"kind": "unavailable", "schema": "quote_document"})
    day = ask(matter, "founder", "date", key="planned_date")
    Step.objects.filter(subject=str(day.pk)).update(kind="ask_founder", due_at=Now() + timedelta(hours=1))
    Question.objects.filter(pk=day.pk).update(status=QuestionStatus.ASKING, source="founder")
    plan(llm, "carta", "vested_on", on_answer_to="planned_date")
    ask(matter, "carta", "number")
    attach(matter, name="agreement.txt")
    pipeline.run_all()
    Step.objects.filter(subject=str(day.pk)).update(due_at=Now())
    pipeline.run("ask_founder")
    assert matter.steps.filter(kind="search_documents", state=StepState.READY).exists()
    matter.refresh_from_db()
    assert (matter.status, matter.waiting_for) == (MatterStatus.AWAITING_FOUNDER, "founder")


def test_a_day_that_nobody_knows_is_today_and_the_fact_says_so(
    matter: Matter, pipeline: Pipeline, waiting: tuple[Question, Question]
) -> None:
    day, vested = waiting
    answer_question(matter.pk, day.pk, None)
    pipeline.run_all()
    assert "(today: the day that counts is not known)" in fresh(vested).fact.statement


def test_two_questions_that_wait_for_each_other_do_not(matter: Matter, pipeline: Pipeline, llm: FakeLLM) -> None:
    plan(llm, "carta", "next_vesting_date", on_answer_to="one")
    other = ask(matter, "", "date", key="two")
    plan(llm, "carta", "next_vesting_date", on_answer_to="one")
    ask(matter, "", "date", key="one")
    pipeline.until("request_record", matter)
    run_step("request_record")
    plan(llm, "carta", "next_vesting_date", on_answer_to="two")
    pipeline.run_all()
    assert fresh(other).status == QuestionStatus.ANSWERED
    matter.refresh_from_db()
    assert matter.status == MatterStatus.ADVISED


@pytest.fixture
def two_kims(matter: Matter, pipeline: Pipeline, llm: FakeLLM) -> tuple[Matter, Question, Question]:
    """A matter about one of two people of that name, a question of Rippling, and the card that asks who it is."""
    rows.reword(matter, "We want to dismiss Daniel Kim.")
    plan(llm, "rippling", "start_date")
    question = ask(matter, "rippling", "date")
    pipeline.run_all()
    return matter, question, matter.questions.get(key="person:rippling")


def test_whom_it_is_about_is_asked_once_and_then_the_waiting_questions_go_on(
    two_kims: tuple[Matter, Question, Question], pipeline: Pipeline, llm: FakeLLM
) -> None:
    matter, question, card = two_kims
    matter.refresh_from_db()
    assert matter.status == MatterStatus.AWAITING_FOUNDER
    assert card.choices[:2] == ["Daniel Kim, Account Executive", "Daniel Kim, Senior Engineer"]
    assert card.choices[-1] == "None of these"
    assert waited_for(matter, list(matter.questions.all())) == {question: card}
    calls = len(llm.calls())
    answer_question(matter.pk, card.pk, "Daniel Kim, Account Executive")
    run_step("normalise_answer")
    assert len(llm.calls()) == calls, "a click needs no model"
    pipeline.run_all()
    fact = fresh(question).fact
    assert (fact.value, fact.record_id) == ("2025-02-03", rippling_id("worker", "daniel-kim-sales"))
    assert matter.questions.filter(key="person:rippling").count() == 1
    matter.refresh_from_db()
    assert matter.status == MatterStatus.ADVISED
    assert matter.steps_done == matter.steps_total == matter.steps.count()


def test_twins_are_told_apart_by_their_first_day_and_the_one_who_is_chosen_is_meant(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM
) -> None:
    with changed_company() as (company_now, _equity):
        for person in company_now["people"]:
            person["title"] = "Engineer" if person["name"] == "Daniel Kim" else person["title"]
        rows.reword(matter, "We want to dismiss Daniel Kim.")
        plan(llm, "rippling", "start_date")
        question = ask(matter, "rippling", "date")
        pipeline.run_all()
        card = matter.questions.get(key="person:rippling")
        assert set(card.choices[:2]) == {
            "Daniel Kim, Engineer (began on 8 January 2024)",
            "Daniel Kim, Engineer (began on 3 February 2025)",
        }
        answer_question(matter.pk, card.pk, "Daniel Kim, Engineer (began on 3 February 2025)")
        pipeline.run_all()
    assert fresh(question).fact.record_id == rippling_id("worker", "daniel-kim-sales")


def test_two_holders_of_one_name_are_told_apart_by_what_they_are_to_the_company(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM
) -> None:
    with changed_company() as (_people, equity_now):
        equity_now["stakeholders"].append(
            {"id": "699", "name": "Priya Raman", "email": "", "relationship": "ADVISOR", "group": "Advisors"}
        )
        rows.reword(matter, "May we dismiss Priya Raman?")
        plan(llm, "carta", "equity_granted")
        ask(matter, "carta")
        pipeline.run_all()
    card = matter.questions.get(key="person:carta")
    assert card.choices[:2] == ["Priya Raman (employee)", "Priya Raman (advisor)"]


def test_of_a_list_that_did_not_come_to_its_end_the_founder_confirms_the_one_who_fits(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM, providers: LocalProviders
) -> None:
    providers.let(Fault.REPEATED_PAGE, page_size=20)
    plan(llm, "rippling", "job_title")
    question = ask(matter, "rippling")
    pipeline.run_all()
    card = matter.questions.get(key="person:rippling")
    assert card.choices[0] == "Marcus Ellery, Chief Technology Officer"
    assert fresh(question).status == QuestionStatus.FETCHING


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("None of these", "You said that it is none of the people in Rippling."),
        (None, "You did not know which of the people in Rippling it is."),
    ],
)
def test_where_nobody_is_meant_the_founder_is_asked_the_rest(
    two_kims: tuple[Matter, Question, Question], pipeline: Pipeline, answer: str | None, says: str
) -> None:
    matter, question, card = two_kims
    answer_question(matter.pk, card.pk, answer)
    pipeline.run_all()
    asked = fresh(question)
    assert asked.status == QuestionStatus.AWAITING_FOUNDER
    assert asked.reason == says
    assert [operation for operation, *_ in requests(matter)] == ["workers"]


def test_a_holder_without_employee_id_and_e_mail_is_confirmed_by_the_founder(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM
) -> None:
    rows.reword(matter, "We want to dismiss Priya Raman.")
    plan(llm, "carta", "equity_granted")
    question = ask(matter, "carta")
    pipeline.run_all()
    card = matter.questions.get(key="person:carta")
    assert card.choices[0] == "Priya Raman"
    answer_question(matter.pk, card.pk, "Priya Raman")
    pipeline.run_all()
    assert "30,000 ISOs" in fresh(question).fact.statement


# Providers that fail


def test_pay_that_is_held_back_goes_to_the_founder_with_the_providers_reason(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM, providers: LocalProviders
) -> None:
    providers.let(Fault.REDACTED_COMPENSATION)
    plan(llm, "rippling", "compensation", component="annual_salary")
    question = ask(matter, "rippling", "money")
    pipeline.run_all()
    asked = fresh(question)
    assert asked.status == QuestionStatus.AWAITING_FOUNDER
    assert asked.reason == "Rippling holds back a base salary (Requires API tier 2), so we are asking you."
    assert not hasattr(asked, "fact")


@pytest.mark.parametrize(
    ("fault", "says", "code"),
    [
        (Fault.FORBIDDEN, "An administrator of your Rippling account can change that", "forbidden"),
        (Fault.MALFORMED_JSON, "answer could not be read", "malformed"),
    ],
)
def test_a_refusal_goes_to_the_founder_with_who_can_mend_it(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM, providers: LocalProviders, fault: Fault, says: str, code: str
) -> None:
    providers.let(fault)
    plan(llm, "rippling", "headcount")
    question = ask(matter, "rippling", "number")
    pipeline.run_all()
    asked = fresh(question)
    assert asked.status == QuestionStatus.AWAITING_FOUNDER
    assert says in asked.reason
    assert [c.error_code for c in matter.provider_calls.all()] == [code]


def test_a_provider_that_refuses_our_token_is_told_to_the_founder_and_the_connection_is_broken(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM, company: Company
) -> None:
    plan(llm, "rippling", "headcount")
    Connection.objects.filter(provider="rippling").update(credentials=Credentials(token="dead").sealed())
    question = ask(matter, "rippling", "number")
    pipeline.run_all()
    assert fresh(question).reason.startswith("Rippling no longer accepts our access")
    assert Connection.objects.get(provider="rippling").status == "broken"


def test_too_many_requests_park_the_step_and_use_no_try_up(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM, providers: LocalProviders
) -> None:
    providers.let(Fault.RATE_LIMITED_ONCE)
    plan(llm, "rippling", "headcount")
    question = ask(matter, "rippling", "number")
    pipeline.until("fetch_record", matter)
    step = pipeline.run("fetch_record")
    assert (step.state, step.attempt, step.calls_seen) == (StepState.READY, 0, 0)
    assert step.due_at > step.created_at + timedelta(seconds=0.9)
    pipeline.make_due(matter)
    pipeline.run_all()
    assert fresh(question).fact.value == "36"
    assert requests(matter) == [("workers", 429, "rate_limited"), ("workers", 200, "")]


def test_a_provider_that_stays_busy_is_asked_for_ten_minutes(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM, providers: LocalProviders
) -> None:
    providers.let(Fault.RATE_LIMITED_ONCE)
    plan(llm, "rippling", "headcount")
    question = ask(matter, "rippling", "number")
    step = pipeline.until("fetch_record", matter)
    Step.objects.filter(pk=step.pk).update(created_at=Now() - provider_calls.MOST_BUSY)
    pipeline.run_all()
    assert fresh(question).reason == "Rippling was too busy, even after several tries, so we are asking you."


def test_a_provider_that_is_away_is_tried_a_few_times_and_then_the_founder_is_asked(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM, providers: LocalProviders
) -> None:
    providers.let(Fault.UNAVAILABLE)
    plan(llm, "rippling", "headcount")
    question = ask(matter, "rippling", "number")
    pipeline.until("fetch_record", matter)
    for tries in range(1, provider_calls.MOST_TRIES):
        step = pipeline.run("fetch_record")
        assert (step.state, step.attempt, step.calls_seen) == (StepState.READY, tries, 0)
        pipeline.make_due(matter)
    pipeline.run_all()
    asked = fresh(question)
    assert asked.reason == "Rippling could not be reached, even after several tries, so we are asking you."
    matter.refresh_from_db()
    assert (asked.status, matter.status) == (QuestionStatus.AWAITING_FOUNDER, MatterStatus.AWAITING_FOUNDER)
    assert requests(matter) == [("workers", 503, "unavailable")] * provider_calls.MOST_TRIES


def test_a_person_who_can_not_be_looked_for_leaves_the_questions_to_the_founder(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM, providers: LocalProviders
) -> None:
    providers.let(Fault.FORBIDDEN)
    plan(llm, "rippling", "job_title")
    questions = [ask(matter, "rippling") for _ in range(2)]
    pipeline.run_all()
    assert {fresh(question).status for question in questions} == {QuestionStatus.AWAITING_FOUNDER}
    assert all("Rippling does not let us see this" in fresh(question).reason for question in questions)
    assert len(requests(matter)) == 1


def test_a_connection_that_ended_meanwhile_leaves_the_question_to_the_founder(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM, providers: LocalProviders
) -> None:
    plan(llm, "rippling", "headcount")
    question = ask(matter, "rippling", "number")
    pipeline.until("fetch_record", matter)
    disconnect(Connection.objects.get(provider="rippling").pk)
    pipeline.run_all()
    assert fresh(question).reason == "Rippling is no longer connected, so we are asking you."
    assert providers.asked == []


# Workers that die


class KilledError(BaseException):
    """The worker's process is gone."""


def test_a_worker_that_dies_between_request_and_conversion_repeats_no_request(
    matter: Matter, pipeline: Pipeline, llm: FakeLLM, providers: LocalProviders, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(llm, "rippling", "job_title")
    question = ask(matter, "rippling")
    pipeline.until("convert_record", matter)
    asked = list(providers.asked)
    with monkeypatch.context() as patch:
        patch.setattr(records, "convert", lambda *_: (_ for _ in ()).throw(KilledError()))
        with pytest.raises(KilledError):
            run_step("convert_record")
    assert fresh(question).status == QuestionStatus.FETCHING
    Step.objects.filter(state=StepState.RUNNING).update(due_at=Now() - timedelta(seconds=1))  # its lease runs out
    run_step("convert_record")
    assert fresh(question).fact.value == "Chief Technology Officer"
    assert providers.asked == asked
    assert ProviderCall.objects.count() == len(asked)
    assert not matter.questions.filter(status=QuestionStatus.AWAITING_FOUNDER).exists()


def test_a_worker_that_dies_behind_a_persons_answer_asks_them_nothing_twice(
    two_kims: tuple[Matter, Question, Question], pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    matter, question, card = two_kims
    answer_question(matter.pk, card.pk, "Daniel Kim, Senior Engineer")
    pipeline.until("fetch_record", matter)
    with monkeypatch.context() as patch:
        patch.setattr(records, "request_records", lambda *_: (_ for _ in ()).throw(KilledError()))
        with pytest.raises(KilledError):
            run_step("fetch_record")
    Step.objects.filter(state=StepState.RUNNING).update(due_at=Now() - timedelta(seconds=1))
    run_step("fetch_record")
    pipeline.run_all()
    assert fresh(question).fact.value == "2024-01-08"
    assert [operation for operation, *_ in requests(matter)] == ["workers", "worker"], "nobody is looked for again"
    assert matter.questions.filter(key__startswith="person:").count() == 1


# What leaves the providers


def test_nothing_sensitive_is_stored_anywhere(matter: Matter, pipeline: Pipeline, llm: FakeLLM) -> None:
    plan(llm, "founder", "none")
    ask(matter, "founder")  # so that the matter stays open
    for operation, kind in (("age_40_plus", "yes_no"), ("worker_status", "text"), ("work_state", "text")):
        pipeline.run_all()
        plan(llm, "rippling", operation)
        ask(matter, "rippling", kind)
    pipeline.run_all()
    assert matter.facts.count() == 3
    rows_of = (Step, Question, ProviderCall, Fact, Event, Matter)
    stored = "".join(str(list(model._default_manager.values())) for model in rows_of)
    cto = next(person for person in people()["people"] if person["key"] == "marcus-ellery")
    sensitive = [str(cto["born"]), *people()["sensitive"]["street"], "FEMALE", "WHITE", "HISPANIC", "@home"]
    assert [word for word in sensitive if word in stored] == []
    assert not re.search(r"900-\d\d-\d{4}", stored), "a social security number"  # an id may hold `900-`
    fetched = matter.steps.filter(kind="fetch_record").order_by("pk")
    found = [step.result["found"] for step in fetched if step.result]
    assert [of.get("age_40_plus") for of in found] == [True, None, None], "only what the operation needs is kept"
    assert not any("new" in of for of in found), "a worker of older code has no such field, and reads none of these"
