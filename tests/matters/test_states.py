"""The state machine holds against everybody, and its page says the same as the code."""

import re
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import TextChoices

from advice.models import AttemptStatus
from companies.models import Company
from matters.models import Matter
from matters.services import NotAllowed, change_question, change_status, lock_matter
from matters.states import (
    MATTER_TRANSITIONS,
    QUESTION_TRANSITIONS,
    MatterStatus,
    QuestionStatus,
    StepState,
)
from tests import rows

PAGE = Path(__file__).resolve().parents[2] / "docs" / "states.md"


def documented(heading: str) -> dict[str, set[str]]:
    """The table below a heading of the page: each state with those that it becomes."""
    section = PAGE.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = (line.split("|") for line in section.splitlines() if line.startswith("| `"))
    return {cells[1].strip(" `"): set(re.findall(r"`(\w+)`", cells[3])) for cells in lines}


@pytest.mark.parametrize(
    ("heading", "transitions"), [("Matter", MATTER_TRANSITIONS), ("Question", QUESTION_TRANSITIONS)]
)
def test_the_page_has_the_transitions_of_the_code(
    heading: str, transitions: dict[TextChoices, frozenset[TextChoices]]
) -> None:
    assert documented(heading) == {str(old): set(map(str, news)) for old, news in transitions.items()}


def test_the_page_has_every_state_of_attempts_and_steps() -> None:
    ends = {str(status) for status in AttemptStatus} - {"streaming"}
    assert documented("Attempt") == {"streaming": ends} | {end: set() for end in ends}
    assert set(documented("Step")) == set(StepState.values)


@pytest.mark.parametrize("old", MatterStatus)
@pytest.mark.django_db
def test_raw_sql_takes_a_matter_nowhere_that_the_table_does_not(company: Company, old: MatterStatus) -> None:
    for new in set(MatterStatus) - MATTER_TRANSITIONS[old] - {old}:
        matter = Matter.objects.create(company=company, question="?", status=old)
        with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
            raw_update(matter, new)
    for new in MATTER_TRANSITIONS[old]:
        raw_update(Matter.objects.create(company=company, question="?", status=old), new)


def raw_update(matter: Matter, status: MatterStatus) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE matters_matter SET status = %s WHERE id = %s", [str(status), matter.pk])


@pytest.mark.django_db
def test_raw_sql_does_not_take_a_question_back(company: Company) -> None:
    question = rows.gathering(company, 1, QuestionStatus.ANSWERED).questions.get()
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE matters_question SET status = 'asking' WHERE id = %s", [question.pk])


@pytest.mark.django_db
def test_raw_sql_does_not_open_an_ended_attempt(company: Company) -> None:
    attempt = rows.ended(rows.begun(rows.advising(company)))
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE advice_attempt SET status = 'streaming' WHERE id = %s", [attempt.pk])


@pytest.mark.django_db
def test_services_refuse_what_the_table_refuses(company: Company) -> None:
    matter = rows.gathering(company, 1, QuestionStatus.PENDING)
    with transaction.atomic():
        locked = lock_matter(matter.pk)
        with pytest.raises(NotAllowed):
            change_status(locked, MatterStatus.QUEUED, "back")
        with pytest.raises(NotAllowed):
            change_question(locked.questions.get(), QuestionStatus.ANSWERED, "at once")


@pytest.mark.django_db
def test_every_change_of_status_is_an_event_with_from_to_and_why(company: Company) -> None:
    matter = rows.submitted(company)
    rows.move(matter, MatterStatus.RESEARCHING)
    event = matter.events.latest("number")
    assert (event.type, event.from_status, event.to_status, event.why) == (
        "matter.updated",
        "queued",
        "researching",
        "moved by a test",
    )
    assert event.data["status"] == "researching"
