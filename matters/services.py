"""What happens to a matter: submitting, answering, retrying, regenerating, and every change of its status."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from companies.encryption import Sealed
from companies.models import Company, User
from companies.postgresql.rows import columns_of, fetch_one
from matters.events import NewEvent, append_events, events_together, matter_updated, question_updated, tell_events
from matters.ledger import BESIDE, NewStep, cancel_beside, cancel_steps, hold_steps, insert_steps, revive_steps
from matters.models import Breaker, FactStatus, Matter, Priority, Question, Step
from matters.offering import offer_of
from matters.states import (
    ENDED,
    MATTER_TRANSITIONS,
    QUESTION_TRANSITIONS,
    SETTLED,
    MatterStatus,
    QuestionStatus,
    StepState,
    WaitingFor,
)
from matters.tracing import past_span
from matters.turns import next_turn
from matters.values import in_words

FIRST_STEP = "plan_search"
ADVICE_STEP = "draft_advice"
STATUS_OF_STEP = {
    "route_question": QuestionStatus.ROUTING,
    "request_record": QuestionStatus.FETCHING,
    "fetch_record": QuestionStatus.FETCHING,
    "convert_record": QuestionStatus.FETCHING,
    "ask_founder": QuestionStatus.ASKING,
    "normalise_answer": QuestionStatus.NORMALISING,
}


class NotAllowed(Exception):
    """The matter's or question's state does not allow it; the message says so in plain words."""


@dataclass(frozen=True)
class Submission:
    """What a founder or a program asks for; checked by `matters.forms`."""

    question: str
    priority: str = Priority.INTERACTIVE
    model: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    webhook_url: str = ""
    callback_headers: dict[str, str] = field(default_factory=dict)
    dedupe: str = ""  # as `matters.dedupe` makes it; empty: every matter is a new one


def new_matter(company: Company, submission: Submission, turn: datetime, created_by: User | None) -> Matter:
    """The row of a matter that is to be stored."""
    return Matter(
        company=company,
        turn=turn,
        created_by=created_by,
        question=submission.question,
        priority=submission.priority,
        model=submission.model,
        metadata=submission.metadata,
        webhook_url=submission.webhook_url,
        callback_headers=Sealed.of(submission.callback_headers) if submission.callback_headers else None,
        dedupe=submission.dedupe,
    )


def submit_matter(company: Company, submission: Submission, created_by: User | None = None) -> tuple[Matter, Step]:
    """Store a matter and its first step in one transaction; returns both. From here on it is never lost."""
    began = time.monotonic()
    with transaction.atomic():
        matter = new_matter(company, submission, next_turn(company, submission.priority), created_by)
        matter.save(force_insert=True)
        append_events(matter.id, [matter_updated(matter, why="submitted")])
        (step,) = insert_steps(matter, [NewStep(FIRST_STEP, FIRST_STEP)])
    past_span("submit", matter.pk, time.monotonic() - began, priority=str(matter.priority))
    return matter, step


def lock_matter(matter_id: UUID, *, seconds: float = 4.0) -> Matter:
    """The matter, its row locked until the transaction ends. Whoever changes anything of a matter begins with this.

    Raises OperationalError where somebody else keeps it for longer than `seconds`.
    """
    matter = fetch_one(Matter, _LOCK, {"matter": matter_id, "patience": patience(seconds)})
    if matter is None:
        raise Matter.DoesNotExist(f"There is no matter {matter_id}.")
    return matter


def patience(seconds: float) -> str:
    """For how long `LOCKED` waits, as PostgreSQL's setting has it."""
    return f"{1000 * seconds:.0f}ms"


