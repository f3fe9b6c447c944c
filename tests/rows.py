"""Rows in the state that a test begins with, made by the product's own functions where there are any."""

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from advice.models import Attempt, AttemptStatus, Chunk
from advice.services import begin_attempt, end_attempt, folded_text
from companies.models import Company
from matters.events import append_events, matter_updated
from matters.ledger import NewStep, insert_steps
from matters.models import Matter, Question, Step
from matters.services import Submission, change_status, lock_matter, submit_matter
from matters.states import MatterStatus, QuestionStatus, StepState


def submitted(company: Company, **fields: Any) -> Matter:
    """A matter that nobody has begun with."""
    return submit_matter(company, Submission("May we end the contract of our CTO?", **fields))[0]


def advising(company: Company) -> Matter:
    """A matter whose advice is to be written, with nothing to ask and no step left."""
    matter = submitted(company)
    Step.objects.filter(matter=matter).update(state=StepState.DONE, finished_at=Now())
    for status in (MatterStatus.RESEARCHING, MatterStatus.ADVISING):
        move(matter, status)
    return matter


def gathering(company: Company, questions: int, status: QuestionStatus) -> Matter:
    """A matter in `gathering` whose questions stand at `status`, with no step left."""
    matter = submitted(company)
    Step.objects.filter(matter=matter).update(state=StepState.DONE, finished_at=Now())
    for to in (MatterStatus.RESEARCHING, MatterStatus.GATHERING):
        move(matter, to)
    Question.objects.bulk_create(
        Question(matter=matter, position=n, key=f"fact_{n}", text=f"Question {n}?", why="It counts.", status=status)
        for n in range(1, questions + 1)
    )
    return matter


def move(matter: Matter, to: MatterStatus) -> None:
    """Change a matter's status, as a worker would."""
    with transaction.atomic():
        change_status(lock_matter(matter.pk), to, "moved by a test")
    matter.refresh_from_db()


def begun(matter: Matter) -> Attempt:
    """A new attempt; one that still streams is superseded."""
    with transaction.atomic():
        return begin_attempt(
            lock_matter(matter.pk), step_id=step_of(matter).pk, epoch=1, model="m", sources=[], facts=[], notice=""
        )


def ended(attempt: Attempt, status: AttemptStatus = AttemptStatus.COMPLETE) -> Attempt:
    """The attempt, ended."""
    with transaction.atomic():
        lock_matter(attempt.matter_id)
        return end_attempt(attempt, status, "ended by a test")


def advised(matter: Matter, attempt: Attempt, status: AttemptStatus = AttemptStatus.COMPLETE) -> None:
    """The attempt ended and its matter advised, as a worker ends both."""
    with transaction.atomic():
        locked = lock_matter(matter.pk)
        end_attempt(attempt, status)
        change_status(locked, MatterStatus.ADVISED, "the advice is written")


def append(attempt: Attempt, text: str) -> None:
    """A chunk behind those that are there."""
    Chunk.objects.create(attempt=attempt, offset=len(folded_text(attempt.pk)), text=text)


def reword(matter: Matter, question: str) -> None:
    """Another question."""
    matter.question = question
    matter.save(update_fields=["question"])


def ask_for(matter: Matter, kind: str) -> list[Step]:
    """A step of `kind` for each of the matter's questions."""
    with transaction.atomic():
        steps = [NewStep(kind, f"{kind}:{q.position}", str(q.pk)) for q in matter.questions.all()]
        return insert_steps(lock_matter(matter.pk), steps)


def ask_one(matter: Matter, kind: str, question: Question) -> Step:
    """A step of `kind` for one of the matter's questions."""
    with transaction.atomic():
        step = NewStep(kind, f"{kind}:{question.position}", str(question.pk))
        return insert_steps(lock_matter(matter.pk), [step])[0]


def happened(matter: Matter, why: str = "something happened") -> None:
    """One more event."""
    append_events(matter.pk, [matter_updated(matter, why=why)])


def step_of(matter: Matter) -> Step:
    """The matter's newest step."""
    step = matter.steps.order_by("-pk").first()
    assert step is not None, "the matter has no step"
    return step


def event_types(matter: Matter) -> list[str]:
    """The types of a matter's events, in their order."""
    return list(matter.events.order_by("number").values_list("type", flat=True))
