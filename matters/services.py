"""A matter comes in, is found and locked, and every change of its status and of its questions'."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from companies.encryption import Sealed
from companies.models import Company, User
from companies.postgresql.rows import columns_of, fetch_one
from matters.events import NewEvent, append_events, matter_updated, question_updated, tell_events
from matters.ledger import NewStep, hold_steps, insert_steps
from matters.models import Matter, Priority, Question, Step
from matters.states import (
    ENDED,
    MATTER_TRANSITIONS,
    QUESTION_TRANSITIONS,
    MatterStatus,
    QuestionStatus,
    WaitingFor,
)
from matters.tracing import past_span
from matters.turns import next_turn

FIRST_STEP = "plan_search"
ADVICE_STEP = "draft_advice"


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


def fail_matter(matter: Matter, error: dict[str, Any], why: str) -> None:
    """End a locked `matter` as failed; its other steps rest. `error`: code, message (plain words), retryable."""
    hold_steps(matter)
    failed = NewEvent("matter.failed", error)
    change_status(matter, MatterStatus.FAILED, why, before=(failed,), failed_from=matter.status, error=error)