# The row of a matter for a statement that says `FROM locked, unlimited`. Threads share few connections, so those that
# wait for one matter must not keep all of them. What else the transaction waits for has no limit, as before. The first
# of those who wait may wait for twice as long: for its turn, and then for the row.
LOCKED = """
    limited AS MATERIALIZED (
        SELECT current_setting('lock_timeout') AS before, set_config('lock_timeout', %(patience)s, true)
    ), locked AS MATERIALIZED (
        SELECT m.* FROM limited, matters_matter m WHERE m.id = %(matter)s FOR NO KEY UPDATE OF m
    ), unlimited AS MATERIALIZED (
        SELECT set_config('lock_timeout', limited.before, true) FROM limited, locked
    )
"""
# All are made of the models' own columns; what comes from outside is bound.
_LOCK = f"WITH {LOCKED} SELECT {columns_of(Matter, 'm')} FROM locked m, unlimited"  # noqa: S608
_SHOWN = f"""
SELECT {columns_of(Matter, "m")} FROM matters_matter m
 WHERE m.id = %(id)s AND m.company_id = ANY(%(companies)s) AND m.deleted_at IS NULL
"""  # noqa: S608
_QUESTION = f"""
SELECT {columns_of(Question, "q")} FROM matters_question q WHERE q.id = %(id)s AND q.matter_id = %(matter)s
"""  # noqa: S608


def find_matter(matter_id: UUID, companies: Sequence[UUID]) -> Matter | None:
    """A matter that is one of `companies`', and not deleted."""
    return fetch_one(Matter, _SHOWN, {"id": matter_id, "companies": list(companies)})


def question_of(matter_id: UUID, question_id: UUID | str) -> Question:
    """A question as it stands now. Raises Question.DoesNotExist for one that is not this matter's."""
    question = fetch_one(Question, _QUESTION, {"id": question_id, "matter": matter_id})
    if question is None:
        raise Question.DoesNotExist(f"The matter {matter_id} has no question {question_id}.")
    return question


def lock_kept_matter(matter_id: UUID, *, seconds: float = 4.0) -> Matter:
    """As `lock_matter`, for a change that a person wants. Raises NotAllowed for one that is deleted or pruned."""
    matter = lock_matter(matter_id, seconds=seconds)
    if matter.deleted_at is not None:
        raise NotAllowed("This matter was just deleted.")
    if matter.pruned_at is not None:
        raise NotAllowed(removed_words(matter))
    return matter


def removed_words(matter: Matter) -> str:
    """What a person is told of a matter whose content is removed."""
    assert matter.pruned_at is not None
    return f"The content of this matter was removed on {matter.pruned_at:%Y-%m-%d}, some time after it had ended."


def change_status(
    matter: Matter,
    to: MatterStatus,
    why: str,
    *,
    waiting_for: WaitingFor | None = None,
    before: tuple[NewEvent, ...] = (),
    **fields: Any,
) -> None:
    """Take a locked `matter` to the status `to`, and append `before` and a `matter.updated` that says why.

    Raises NotAllowed where the state machine has no such way.
    """
    old = MatterStatus(matter.status)
    if to not in MATTER_TRANSITIONS[old]:
        raise NotAllowed(f"A matter that is {old.label.lower()} can't become {to.label.lower()}.")
    if to == MatterStatus.AWAITING_FOUNDER:
        waiting_for = WaitingFor.FOUNDER
    fields |= {"status": str(to), "waiting_for": waiting_for and str(waiting_for)}
    if not _update_matter(matter, old, to, fields):
        raise NotAllowed("The matter has just changed; look again.")
    tell_events(matter.pk, [*before, matter_updated(matter, from_status=old, why=why)])


