"""Inserting work into the ledger, and letting it go on or rest. Claiming it is `workers/claims.py`'s part."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from matters.models import Matter, Question, Step
from matters.states import StepState
from matters.wakeup import wake_workers

# Kinds of step that nothing waits for: they count in no progress, and a matter neither waits nor fails with them.
SEARCH_DOCUMENTS = "search_documents"
BESIDE = (SEARCH_DOCUMENTS,)


@dataclass(frozen=True)
class NewStep:
    """A step to be: `kind` names its task, `key` is unique within the matter and version."""

    kind: str
    key: str
    subject: str = ""
    payload: dict[str, Any] = field(default_factory=dict)


_INSERT = """
INSERT INTO matters_step (matter_id, version, key, kind, subject, payload, state, turn, due_at,
                          attempt, calls_seen, epoch, created_at)
SELECT %(matter)s::uuid, %(version)s::int, s.key, s.kind, s.subject, s.payload::jsonb, 'ready', %(turn)s::timestamptz,
       statement_timestamp(), 0, 0, 0, statement_timestamp()
  FROM unnest(%(keys)s::text[], %(kinds)s::text[], %(subjects)s::text[], %(payloads)s::text[])
       WITH ORDINALITY AS s (key, kind, subject, payload, position)
 ORDER BY s.position
RETURNING id, due_at
"""


def insert_steps(matter: Matter, steps: Sequence[NewStep]) -> list[Step]:
    """Insert `steps` for the matter's present version, due now, and wake workers when the transaction commits."""
    values: dict[str, Any] = {
        "matter": matter.pk,
        "version": matter.version,
        "turn": matter.turn,
        "keys": [s.key for s in steps],
        "kinds": [s.kind for s in steps],
        "subjects": [s.subject for s in steps],
        "payloads": [json.dumps(s.payload) for s in steps],
    }
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        given = cursor.fetchall()
    wake_workers((s.kind, pk) for s, (pk, _due_at) in zip(steps, given, strict=True))
    return [
        Step(
            id=pk,
            matter=matter,
            version=matter.version,
            key=s.key,
            kind=s.kind,
            subject=s.subject,
            payload=s.payload,
            turn=matter.turn,
            due_at=due_at,
            created_at=due_at,
        )
        for s, (pk, due_at) in zip(steps, given, strict=True)
    ]


_INSERT_FIRST = """
INSERT INTO matters_step (matter_id, version, key, kind, subject, payload, state, turn, due_at,
                          attempt, calls_seen, epoch, created_at)
SELECT m.id, m.version, %(kind)s, %(kind)s, '', '{}', 'ready', m.turn, statement_timestamp(),
       0, 0, 0, statement_timestamp()
  FROM matters_matter m WHERE m.id = ANY(%(matters)s) ORDER BY m.turn
RETURNING id
"""
MOST_HINTS = 100  # at once; for the rest the sweeper sends messages while there is nothing else to do


def insert_first_steps(kind: str, matters: Sequence[UUID]) -> None:
    """Insert a step of `kind` for each of many matters, due now, and wake workers when the transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_FIRST, {"kind": kind, "matters": list(matters)})
        steps = cursor.fetchall()
    wake_workers((kind, pk) for (pk,) in steps[:MOST_HINTS])


def begun_steps(matter: Matter) -> QuerySet[Step]:
    """The steps of `matter` that are to bring it on and are not done yet; not those that nothing waits for."""
    return matter.steps.filter(state__in=[StepState.READY, StepState.RUNNING]).exclude(kind__in=BESIDE)


def cancel_steps(matter: Matter) -> None:
    """Nothing that is not done will be done; a running step's late writes are refused by its epoch."""
    matter.steps.exclude(state__in=[StepState.DONE, StepState.CANCELED]).update(
        state=StepState.CANCELED, epoch=F("epoch") + 1, finished_at=Now()
    )


_CANCEL_BESIDE = """
UPDATE matters_step SET state = 'canceled', epoch = epoch + 1, finished_at = statement_timestamp()
 WHERE matter_id = %(matter)s AND kind = ANY(%(kinds)s) AND subject = %(subject)s AND state IN ('ready', 'running')
"""


def cancel_beside(matter: Matter, question: Question) -> None:
    """A question of a locked `matter` is not open any more: nothing is looked up for it."""
    with connection.cursor() as cursor:
        cursor.execute(_CANCEL_BESIDE, {"matter": matter.pk, "kinds": list(BESIDE), "subject": str(question.pk)})


def hold_steps(matter: Matter) -> None:
    """Let the other steps of a matter that failed, or waits for a decision, rest until `revive_steps`."""
    matter.steps.filter(state__in=[StepState.READY, StepState.RUNNING]).update(
        state=StepState.HELD, epoch=F("epoch") + 1
    )


def revive_steps(matter: Matter) -> list[Step]:
    """Make dead, held and parked steps due now, with all their tries before them; returns them."""
    revivable = matter.steps.filter(state__in=[StepState.DEAD, StepState.HELD, StepState.READY])
    steps = list(revivable.select_for_update(no_key=True).order_by("pk"))  # a step that is claimed just now is not one
    matter.steps.filter(pk__in=[step.pk for step in steps]).update(
        state=StepState.READY, due_at=Now(), calls_seen=0, attempt=0, error=None, finished_at=None
    )
    wake_workers((step.kind, step.pk) for step in steps)
    return steps


def queue_position(step: Step) -> int:
    """How many steps of the same kind will be claimed before `step`; 0 is next."""
    return Step.objects.filter(kind=step.kind, state=StepState.READY, due_at__lte=Now(), turn__lt=step.turn).count()


def queue_position_of(matter: Matter) -> int:
    """The same of the step of `matter` that will be claimed next; 0 where none waits."""
    step = matter.steps.filter(state=StepState.READY, due_at__lte=Now()).order_by("pk").first()
    return queue_position(step) if step else 0
