"""The life of an attempt, and stopping a matter: the text that was streamed is the text that is kept."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max
from django.db.models.functions import Now

from advice.models import COMPLETES, Attempt, AttemptStatus, Chunk
from matters.events import NewEvent, append_events
from matters.ledger import cancel_steps
from matters.models import Matter
from matters.services import NotAllowed, change_status, lock_kept_matter
from matters.states import MATTER_TRANSITIONS, MatterStatus


def streaming_attempt(matter: Matter) -> Attempt | None:
    """The attempt of a locked matter that is being written; there is at most one."""
    return matter.attempts.filter(status=AttemptStatus.STREAMING).first()


def begin_attempt(
    matter: Matter, *, step_id: int | None, epoch: int, model: str, sources: list[Any], facts: list[Any], notice: str
) -> Attempt:
    """Begin a new attempt of a locked matter's present version; one that still streamed is superseded by it."""
    if left := streaming_attempt(matter):
        end_attempt(left, AttemptStatus.SUPERSEDED, "The writing was interrupted and starts over.")
    last = matter.attempts.filter(version=matter.version).aggregate(last=Max("number"))["last"] or 0
    data = {"version": matter.version, "attempt": last + 1, "model": model}
    number = append_events(matter.pk, [NewEvent("advice.started", data, to_status=AttemptStatus.STREAMING)])
    return Attempt.objects.create(
        matter=matter,
        step_id=step_id,
        epoch=epoch,
        version=matter.version,
        number=last + 1,
        model=model,
        sources=sources,
        facts=facts,
        notice=notice,
        started_event=number,
        created_at=Now(),
    )


_STORE_CHECKS = """
INSERT INTO advice_check (attempt_id, start, "end", verdict, sources, reason)
SELECT %(attempt)s, c.start, c."end", c.verdict, c.sources, c.reason
  FROM json_to_recordset(%(checks)s::json) AS c (start int, "end" int, verdict text, sources jsonb, reason text)
"""


def end_attempt(
    attempt: Attempt, status: AttemptStatus, reason: str = "", checks: Sequence[Mapping[str, Any]] = ()
) -> Attempt:
    """End a streaming attempt of a locked matter: fold its chunks into `text`, remove them, and append the events.

    `advice.completed` where the text stands (complete, incomplete, canceled), else `advice.superseded`. `checks`: what
    a row of each has, by the names of its columns. Make them before the matter is locked: they take time.
    """
    keep_chunks_out(attempt)
    text = folded_text(attempt.pk)
    digest = hashlib.sha256(text.encode()).hexdigest()
    place = {"version": attempt.version, "attempt": attempt.number}
    events = [NewEvent("advice.checked", {**place, **check}) for check in checks]
    if status in COMPLETES:
        data = place | {"length": len(text), "sha256": digest, "status": str(status)}
        events.append(NewEvent("advice.completed", data, AttemptStatus.STREAMING, status, reason))
    else:
        events.append(
            NewEvent("advice.superseded", place | {"reason": reason}, AttemptStatus.STREAMING, status, reason)
        )
    if checks:
        with connection.cursor() as cursor:
            cursor.execute(_STORE_CHECKS, {"attempt": attempt.pk, "checks": json.dumps(checks)})
    Attempt.objects.filter(pk=attempt.pk).update(
        status=status,
        reason=reason,
        text=text,
        length=len(text),
        sha256=digest,
        ended_at=Now(),
        ended_event=append_events(attempt.matter_id, events),
    )
    Chunk.objects.filter(attempt=attempt).delete()
    attempt.refresh_from_db()
    return attempt


def keep_chunks_out(attempt: Attempt) -> None:
    """Wait for chunks that are being stored, and keep others out until this transaction has ended. The trigger of
    `advice_chunk` holds the same lock. A row lock would do that too, and write some 60 bytes to the log for each chunk.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('attempt ' || %s::bigint, 0))", [attempt.pk])


def folded_text(attempt_id: int) -> str:
    """The text of an attempt so far, from its chunks."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT string_agg(text, '' ORDER BY "offset") FROM advice_chunk WHERE attempt_id = %s""", [attempt_id]
        )
        row = cursor.fetchone()
    return (row and row[0]) or ""


def cancel_matter(matter_id: UUID, *, seconds: float = 4.0) -> tuple[Matter, bool]:
    """Stop a matter for good; a partial advice is kept. Late writes of its workers are refused.

    Returns the matter and whether anything was to be done. Raises NotAllowed for one that is advised, OperationalError
    where somebody else keeps it for longer than `seconds`.
    """
    with transaction.atomic():
        matter = lock_kept_matter(matter_id, seconds=seconds)
        if matter.status == MatterStatus.CANCELED:
            return matter, False
        if MatterStatus.CANCELED not in MATTER_TRANSITIONS[MatterStatus(matter.status)]:
            raise NotAllowed("The advice is written already; there is nothing to stop.")
        stop_matter(matter, "stopped by a person")
    return matter, True


def stop_matter(matter: Matter, why: str, error: dict[str, Any] | None = None) -> None:
    """End a locked `matter` as canceled, with everything of it that is under way. `error`: code, message, retryable."""
    cancel_steps(matter)
    if attempt := streaming_attempt(matter):
        end_attempt(attempt, AttemptStatus.CANCELED, f"{why.capitalize()}.")
    change_status(matter, MatterStatus.CANCELED, why, error=error)
