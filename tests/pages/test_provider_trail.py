"""How an answer was looked for, on the matter's page and in the admin; what a provider could not say, on the card."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from advice.render import render_fragments
from companies.models import User
from matters.ledger import NewStep, insert_steps
from matters.models import Fact, Matter, ProviderCall, Question
from matters.services import change_question
from matters.states import QuestionStatus
from tests.pages.conftest import AskQuestion
from tests.pages.test_matter_page import html_of

pytestmark = pytest.mark.django_db
WORKER = "b8a9f34f2dc023cb0accb8cd"
PLAN = {"operation": "worker_status", "component": None, "on": None, "on_answer_to": None, "reason": "It says so."}
PLANNED = {"status": "planned", "plan": PLAN, "needs": {"people": ["rippling"], "day_of": None}}


def done(question: Question, kind: str, result: dict[str, Any]) -> None:
    """A step of the question that came to `result`, with a request of Rippling where it is one that asks."""
    (step,) = insert_steps(question.matter, [NewStep(kind, f"{kind}:{question.position}", str(question.pk))])
    question.matter.steps.filter(pk=step.pk).update(state="done", result=result)
    if kind == "fetch_record":
        ProviderCall.objects.create(
            matter=question.matter, question=question, step=step, provider="rippling", operation="worker", status=200
        )


@pytest.fixture
def question(matter: Matter, ask: AskQuestion) -> Question:
    """One that Rippling was asked, about somebody who was found."""
    question = ask("choice", choices=["employee", "contractor"])
    person = {"id": WORKER, "name": "Marcus Ellery", "title": "CTO", "how": "the only one whose title fits"}
    Matter.objects.filter(pk=matter.pk).update(people={"rippling": person})
    done(question, "route_question", {"source": "rippling", "reason": "Rippling keeps it."})
    done(question, "request_record", PLANNED)
    return question


@pytest.fixture
def settled(question: Question) -> Question:
    done(question, "fetch_record", {"status": "fetched"})
    statement = "Marcus Ellery is recorded as an employee."
    done(question, "convert_record", {"status": "converted", "statement": statement, "record": "worker"})
    change_question(question, QuestionStatus.NORMALISING, "test", source="rippling")
    change_question(question, QuestionStatus.ANSWERED, "test")
    Fact.objects.create(
        matter=question.matter, question=question, key=question.key, value="employee", as_of="2026-11-25",
        source="rippling", record_id=WORKER, statement=statement,
    )  # fmt: skip
    return question


def test_a_settled_question_shows_its_record_and_how_it_was_found(page: Client, settled: Question) -> None:
    html = html_of(page, settled.matter)
    assert "25 Nov 2026" in html
    assert f'from Rippling, worker <span title="{WORKER}">b8a9f34f…</span>' in html
    assert "Marcus Ellery is recorded as an employee." in html
    for step in (
        "Rippling keeps it.",
        "worker_status: It says so.",
        "Marcus Ellery, CTO: the only one whose title fits",
        "Rippling, worker → 200",
    ):
        assert step in html


def test_a_value_that_another_source_has_settled_is_not_called_the_providers_record(
    page: Client, settled: Question
) -> None:
    Fact.objects.filter(question=settled).update(source="document", record_id="d-1:3")
    assert "worker <span" not in html_of(page, settled.matter), "whoever looks for it at Rippling finds nothing"


def test_a_card_says_why_the_founder_is_asked_and_what_is_known(page: Client, question: Question) -> None:
    done(question, "fetch_record", {"status": "fetched"})
    done(question, "convert_record", {"status": "unset", "reason": "No unit."})
    Question.objects.filter(pk=question.pk).update(reason="Rippling does not say the unit.", known="Vacation 14.5")
    html = html_of(page, question.matter)
    assert "<strong>Why we are asking:</strong> Rippling does not say the unit." in html
    assert "<strong>What we know:</strong> Vacation 14.5" in html
    assert "not in the record: No unit." in html


def test_a_rejected_plan_is_told_with_no_request(page: Client, matter: Matter, ask: AskQuestion) -> None:
    question = ask()
    done(question, "request_record", {"status": "rejected", "reason": "Not allowed, so nothing was sent."})
    Question.objects.filter(pk=question.pk).update(reason="Not allowed, so nothing was sent.")
    html = html_of(page, matter)
    assert "rejected: Not allowed, so nothing was sent." in html
    assert "<strong>Requests:</strong> none" in html


def test_a_question_that_is_fetched_is_shown_with_what_it_waits_for(
    page: Client, question: Question, matter: Matter, ask: AskQuestion
) -> None:
    day = ask("date", wording="On which day does it end?")
    waits = Question.objects.create(
        matter=matter, position=9, key="vested", text="How many are vested?", why="", status="fetching", source="carta"
    )
    done(waits, "request_record", {"status": "planned", "plan": PLAN, "needs": {"people": [], "day_of": day.key}})
    Question.objects.create(
        matter=matter, position=10, key="pay", text="What is the pay?", why="", status="fetching", source="rippling"
    )
    html = html_of(page, matter)
    assert "Carta will be asked once you answer “On which day does it end?”" in html
    assert 'What is the pay? <span class="muted">Rippling is being asked</span>' in html
    asked, looked_up = html.index(f'id="card-{day.pk}"'), html.index('id="questions-fetching"')
    assert asked < looked_up, "what nobody is asked stands before what waits for an answer"


def test_ten_questions_that_are_fetched_cost_no_more_queries_than_one(matter: Matter) -> None:
    def queries_with(count: int) -> int:
        for position in range(matter.questions.count() + 1, count + 1):
            question = Question.objects.create(
                matter=matter, position=position, key=f"k{position}", text="?", why="", status="fetching"
            )
            needs = {"people": ["carta"], "day_of": None}
            done(question, "request_record", {"status": "planned", "plan": PLAN, "needs": needs})
        with CaptureQueriesContext(connection) as queries:
            render_fragments(matter.pk)
        return len(queries)

    with_one = queries_with(1)
    assert queries_with(10) == with_one, "whoever watches a matter looks each of its questions up"


def test_whom_it_is_about_is_asked_first(page: Client, matter: Matter, ask: AskQuestion) -> None:
    ask(wording="Anything else?")
    person = ask("choice", choices=["A", "None of these"], wording="Which of these people is it?")
    Question.objects.filter(pk=person.pk).update(key="person:rippling")
    html = html_of(page, matter)
    assert html.index("Which of these people is it?") < html.index("Anything else?")


def test_others_words_are_shown_and_are_no_markup(page: Client, settled: Question) -> None:
    Matter.objects.filter(pk=settled.matter_id).update(
        people={"rippling": {"id": WORKER, "name": "<script>x</script>", "title": "", "how": "h"}}
    )
    html = html_of(page, settled.matter)
    assert "<script>x" not in html
    assert "&lt;script&gt;x" in html


def test_staff_see_the_same_of_each_question(client: Client, settled: Question) -> None:
    client.force_login(User.objects.create_superuser("staff@example.com"))
    html = client.get(f"/admin/matters/question/{settled.pk}/change/").content.decode()
    assert "worker_status: It says so." in html
    assert "Rippling, worker → 200" in " ".join(html.split())
    listed = client.get(f"/admin/matters/matter/{settled.matter_id}/change/").content.decode()
    assert "worker" in listed
    assert client.get("/admin/matters/providercall/").status_code == 200


def test_a_statement_that_only_repeats_the_value_is_not_shown(page: Client, settled: Question) -> None:
    Fact.objects.filter(question=settled).update(value="1,200 ISOs at 0.92 USD", statement="1,200 ISOs at 0.92 USD.")
    assert html_of(page, settled.matter).count("1,200 ISOs at 0.92 USD") == 1
