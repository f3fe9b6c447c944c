"""A person's answer is taken once for each round, and the work goes on with it."""

import pytest
from django.utils import timezone

from companies.models import Company, User
from matters.models import Matter, Question
from matters.questions.answering import answer_question
from matters.services import NotAllowed
from matters.states import MatterStatus, QuestionStatus
from tests import rows
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
ASKED = QuestionStatus.AWAITING_FOUNDER


@pytest.fixture
def matter(company: Company) -> Matter:
    """Two questions are on the founder's page."""
    matter = rows.gathering(company, 2, ASKED)
    rows.move(matter, MatterStatus.AWAITING_FOUNDER)
    return matter


@pytest.fixture
def question(matter: Matter) -> Question:
    return matter.questions.get(position=1)


def steps_of(question: Question) -> list[str]:
    return list(question.matter.steps.filter(subject=str(question.pk)).values_list("key", flat=True))


def test_an_answer_is_stored_and_read_by_a_step(matter: Matter, question: Question, founder: User) -> None:
    answered = answer_question(matter.pk, question.pk, "Yes.", by=founder)
    assert answered.status == QuestionStatus.NORMALISING
    today = timezone.now().date().isoformat()
    assert answered.answers == [{"round": 1, "answer": "Yes.", "by": founder.pk, "on": today}]
    assert steps_of(question) == ["normalise_answer:1:1"]
    matter.refresh_from_db()
    assert (matter.status, matter.waiting_for) == (MatterStatus.GATHERING, None)
    assert rows.event_types(matter)[-2:] == ["question.updated", "matter.updated"]


@pytest.mark.parametrize("given", ["Yes.", None])
def test_the_same_answer_again_changes_nothing(matter: Matter, question: Question, given: str | None) -> None:
    first = answer_question(matter.pk, question.pk, given)
    events = matter.events.count()
    assert answer_question(matter.pk, question.pk, given, round=1).answers == first.answers
    assert steps_of(question) == ["normalise_answer:1:1"]
    assert matter.events.count() == events


@pytest.mark.parametrize(("first", "second"), [("Yes.", "No."), ("Yes.", None), (None, "Yes.")])
def test_another_answer_in_the_same_round_is_refused(
    matter: Matter, question: Question, first: str | None, second: str | None
) -> None:
    answer_question(matter.pk, question.pk, first)
    with pytest.raises(NotAllowed, match="already been answered"):
        answer_question(matter.pk, question.pk, second)


def test_of_two_answers_at_once_one_is_taken(matter: Matter, question: Question) -> None:
    def give(answer: str) -> str:
        try:
            answer_question(matter.pk, question.pk, answer)
        except NotAllowed:
            return ""
        return answer

    taken = [answer for answer in at_once(*[lambda a=a: give(a) for a in ("Yes.", "No.", "Perhaps.")]) if answer]
    question.refresh_from_db()
    assert [a["answer"] for a in question.answers] == taken
    assert len(taken) == 1


def test_each_round_has_an_answer_of_its_own(matter: Matter, question: Question) -> None:
    answer_question(matter.pk, question.pk, "Hm.")
    Question.objects.filter(pk=question.pk).update(status=ASKED, round=2)
    assert answer_question(matter.pk, question.pk, "Hm.", round=1).status == ASKED, "the first round's answer again"
    answer_question(matter.pk, question.pk, "In May 2024.")
    assert steps_of(question) == ["normalise_answer:1:1", "normalise_answer:1:2"]


@pytest.mark.parametrize("status", [s for s in QuestionStatus if s != ASKED])
def test_a_question_that_nobody_is_asked_takes_no_answer(company: Company, status: QuestionStatus) -> None:
    question = rows.gathering(company, 1, status).questions.get()
    with pytest.raises(NotAllowed):
        answer_question(question.matter_id, question.pk, "Yes.")


def test_a_later_round_takes_no_answer_yet(matter: Matter, question: Question) -> None:
    with pytest.raises(NotAllowed):
        answer_question(matter.pk, question.pk, "Yes.", round=2)


def test_a_matter_that_has_ended_takes_no_answer(matter: Matter, question: Question) -> None:
    rows.move(matter, MatterStatus.CANCELED)
    with pytest.raises(NotAllowed):
        answer_question(matter.pk, question.pk, "Yes.")


def test_a_question_of_another_matter_is_not_there(matter: Matter, company: Company) -> None:
    other = rows.gathering(company, 1, ASKED).questions.get()
    with pytest.raises(Question.DoesNotExist):
        answer_question(matter.pk, other.pk, "Yes.")
