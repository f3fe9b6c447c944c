"""Matters in every state, made by the services that make them, without a worker."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from advice.models import Attempt, AttemptStatus, Chunk
from advice.services import begin_attempt, end_attempt
from companies.models import Company, Membership, User
from matters.models import Fact, Matter, Question
from matters.services import Submission, change_question, change_status, submit_matter
from matters.states import MatterStatus, QuestionStatus, StepState

SOURCE = {
    "marker": "P1",
    "playbook": "terminating-an-executive",
    "title": "Terminating an executive",
    "law_as_of": "2026-11-20",
    "heading": "Final pay",
    "text": "In California final wages are due **at once**.",
    "jurisdictions": ["US-CA"],
}
FACT = {
    "marker": "F1",
    "label": "Where does the executive work?",
    "value": "California",
    "unit": None,
    "as_of": None,
    "source": "founder",
    "status": "known",
    "statement": "The executive works in California.",
}


@pytest.fixture
def page(client: Client, founder: User) -> Client:
    """A browser without JavaScript, signed in as the founder."""
    client.force_login(founder)
    return client


@pytest.fixture
def matter(company: Company) -> Matter:
    """A matter that was just submitted."""
    return submit_matter(company, Submission(question="May we let our CTO go?"))[0]


@pytest.fixture
def foreign_matter(db: None) -> Matter:
    """A matter of somebody else."""
    other = Company.objects.create(name="Other, Inc.", slug="other")
    user = User.objects.create_user("rival@other.example", "correct horse battery")
    Membership.objects.create(company=other, user=user)
    return submit_matter(other, Submission(question="Something that nobody else may read"))[0]


AskQuestion = Callable[..., Question]


@pytest.fixture
def ask(matter: Matter) -> AskQuestion:
    """Puts a question of a kind onto the founder's page."""

    def put(kind: str = "text", **fields: Any) -> Question:
        lead_to(matter, MatterStatus.GATHERING)
        position = matter.questions.count() + 1
        question = Question.objects.create(
            matter=matter,
            position=position,
            key=f"fact_{position}",
            text=f"Question {position}?",
            why="The deadline depends on it.",
            kind=kind,
            **fields,
        )
        for status in (QuestionStatus.ROUTING, QuestionStatus.ASKING, QuestionStatus.AWAITING_FOUNDER):
            change_question(question, status, "test")
        return question

    return put


def lead_to(matter: Matter, status: MatterStatus) -> None:
    """Take a matter that is not as far yet to `status`."""
    for step in (MatterStatus.RESEARCHING, MatterStatus.GATHERING, MatterStatus.ADVISING, MatterStatus.ADVISED):
        matter.refresh_from_db()
        if matter.status == status:
            return
        if _ORDER.index(MatterStatus(matter.status)) < _ORDER.index(step):
            change_status(matter, step, "test")


_ORDER = list(MatterStatus)


def settle(question: Question, value: str | None = "California") -> None:
    """Answer a question, or say that nobody knows."""
    question.refresh_from_db()
    change_question(
        question,
        QuestionStatus.NORMALISING,
        "test",
        answers=[{"round": question.round, "answer": value, "by": None}],
        source="founder",
    )
    change_question(question, QuestionStatus.ANSWERED if value else QuestionStatus.UNKNOWN, "test")
    Fact.objects.create(
        matter=question.matter,
        question=question,
        key=question.key,
        value=value,
        source="founder",
        status="known" if value else "missing",
    )


Write = Callable[..., Attempt]


@pytest.fixture
def write(matter: Matter) -> Write:
    """Writes an advice; with `status=None` it still streams."""

    def put(text: str, status: str | None = "complete", checks: list[tuple[str, str]] = [], **fields: Any) -> Attempt:  # noqa: B006
        lead_to(matter, MatterStatus.ADVISING)
        matter.steps.update(state=StepState.DONE)
        given = {"model": "test-model", "sources": [SOURCE], "facts": [FACT], "notice": "Not legal advice."} | fields
        attempt = begin_attempt(matter, step_id=matter.steps.latest("pk").pk, epoch=0, **given)
        Chunk.objects.create(attempt=attempt, offset=0, text=text)
        if status is None:
            return attempt
        found = [
            {
                "start": 0,
                "end": text.index(marker) + len(marker),
                "verdict": verdict,
                "sources": [],
                "reason": "Because.",
            }
            for marker, verdict in checks
        ]
        end_attempt(attempt, AttemptStatus(status), "", found)
        if status in ("complete", "incomplete"):
            lead_to(matter, MatterStatus.ADVISED)
        return attempt

    return put


def age(matter: Matter) -> None:
    """Make a matter look older than any other."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE matters_matter SET submitted_at = submitted_at - interval '1 day' WHERE id = %s", [matter.pk]
        )


__all__ = ["AskQuestion", "Write", "age", "lead_to", "settle"]