def _update_matter(matter: Matter, old: MatterStatus, to: MatterStatus, fields: dict[str, Any]) -> bool:
    """Write `fields` where the row still has the status `old`; `matter` is as the row then. False: it has another.

    A matter has started when it leaves the queue.
    """
    values = {name: json.dumps(it) if name == "error" and it is not None else it for name, it in fields.items()}
    values |= {"id": matter.pk, "old": str(old), "ends": to in ENDED}
    values["starts"] = (old, to) == (MatterStatus.QUEUED, MatterStatus.RESEARCHING)
    changes = "".join(f'"{name}" = %({name})s, ' for name in fields)
    changed = fetch_one(
        Matter,
        # Only names of columns are written into it; every value is bound.
        f"""UPDATE matters_matter m
               SET {changes} completed_at = CASE WHEN %(ends)s THEN statement_timestamp() END,
                   started_at = CASE WHEN %(starts)s THEN statement_timestamp() ELSE started_at END
             WHERE m.id = %(id)s AND m.status = %(old)s RETURNING {columns_of(Matter, "m")}""",  # noqa: S608
        values,
    )
    for column in Matter._meta.concrete_fields if changed else ():  # noqa: SLF001 # Django documents it
        setattr(matter, column.attname, getattr(changed, column.attname))
    return changed is not None


def set_waiting(matter: Matter, waiting_for: WaitingFor | None, why: str, error: dict[str, Any] | None = None) -> None:
    """Say (with None: no longer say) what a locked `matter` waits for. Nothing happens when that is said already."""
    if matter.waiting_for == waiting_for and matter.error == error:
        return
    matter.waiting_for, matter.error = waiting_for, error
    matter.save(update_fields=["waiting_for", "error"])
    tell_events(matter.pk, [matter_updated(matter, why=why)])


def change_question(question: Question, to: QuestionStatus, why: str, **fields: Any) -> None:
    """Take a question of a locked matter to the status `to`, with `fields`, and append a `question.updated`.

    Raises NotAllowed where the state machine has no such way.
    """
    change_questions([question], to, why, **fields)


def change_questions(questions: Sequence[Question], to: QuestionStatus, why: str, **fields: Any) -> None:
    """As `change_question`, for at least one question of one matter that all have the same status."""
    old = QuestionStatus(questions[0].status)
    if to not in QUESTION_TRANSITIONS[old]:
        raise NotAllowed(f"A question that is {old.label.lower()} can't become {to.label.lower()}.")
    if _update_questions(questions, old, {"status": str(to), **fields}) != len(questions):
        raise NotAllowed("The question has just changed; look again.")
    for question in questions:
        for name, value in {"status": to, **fields}.items():
            setattr(question, name, value)
    told = [question_updated(question, from_status=old, why=why) for question in questions]
    tell_events(questions[0].matter_id, told)


_JSON = frozenset({"answers", "proposal"})


def _update_questions(questions: Sequence[Question], old: QuestionStatus, fields: dict[str, Any]) -> int:
    """Write `fields` into the rows that still have the status `old`; returns how many those are."""
    changes = ", ".join(f'"{name}" = %({name})s' for name in fields)
    values = {
        name: json.dumps(value) if name in _JSON and value is not None else value for name, value in fields.items()
    }
    values |= {"ids": [question.pk for question in questions], "old": str(old)}
    with connection.cursor() as cursor:
        cursor.execute(
            # Only names of columns are written into it; every value is bound.
            f"UPDATE matters_question SET {changes} WHERE id = ANY(%(ids)s) AND status = %(old)s",  # noqa: S608
            values,
        )
        return int(cursor.rowcount)


def answer_question(
    matter_id: UUID,
    question_id: UUID,
    answer: str | None,
    *,
    round: int | None = None,
    by: User | None = None,
    offered: bool = False,
) -> Question:
    """Take a person's answer (None: they don't know) to the question's present round.

    `offered`: the answer is that what the question offers is still right. The same answer again in its round changes
    nothing. Raises NotAllowed for another answer, a later round, a question that nobody is asked, or where nothing is
    offered any more; Question.DoesNotExist for one that is not this matter's.
    """
    with transaction.atomic(), events_together(matter_id):
        matter = lock_kept_matter(matter_id)
        question = question_of(matter_id, question_id)
        wanted = question.round if round is None else round
        if given := _given(question, wanted):
            if "offered" in given if offered else given["answer"] == answer:
                return question
            raise NotAllowed(_answered_words(given))
        said, source = {"round": wanted, "answer": answer, "by": by.pk if by else None}, "founder"
        if offered:
            _check_asked(matter, question, wanted)
            offer = offer_of(question)
            if offer is None:
                raise NotAllowed("What was offered has changed meanwhile; look again.")
            said, source = said | {"answer": in_words(offer.value, offer.unit), "offered": offer.pk}, offer.source
        _take_answer(matter, question, said, source)
    return question


