"""What one matter found out is offered to the next, and what two sources disagree about is settled: the whole way."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from companies.models import ApiKey, Company, Membership, User
from matters.models import CompanyFact, Matter, Notice, Question
from matters.states import About, MatterStatus, QuestionStatus
from tests import rows
from tests.disputes import asked, say
from tests.fakes.llm import FakeLLM
from tests.workers.conftest import Pipeline
from workers.draft import facts_of

HEADCOUNT = {"key": "headcount", "text": "How many employees?", "why": "The law begins at 20.", "kind": "number"}
OTHERS = [{"key": f"other_{n}", "text": f"What about {n}?", "why": f"Why {n}.", "kind": "text"} for n in range(7)]


@pytest.fixture(autouse=True)
def _asks_for_the_headcount(llm: FakeLLM, settings: Settings) -> Iterator[None]:
    settings.STATIC_ROOT = None
    llm.set(replies={"derive_questions": {"questions": [q | {"choices": []} for q in (HEADCOUNT, *OTHERS)]}})
    yield
    llm.reset()


class Program:
    """A program with a key of the company."""

    def __init__(self, company: Company) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {ApiKey.issue(company, ['read', 'write'])[1]}"})

    def get(self, path: str) -> Any:
        response = self.client.get(f"/api/v1/{path}")
        assert response.status_code == 200, response.content
        return response.json()

    def post(self, path: str, body: Any, status: int = 200) -> Any:
        response = self.client.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json")
        assert response.status_code == status, response.content
        return response.json()

    def question(self, matter: Matter) -> Any:
        """The one about the headcount."""
        wanted = str(matter.questions.get(key="headcount").pk)
        return next(q for q in self.get(f"matters/{matter.pk}")["questions"] if q["id"] == wanted)

    def answer(self, matter: Matter, body: Any, status: int = 200) -> Any:
        return self.post(f"matters/{matter.pk}/questions/{self.question(matter)['id']}/answer", body, status)


@pytest.fixture
def api(company: Company) -> Program:
    return Program(company)


def another(company: Company, pipeline: Pipeline) -> Matter:
    """A matter of one question, which is asked."""
    matter = rows.gathering(company, 1, QuestionStatus.ASKING)
    words = {"text": HEADCOUNT["text"], "why": HEADCOUNT["why"]}
    matter.questions.update(key="headcount", kind="number", about=About.COMPANY, lifetime_days=7, **words)
    rows.ask_for(matter, "ask_founder")
    pipeline.run("ask_founder")
    matter.refresh_from_db()
    assert matter.status == MatterStatus.AWAITING_FOUNDER
    return matter


def test_a_fact_is_offered_to_the_next_matter_and_one_click_answers_it(
    company: Company, pipeline: Pipeline, api: Program, llm: FakeLLM
) -> None:
    first = another(company, pipeline)
    assert api.question(first)["offered"] is None
    api.answer(first, {"offered": True}, 409)
    llm.set(replies={"normalise_answer": {"unit": "employees", "as_of": "2026-11-03"}})
    api.answer(first, {"answer": "12"})
    pipeline.run_all()
    second = another(company, pipeline)
    offered = api.question(second)["offered"]
    assert (offered.pop("gathered_at") is not None, offered) == (
        True,
        {"value": "12", "unit": "employees", "as_of": "2026-11-03", "source": "founder", "age_days": 0},
    )
    for _ in range(2):
        assert api.answer(second, {"offered": True})["answer"] == "12 employees"
    api.answer(second, {"answer": "13"}, 409)
    pipeline.run_all()
    assert not second.calls.filter(kind="normalise_answer").exists(), "a model is asked what is known"
    fact = second.facts.get(key="headcount")
    assert (fact.value, fact.unit, str(fact.as_of), fact.source, fact.status) == (
        "12", "employees", "2026-11-03", "founder", "known",
    )  # fmt: skip
    line = CompanyFact.objects.get()
    shown = api.get(f"facts/{line.pk}")
    assert [(e["how"], e["value"], e["matter"]) for e in shown["history"]] == [
        ("gathered", "12", str(first.pk)),
        ("confirmed", "12", str(second.pk)),
    ]
    assert api.question(second)["offered"] is None, "it is answered"


def test_what_has_changed_meanwhile_or_gone_stale_is_offered_no_more(
    company: Company, pipeline: Pipeline, api: Program
) -> None:
    say(asked(company), "12")
    matter = another(company, pipeline)
    assert api.question(matter)["offered"]["value"] == "12"
    say(asked(company), "13")
    assert api.question(matter)["offered"] is None
    api.answer(matter, {"offered": True}, 409)
    assert Question.objects.get(matter=matter, key="headcount").answers == []
    CompanyFact.objects.update(stale_at="2026-01-01T00:00Z")
    assert api.question(another(company, pipeline))["offered"] is None
    stranger = Company.objects.create(name="Other", slug="other")
    assert not Question.objects.filter(matter=another(stranger, pipeline)).exclude(offered=None).exists()


def test_a_dispute_is_settled_by_a_program_and_the_advice_is_written(
    company: Company, pipeline: Pipeline, api: Program
) -> None:
    """From the question on: it is the playbook that says whom the fact is about."""
    say(asked(company), "14", "rippling", record_id="r-1")
    matter = rows.submitted(company)
    pipeline.run_all()
    assert api.question(matter)["offered"]["value"] == "14", "a person who is asked is told what Rippling said"
    api.answer(matter, {"answer": "12"})
    for question in matter.questions.exclude(key="headcount"):
        assert question.about == About.MATTER
        api.post(f"matters/{matter.pk}/questions/{question.pk}/answer", {"unknown": True})
    pipeline.run_all()
    shown = api.get(f"matters/{matter.pk}")
    assert (shown["status"], shown["waiting_for"]) == ("gathering", "conflict")
    fact = next(f for f in shown["facts"] if f["key"] == "headcount")
    assert (fact["value"], fact["status"]) == (None, "disputed")
    (listed,) = api.get("facts?status=disputed")["items"]
    assert (listed["value"], listed["is_fresh"], [e["value"] for e in listed["disputed"]]) == (
        None,
        False,
        ["14", "12"],
    )
    here = f"facts/{listed['id']}/settle"
    assert api.post(here, {"choose": 10**9}, 400)["errors"][0]["field"] == "choose"
    assert api.post(here, {"value": "a dozen"}, 400)["errors"][0]["field"] == "value"
    for _ in range(2):
        settled = api.post(here, {"choose": listed["disputed"][0]["id"]})
        assert (settled["status"], settled["value"], settled["disputed"]) == ("known", "14", [])
    api.post(here, {"choose": listed["disputed"][1]["id"]}, 409)
    assert settled["history"][-1]["how"] == "settled"
    pipeline.run_all()
    matter.refresh_from_db()
    assert matter.status == MatterStatus.ADVISED
    assert matter.steps_done == matter.steps_total
    given = matter.attempts.get().facts
    assert (given[0]["value"], given[0]["source"], given[0]["status"]) == ("14", "rippling", "known")


def test_what_nobody_knows_is_told_to_the_model_with_what_turns_on_it(
    company: Company, pipeline: Pipeline, api: Program
) -> None:
    matter = another(company, pipeline)
    api.answer(matter, {"unknown": True})
    pipeline.run_all()
    (fact,) = facts_of(matter)
    assert (fact.status, fact.value, fact.why) == ("unknown", "", "The law begins at 20.")
    assert not CompanyFact.objects.exists()


def test_a_colleague_is_asked_by_e_mail_and_anybody_may_answer(
    company: Company, pipeline: Pipeline, api: Program
) -> None:
    colleague = User.objects.create_user("ada@acme.example")
    Membership.objects.create(company=company, user=colleague)
    matter = another(company, pipeline)
    here = f"matters/{matter.pk}/questions/{api.question(matter)['id']}/assign"
    events = matter.events.count()
    for _ in range(2):
        assert api.post(here, {"email": "ADA@acme.example"})["assigned_to"] == "ada@acme.example"
    assert [notice.user for notice in Notice.objects.filter(matter=matter)] == [colleague], "one e-mail"
    assert matter.events.count() == events + 1
    User.objects.create_user("eve@elsewhere.example")
    for address in ("eve@elsewhere.example", "nobody@acme.example", "", "a\x00b"):
        api.post(here, {"email": address}, 400)
    assert api.post(here, {"email": None})["assigned_to"] is None
    api.post(here, {"email": "ada@acme.example"})
    api.answer(matter, {"answer": "12"})
    pipeline.run_all()
    api.post(here, {"email": None}, 409)
