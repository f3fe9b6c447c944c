"""Matters that neither ended, nor visibly wait for anything, nor move on."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.db import connection

from matters.states import ENDED, MatterStatus

CALLS_AT_MOST = 2  # that one claim makes, each as long as LLM_CALL_SECONDS: until then a claim may be at work


class Cause(StrEnum):
    """Why a matter does not move on, as far as the rows tell."""

    UNCLAIMED = "unclaimed"  # a step is due, and nobody takes it
    RUNNING = "running"  # a worker keeps its step's lease, for longer than its calls may take
    PARKED = "parked"  # its step is for later, and the matter does not say what it waits for
    NO_STEP = "no_step"  # nothing is to be done, and nobody is asked: it would stand so for ever


@dataclass(frozen=True)
class Stuck:
    """A matter that does not move on, and why."""

    matter: UUID
    cause: Cause


# Whatever moves a matter on appends an event, so the newest one's time is that of its progress.
_LOOK = """
WITH open AS (
    SELECT m.id, m.status, m.waiting_for, extract(epoch FROM clock_timestamp() - e.at) AS quiet
      FROM matters_matter m JOIN matters_event e ON e.matter_id = m.id AND e.number = m.event_number
     WHERE m.status = ANY(%(open)s) AND e.at < clock_timestamp() - make_interval(secs => %(quiet)s)
), looked AS (
    SELECT open.*, s.steps, s.leased, s.due,
           open.status = 'awaiting_founder' AND EXISTS (
               SELECT 1 FROM matters_question q WHERE q.matter_id = open.id AND q.status = 'awaiting_founder')
           OR open.waiting_for = 'conflict' AND EXISTS (
               SELECT 1 FROM matters_fact f WHERE f.matter_id = open.id AND f.status = 'disputed') AS asked
      FROM open, LATERAL (
           SELECT count(*) AS steps, bool_or(due_at <= clock_timestamp()) AS due,
                  bool_or(state = 'running' AND due_at > clock_timestamp()) AS leased
             FROM matters_step WHERE matter_id = open.id AND state IN ('ready', 'running')) s
), judged AS (
    SELECT id, quiet, CASE WHEN asked THEN NULL WHEN steps = 0 THEN 'no_step' WHEN waiting_for IS NOT NULL THEN NULL
                           WHEN leased THEN 'running' WHEN due THEN 'unclaimed' ELSE 'parked' END AS cause
      FROM looked
)
SELECT id, cause FROM judged WHERE cause IS NOT NULL AND (cause <> 'running' OR quiet > %(working)s) ORDER BY quiet DESC
"""


def stuck_matters() -> list[Stuck]:
    """The matters without progress for `STUCK_MINUTES`, the longest first."""
    quiet = settings.STUCK_MINUTES * 60
    if quiet <= 0:
        return []
    working = quiet + CALLS_AT_MOST * settings.LLM_CALL_SECONDS
    still_open = [str(status) for status in MatterStatus if status not in ENDED]
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, {"open": still_open, "quiet": quiet, "working": working})
        return [Stuck(matter, Cause(cause)) for matter, cause in cursor.fetchall()]
