"""Retention: `RETENTION_DAYS` after its end a matter's content is removed; the line for the record stays.

One matter is one transaction under its row lock, so nobody waits long, a prune that breaks off loses nothing, several
at once share the work, and one that it fails for holds up no other. `docs/contract.md` says what goes and what stays.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import takewhile
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Now

from advice.services import stop_matter
from matters.each import do_for_each
from matters.history import beyond_undo
from matters.idempotency import LIFETIME
from matters.models import (
    CachedReply,
    CompanyFact,
    CompanyFactEntry,
    Event,
    Fact,
    FactStatus,
    IdempotencyRecord,
    Matter,
)
from matters.services import lock_matter
from matters.states import MatterStatus, WaitingFor

logger = logging.getLogger(__name__)
RUN_SECONDS = 20.0  # one run ends behind the matter that it is at; the next one goes on
ROWS_AT_ONCE = 1_000

# Numbers, states and places in a text are no content, and their names are listed: what a later release adds to an event
# goes, until somebody decides that it may stay. The shape of an event stays. An error keeps its code.
_STAYS = [
    "status", "waiting_for", "progress", "step", "steps_done", "steps_total", "eta_seconds", "question", "kind",
    "round", "source", "version", "attempt", "model", "length", "sha256", "offset", "start", "end", "verdict", "code",
    "retryable",
]  # fmt: skip
_FORGET = (
    """UPDATE matters_question SET key = '#' || position, text = '', why = '', choices = '[]', wording = '', hint = '',
              problem = '', source_hint = '', reason = '', known = '', answers = '[]', proposal = NULL,
              offered_id = NULL
        WHERE matter_id = %(matter)s""",
    """UPDATE matters_fact f SET key = q.key, value = NULL, unit = NULL, as_of = NULL, statement = '', record_id = '',
              subject = '', company_fact_id = NULL
         FROM matters_question q WHERE q.id = f.question_id AND f.matter_id = %(matter)s""",
    """DELETE FROM matters_companyfactentry e
        USING matters_companyfact f WHERE f.id = e.fact_id AND f.matter_id = %(matter)s""",
    """DELETE FROM matters_companyfact WHERE matter_id = %(matter)s""",
    """DELETE FROM documents_documentpage t USING documents_document d
        WHERE d.id = t.document_id AND d.matter_id = %(matter)s""",
    """DELETE FROM documents_documentcontent c USING documents_document d
        WHERE d.id = c.document_id AND d.matter_id = %(matter)s""",
    """DELETE FROM documents_document WHERE matter_id = %(matter)s""",
    """UPDATE matters_step SET payload = '{}', result = NULL, error = CASE WHEN error IS NOT NULL
              THEN jsonb_build_object('code', error->'code', 'message', '', 'retryable', false) END
        WHERE matter_id = %(matter)s""",
    """DELETE FROM matters_llmcalltext t USING matters_llmcall c
        WHERE c.id = t.call_id AND c.matter_id = %(matter)s""",
    """DELETE FROM matters_cachedreply WHERE matter_id = %(matter)s""",
    """UPDATE matters_event SET why = '', data = (
              SELECT COALESCE(jsonb_object_agg(key, CASE WHEN key = ANY(%(stays)s::text[]) THEN value
                                                         WHEN jsonb_typeof(value) = 'string' THEN '""'
                                                         WHEN jsonb_typeof(value) = 'array' THEN '[]'
                                                         WHEN jsonb_typeof(value) = 'object' THEN '{}'
                                                         ELSE 'null' END), '{}')
                FROM jsonb_each(data))
        WHERE matter_id = %(matter)s""",
    """UPDATE advice_check c SET sources = '[]', reason = ''
         FROM advice_attempt a WHERE a.id = c.attempt_id AND a.matter_id = %(matter)s""",
    """DELETE FROM advice_reviewcomment c USING advice_review r, advice_attempt a
        WHERE r.id = c.review_id AND a.id = r.attempt_id AND a.matter_id = %(matter)s""",
    """UPDATE advice_review r SET reasons = '', statement = NULL, signature = ''
         FROM advice_attempt a WHERE a.id = r.attempt_id AND a.matter_id = %(matter)s""",
    """DELETE FROM advice_chunk c USING advice_attempt a WHERE a.id = c.attempt_id AND a.matter_id = %(matter)s""",
    """UPDATE advice_attempt SET text = '', reason = '', notice = '', sources = '[]', facts = '[]'
        WHERE matter_id = %(matter)s""",
    """DELETE FROM matters_delivery d USING matters_event e WHERE e.id = d.event_id AND e.matter_id = %(matter)s""",
    """DELETE FROM matters_notice WHERE matter_id = %(matter)s""",
    """DELETE FROM matters_presence WHERE matter_id = %(matter)s""",
    """UPDATE matters_batchitem SET custom_id = NULL WHERE matter_id = %(matter)s""",
    """UPDATE matters_providercall SET record_ids = '[]' WHERE matter_id = %(matter)s""",
    """UPDATE advice_feedback b SET reason = ''
         FROM advice_attempt a WHERE a.id = b.attempt_id AND a.matter_id = %(matter)s""",
    """UPDATE matters_matter SET question = '', title = '', metadata = '{}', webhook_url = '', callback_headers = NULL,
              dedupe = '', people = '{}', pruned_at = clock_timestamp(),
              error = CASE WHEN error IS NOT NULL
                      THEN jsonb_build_object('code', error->'code', 'message', '', 'retryable', false) END
        WHERE id = %(matter)s""",
)


def prune() -> int:
    """Remove what may not be kept any longer, of matters for `RUN_SECONDS` at most; returns of how many it was."""
    ends_at = time.monotonic() + RUN_SECONDS
    _remove_old_answers()
    left_out: set[UUID] = set()
    taken = _repeat_until(ends_at, partial(_forget_next, beyond_undo(), left_out))
    days = settings.RETENTION_DAYS
    if days > 0:
        _remove_old_replies(days)
        _remove_stale_facts(days)
        in_time = takewhile(lambda _: time.monotonic() < ends_at, abandoned(days))
        do_for_each(in_time, partial(_give_up, days), "stopping what nobody answers")
        taken += _repeat_until(ends_at, partial(prune_next, days, left_out))
    pruned = taken - len(left_out)
    if pruned:
        logger.info("the content of %d matters is removed", pruned)
    return pruned


def _repeat_until(ends_at: float, forget_next: Callable[[], bool]) -> int:
    """How often there was something to forget."""
    times = 0
    while time.monotonic() < ends_at and forget_next():
        times += 1
    return times


def prune_next(days: int, left_out: set[UUID]) -> bool:
    """Remove the content of one matter that ended more than `days` ago; False: there is none that nobody holds.

    One that it fails for is added to `left_out`, of which none is looked at.
    """
    due = Matter.objects.filter(pruned_at=None, completed_at__lt=Now() - timedelta(days=days))
    return _forget_next(due.order_by("completed_at"), left_out)


def _forget_next(due: QuerySet[Matter], left_out: set[UUID]) -> bool:
    matter = None
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            matter = due.exclude(pk__in=left_out).select_for_update(no_key=True, skip_locked=True).first()
            if matter is None:
                return False
            for statement in _FORGET:
                cursor.execute(statement, {"matter": matter.pk, "stays": _STAYS})
    except DatabaseError:
        if matter is None:
            raise
        left_out.add(matter.pk)
        logger.exception("the content of matter %s could not be removed", matter.pk)
    return True


_WAITS = Q(status=MatterStatus.AWAITING_FOUNDER) | Q(waiting_for=WaitingFor.CONFLICT)


def abandoned(days: int) -> list[UUID]:
    """Matters that wait for a person, and of which nothing was heard for `days`; some, where there are many."""
    newest = Event.objects.filter(matter=OuterRef("pk"), number=OuterRef("event_number"))
    old = Exists(newest.filter(at__lt=Now() - timedelta(days=days)))
    waiting = Matter.objects.filter(_WAITS, old)
    return list(waiting.values_list("pk", flat=True)[:ROWS_AT_ONCE])


def _give_up(days: int, matter_id: UUID) -> None:
    """Stop a matter that nobody answers. Whoever has answered meanwhile held its lock, and is seen."""
    with transaction.atomic():
        matter = lock_matter(matter_id, seconds=1)
        heard = matter.events.filter(at__gt=Now() - timedelta(days=days)).exists()
        if heard or not Matter.objects.filter(_WAITS, pk=matter.pk).exists():
            return
        message = f"It was stopped since its questions were not answered for {days} days."
        stop_matter(
            matter,
            f"nobody answered for {days} days",
            {"code": "abandoned", "message": message, "retryable": False},
        )


def _remove_old_answers() -> None:
    """Answers to an `Idempotency-Key` that may not be given again."""
    old = IdempotencyRecord.objects.filter(created_at__lt=Now() - LIFETIME)
    while IdempotencyRecord.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:ROWS_AT_ONCE])).delete()[0]:
        pass


def _remove_stale_facts(days: int) -> None:
    """Facts of companies that went stale more than `days` ago, and earlier values of those that did not.

    What is in dispute in a matter whose content is kept stays, so that it can be settled; and what each source said
    last before a fact was settled, or the same said again would be a new dispute.
    """
    disputed = Fact.objects.filter(company_fact=OuterRef("pk"), status=FactStatus.DISPUTED)
    stale = CompanyFact.objects.filter(~Exists(disputed), matter=None, stale_at__lt=Now() - timedelta(days=days))
    while _remove_some(stale):
        pass
    fresh_until = ExpressionWrapper(
        F("at") + F("fact__lifetime_days") * Value(timedelta(days=1)), output_field=DateTimeField()
    )
    of_source = {name: OuterRef(name) for name in ("fact", "source", "record_id")}
    later = CompanyFactEntry.objects.filter(**of_source, pk__gt=OuterRef("pk"), pk__lt=OuterRef("fact__settlement"))
    settled_against = Q(pk__lt=F("fact__settlement")) & ~Exists(later)
    said = CompanyFactEntry.objects.filter(fact__matter=None).exclude(pk=F("fact__current_entry"))
    earlier = said.filter(Q(fact__status=CompanyFact.Status.KNOWN) | Q(pk__lt=F("fact__current_entry")))
    old = earlier.annotate(until=fresh_until).filter(until__lt=Now() - timedelta(days=days))
    while _remove_some(old.filter(Q(fact__settlement=None) | ~settled_against)):
        pass


def _remove_some(rows: QuerySet[Any]) -> bool:
    """Delete some of `rows` that nobody holds, with what hangs on them; False where there were none."""
    with transaction.atomic():
        free = rows.select_for_update(skip_locked=True, of=("self",))[:ROWS_AT_ONCE]
        return bool(rows.filter(pk__in=[row.pk for row in free]).delete()[0])


def _remove_old_replies(days: int) -> None:
    """Kept replies of a model older than any content may be, also where `LLM_CACHE_SECONDS` is longer than that."""
    kept = timedelta(seconds=settings.LLM_CACHE_SECONDS)
    CachedReply.objects.filter(expires_at__lt=Now() + kept - timedelta(days=days)).delete()