def confirm_proposal(
    matter_id: UUID, question_id: UUID, *, quote: str | None = None, round: int | None = None, by: User | None = None
) -> Question:
    """Take the answer that was proposed from a document as the person's own. `quote`: the one that they saw.

    Done again it changes nothing. Raises NotAllowed where nothing, or something else by now, is proposed, and as
    `answer_question` does.
    """
    with transaction.atomic(), events_together(matter_id):
        matter = lock_kept_matter(matter_id)
        question = question_of(matter_id, question_id)
        wanted = question.round if round is None else round
        if given := _given(question, wanted):
            if "proposal" in given and quote in (None, given["proposal"]["quote"]):
                return question
            raise NotAllowed(_answered_words(given))
        proposal = question.proposal
        if proposal is None or quote not in (None, proposal["quote"]):
            raise NotAllowed("This is not proposed any more: look again, or give an answer of your own.")
        said = {"round": wanted, "answer": proposal["answer"], "by": by.pk if by else None, "proposal": proposal}
        _take_answer(matter, question, said, "document")
    return question


def _answered_words(given: dict[str, Any]) -> str:
    """What is told to whoever comes second: who was first. `given`: their answer."""
    first = User.objects.filter(pk=given["by"]).first() if given["by"] else None
    return f"This question has been answered already{f', by {first}' if first else ''}."


def _given(question: Question, wanted: int) -> dict[str, Any] | None:
    return next((a for a in question.answers if a["round"] == wanted), None)


def _check_asked(matter: Matter, question: Question, wanted: int) -> None:
    """Raises NotAllowed where nobody is asked the question, or another round of it."""
    if wanted != question.round or question.status != QuestionStatus.AWAITING_FOUNDER or matter.status in ENDED:
        raise NotAllowed("Nobody is asked this question now.")


def _take_answer(matter: Matter, question: Question, said: dict[str, Any], source: str) -> None:
    """Keep what a person answered, and have it read. Raises NotAllowed for a question that nobody is asked."""
    wanted = said["round"]
    _check_asked(matter, question, wanted)
    said |= {"on": timezone.now().date().isoformat()}
    fields = {"answers": [*question.answers, said], "source": source, "proposal": None}
    change_question(question, QuestionStatus.NORMALISING, "answered by a person", **fields)
    cancel_beside(matter, question)
    insert_steps(
        matter, [NewStep("normalise_answer", f"normalise_answer:{question.position}:{wanted}", str(question.pk))]
    )
    if matter.status == MatterStatus.AWAITING_FOUNDER:
        change_status(matter, MatterStatus.GATHERING, "a question was answered")


def fail_matter(matter: Matter, error: dict[str, Any], why: str) -> None:
    """End a locked `matter` as failed; its other steps rest. `error`: code, message (plain words), retryable."""
    hold_steps(matter)
    failed = NewEvent("matter.failed", error)
    change_status(matter, MatterStatus.FAILED, why, before=(failed,), failed_from=matter.status, error=error)


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
        raise NotAllowed("The advice is not written yet; a new version can be made when it has ended.")


def _begin_version(matter: Matter) -> None:
    """Begin the next version of a locked, ended matter with whatever its last one left undone."""
    left = list(matter.steps.exclude(state=StepState.DONE).filter(version=matter.version).order_by("pk"))
    cancel_steps(matter)
    Matter.objects.filter(pk=matter.pk).update(version=F("version") + 1)
    matter.refresh_from_db()
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
