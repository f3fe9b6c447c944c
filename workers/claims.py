"""Claiming a step, keeping it, and writing its outcome: whoever's epoch is no longer the row's writes nothing.

A worker that was slow, stopped or cut off may find that somebody else took its step over. It learns so when it wants to
write: every write is bound to the epoch of the claim, in the transaction that holds the matter's row lock.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from companies.postgresql.rows import columns_of, fetch_one
from matters.models import Matter, Step
from matters.services import LOCKED, lock_matter, patience
from matters.states import StepState, WaitingFor
from workers.outage import await_database, has_failed_lately, until_unlocked

LOCK_SECONDS = 1.0  # then the connection is for others, and the outcome tries again
MAX_CALLS = 3  # calls of one step whose outcome the model saw or may have seen


class Fenced(Exception):
    """The step is not this claim's any more: it was taken over, held or canceled. Nothing was written."""


@dataclass(frozen=True)
class Claim:
    """One worker's hold on one step. `calls_seen` counts this claim's first call already.

    `company` pays for its calls, `budget` is what that may spend in a day (US dollars; None: no limit). `question` is
    the matter's, in the founder's words.
    """

    step_id: int
    matter_id: UUID
    version: int
    kind: str
    subject: str
    payload: dict[str, Any]
    attempt: int
    calls_seen: int
    epoch: int
    turn: datetime
    company: UUID
    budget: Decimal | None
    question: str = field(repr=False)  # never in a log


_CLAIM = """
WITH best AS (
    SELECT id FROM matters_step
     WHERE kind = %(kind)s AND state IN ('ready', 'running') AND due_at <= clock_timestamp()
     ORDER BY turn, id
     LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE matters_step s
   SET state = 'running', epoch = epoch + 1, attempt = attempt + 1, calls_seen = calls_seen + 1,
       due_at = clock_timestamp() + make_interval(secs => %(lease)s)
  FROM best, matters_matter m, companies_company c
 WHERE s.id = best.id AND m.id = s.matter_id AND c.id = m.company_id
RETURNING s.id, s.matter_id, s.version, s.kind, s.subject, s.payload, s.attempt, s.calls_seen, s.epoch,
          s.turn, c.id, c.daily_budget, m.question
"""


def claim_step(kind: str) -> Claim | None:
    """Take the best due step of `kind`, or one whose lease has run out; None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"kind": kind, "lease": settings.STEP_LEASE_SECONDS})
        row = cursor.fetchone()
    if row is None:
        return None
    step_id, matter_id, version, kind, subject, payload, *rest = row
    return Claim(step_id, matter_id, version, kind, subject, _loaded(payload), *rest)


# What a provider refused for its rate was not seen by the model. Both are made of words in this file; values are bound.
_RECORDED = """
SELECT count(*) AS calls FROM matters_llmcall
 WHERE step_id = %(step)s AND outcome <> 'cached' AND error_code <> 'rate_limited'
"""
_RECOUNT = f"""
UPDATE matters_step s SET calls_seen = least(s.calls_seen, recorded.calls + %(more)s) FROM ({_RECORDED}) AS recorded
 WHERE s.id = %(step)s AND s.epoch = %(epoch)s AND s.state = 'running' RETURNING s.calls_seen
"""  # noqa: S608


def calls_of(claim: Claim, *, made: bool) -> int:
    """How many calls of its step the model saw or may have seen, that of this claim included. Raises Fenced.

    A worker that dies leaves nothing but its claim, so claims are counted. But so long as the database fails, a claim
    can't be given back that made no call: after an outage no more count than are on record. `made`: so is this claim's.
    """
    if not has_failed_lately():
        return int(Step.objects.values_list("calls_seen", flat=True).get(pk=claim.step_id))
    with connection.cursor() as cursor:
        cursor.execute(_RECOUNT, {"step": claim.step_id, "epoch": claim.epoch, "more": 0 if made else 1})
        row = cursor.fetchone()
    if row is None:
        raise Fenced(f"step {claim.step_id} was taken over")
    return int(row[0])


def _loaded(value: Any) -> dict[str, Any]:
    """Django's cursors leave jsonb as text."""
    return json.loads(value) if isinstance(value, str) else dict(value)


# A row that somebody else has locked just now is left for the next time: waiting for several rows in turn would
# deadlock with whoever stops their matter.
_RENEW = """
WITH free AS (
    SELECT s.id FROM matters_step s, unnest(%(ids)s::bigint[], %(epochs)s::int[]) AS mine (id, epoch)
     WHERE s.id = mine.id AND s.epoch = mine.epoch AND s.state = 'running' FOR NO KEY UPDATE OF s SKIP LOCKED
)
UPDATE matters_step s SET due_at = clock_timestamp() + make_interval(secs => %(lease)s) FROM free WHERE s.id = free.id
"""


