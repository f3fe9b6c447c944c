"""How a matter goes on that has ended: what failed is retried, and Regenerate begins a new version."""

from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from matters.facts.storing import follow_ledger
from matters.ledger import BESIDE, NewStep, cancel_steps, insert_steps, revive_steps
from matters.models import Breaker, FactStatus, Matter, Step
from matters.services import (
    ADVICE_STEP,
    FIRST_STEP,
    NotAllowed,
    change_question,
    change_status,
    lock_kept_matter,
)
from matters.states import ENDED, SETTLED, STATUS_OF_STEP, MatterStatus, QuestionStatus, StepState, WaitingFor


def retry_matter(matter_id: UUID) -> tuple[Matter, bool]:
    """Make a failed matter go on from the step that failed, or one that waits for the model try at once.

    Returns the matter and whether anything was to be done (False: it goes on already). Raises NotAllowed.
    """
    with transaction.atomic():
        matter = lock_kept_matter(matter_id)
        waits = matter.waiting_for in (WaitingFor.PROVIDER, WaitingFor.RATE_LIMIT, WaitingFor.BUDGET)
        if matter.status != MatterStatus.FAILED and not waits:
            if matter.retries and matter.status not in ENDED:
                return matter, False
            raise NotAllowed(f"Only a matter that failed can be retried; this one is {matter.get_status_display()}.")
        steps = revive_steps(matter)
        # Whoever retries wants to know now whether it works again.
        Breaker.objects.filter(probe_at__gt=Now()).update(probe_at=Now())
        if matter.status == MatterStatus.FAILED:
            _revive_questions(matter, steps)
            assert matter.failed_from is not None
            change_status(
                matter,
                MatterStatus(matter.failed_from),
                "retried by a person",
                failed_from=None,
                error=None,
                retries=matter.retries + 1,
            )
        else:
            Matter.objects.filter(pk=matter.pk).update(retries=matter.retries + 1)
    return matter, True


def _revive_questions(matter: Matter, steps: list[Step]) -> None:
    """Take questions that failed back to where their step left them."""
    failed = {str(q.pk): q for q in matter.questions.filter(status=QuestionStatus.FAILED)}
    for step in steps:
        if step.subject in failed and step.kind in STATUS_OF_STEP:
            change_question(failed[step.subject], STATUS_OF_STEP[step.kind], "retried by a person")


def regenerate_matter(matter_id: UUID) -> tuple[Matter, bool]:
    """Wish for the advice anew, as a new version; the old one stays readable.

    With every question settled only the advice is written again; a matter that was stopped earlier goes on from
    where it was. Returns the matter and whether anything was to be done (False: a new version is being written).
    Raises NotAllowed while the first version is being written.
    """
    with transaction.atomic():
        matter = lock_kept_matter(matter_id)
        if matter.status in ENDED:
            _begin_version(matter)
            return matter, True
        if matter.version > 1:
            return matter, False
        raise NotAllowed("The advice is not written yet; you can ask for a new version once it is.")


def _begin_version(matter: Matter) -> None:
    """Begin the next version of a locked, ended matter with whatever its last one left undone."""
    left = list(matter.steps.exclude(state=StepState.DONE).filter(version=matter.version).order_by("pk"))
    cancel_steps(matter)
    Matter.objects.filter(pk=matter.pk).update(version=F("version") + 1)
    matter.refresh_from_db()
    follow_ledger(matter)
    disputed = is_disputed(matter)
    undone = [
        NewStep(step.kind, step.key, step.subject, step.payload)
        for step in left
        if step.kind not in BESIDE
        and not (disputed and step.kind == ADVICE_STEP)  # it begins when the dispute is settled
    ]
    waiting_for = None
    if not undone and _all_settled(matter):
        if disputed:
            waiting_for = WaitingFor.CONFLICT
        else:
            undone = [NewStep(ADVICE_STEP, ADVICE_STEP)]
        Matter.objects.filter(pk=matter.pk).update(steps_done=0, steps_total=1)
    to = MatterStatus.GATHERING if waiting_for else _status_with(matter, undone)
    change_status(matter, to, "a new version was asked for", waiting_for=waiting_for, error=None, failed_from=None)
    steps = insert_steps(matter, undone)
    _revive_questions(matter, steps)
    if beside := _still_to_look_up(matter, left):
        insert_steps(matter, beside)


def _still_to_look_up(matter: Matter, left: list[Step]) -> list[NewStep]:
    """The steps that nothing waits for, of questions that are still open to a person."""
    waiting = {str(q.pk) for q in matter.questions.filter(status=QuestionStatus.AWAITING_FOUNDER)}
    beside = (step for step in left if step.kind in BESIDE and step.subject in waiting)
    return [NewStep(step.kind, step.key, step.subject, step.payload) for step in beside]


def is_disputed(matter: Matter) -> bool:
    """Whether two sources disagree about a fact of `matter`."""
    return matter.facts.filter(status=FactStatus.DISPUTED).exists()


def _all_settled(matter: Matter) -> bool:
    """Whether no question of `matter` waits for anything (true of one without questions)."""
    return not matter.questions.exclude(status__in=SETTLED).exists()


def _status_with(matter: Matter, undone: list[NewStep]) -> MatterStatus:
    """Where a matter stands that has `undone` before it."""
    kinds = {step.kind for step in undone}
    if ADVICE_STEP in kinds:
        return MatterStatus.ADVISING
    if FIRST_STEP in kinds:
        return MatterStatus.QUEUED
    if not matter.questions.exists():
        return MatterStatus.RESEARCHING
    return MatterStatus.GATHERING if undone else MatterStatus.AWAITING_FOUNDER