def renew_leases(claims: list[Claim]) -> set[tuple[int, int]]:
    """Prolong the leases of `claims`; returns what `still_mine` does."""
    ids, epochs = [c.step_id for c in claims], [c.epoch for c in claims]
    with connection.cursor() as cursor:
        cursor.execute(_RENEW, {"ids": ids, "epochs": epochs, "lease": settings.STEP_LEASE_SECONDS})
    return still_mine(claims)


def still_mine(claims: list[Claim]) -> set[tuple[int, int]]:
    """Step and epoch of those `claims` that nobody took over, held or canceled."""
    mine = {(c.step_id, c.epoch) for c in claims}
    rows = Step.objects.filter(pk__in=[c.step_id for c in claims], state=StepState.RUNNING).values_list("pk", "epoch")
    return mine.intersection(rows)


@contextmanager
def writing(claim: Claim) -> Iterator[Matter]:
    """A transaction that holds the matter's lock and in which the step is `claim`'s. Raises Fenced."""

    def lock() -> Matter:
        matter = lock_matter(claim.matter_id, seconds=LOCK_SECONDS)
        if not Step.objects.filter(pk=claim.step_id, epoch=claim.epoch, state=StepState.RUNNING).exists():
            raise Fenced(f"step {claim.step_id} was taken over")
        return matter

    with _begun_with(lock) as matter:
        yield matter


@contextmanager
def finishing(claim: Claim, result: dict[str, Any] | None = None) -> Iterator[Matter]:
    """A transaction that stores the step's outcome; what follows is inserted inside of it. Raises Fenced."""
    with _begun_with(lambda: _done(claim, result)) as matter:
        yield matter


@contextmanager
def _begun_with(lock: Callable[[], Matter]) -> Iterator[Matter]:
    """A transaction that begins with `lock`, tried anew while somebody else keeps the matter."""
    with ExitStack() as held:

        def begin() -> Matter:
            await_database()
            with ExitStack() as transactions:
                transactions.enter_context(transaction.atomic())
                matter = lock()
                held.push(transactions.pop_all())
            return matter

        yield until_unlocked(begin)


# The matter is locked first, as `lock_matter` does. One that waited for the model does not any more.
_DONE = f"""
WITH {LOCKED}, done AS (
    UPDATE matters_step s
       SET state = 'done', result = %(result)s::jsonb, error = NULL, finished_at = statement_timestamp()
      FROM locked, unlimited WHERE s.id = %(step)s AND s.epoch = %(epoch)s AND s.state = 'running' RETURNING s.matter_id
)
UPDATE matters_matter m
   SET steps_done = steps_done + 1,
       error = CASE WHEN waiting_for = ANY(%(model)s) THEN NULL ELSE error END,
       waiting_for = CASE WHEN waiting_for = ANY(%(model)s) THEN NULL ELSE waiting_for END
  FROM done WHERE m.id = done.matter_id
RETURNING {columns_of(Matter, "m")}
"""  # noqa: S608 # made of words in this file and names of columns; values are bound
_FOR_THE_MODEL = [WaitingFor.PROVIDER.value, WaitingFor.RATE_LIMIT.value, WaitingFor.BUDGET.value]


def _done(claim: Claim, result: dict[str, Any] | None) -> Matter:
    """The matter, locked, with the step done. Raises Fenced where either is the claim's no more."""
    values = {
        "matter": claim.matter_id,
        "step": claim.step_id,
        "epoch": claim.epoch,
        "result": None if result is None else json.dumps(result),
        "model": _FOR_THE_MODEL,
        "patience": patience(LOCK_SECONDS),
    }
    matter = fetch_one(Matter, _DONE, values)
    if matter is None:
        raise Fenced(f"step {claim.step_id} was taken over, or its matter is gone")
    return matter


def end_beside(claim: Claim, result: dict[str, Any] | None, error: dict[str, Any] | None = None) -> None:
    """Store the outcome of a step that nothing waits for, inside `writing`; `error`: why it came to nothing."""
    step = Step.objects.filter(pk=claim.step_id)
    step.update(state=StepState.DONE, result=result, error=error, finished_at=Now())


def expect_steps(matter: Matter, more: int) -> None:
    """It became known that `more` (or, negative, fewer) steps are needed."""
    if more:
        matter.steps_total += more
        matter.save(update_fields=["steps_total"])
