"""Asking the model on behalf of a step: without a database connection while it thinks, recorded, repaired once."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from companies.postgresql.rows import fetch_rows
from matters.models import CallOutcome, LLMCall, ProviderCall, Step
from matters.tracing import past_span
from workers.admission import REPLY_TOKENS, Asker, admitted, asker_of
from workers.budget import ADD_UNRESERVED
from workers.claims import MAX_CALLS, Claim, Fenced
from workers.clients.llm import Call, Code, LLMError, NotAsked, Reply, Usage
from workers.prices import believable, cost_of, estimated_tokens, estimated_usage
from workers.prompts.blocks import scrub
from workers.reply_cache import KEEP_REPLIES, KeptReply, find_reply, reply_to_keep
from workers.runtime import llm_client
from workers.steps.base import LLMRequest, R, ReplyInvalid, parse_reply, prompt_text, repair_messages


@dataclass
class MadeCall:
    """A call that was made. `latency_ms`: from before the request to its end.

    `kept`: what is stored of the messages, where that is not all. `reply`: what came back, or what was said of the
    failure. `wrote`, `start`: the attempt of an advice whose text from there on is the reply. `pk`: the id that it was
    given, if it was.
    """

    model: str
    messages: list[Any]
    outcome: CallOutcome
    kept: list[Any] | None = None
    reply: str = ""
    wrote: int | None = None
    start: int = 0
    usage: Usage | None = None
    latency_ms: float = 0
    request_id: str | None = None
    error_code: str = ""
    pk: int | None = None

    def as_row(self, claim: Claim) -> dict[str, Any]:
        """Its columns and words, as they are stored for the claim that made it."""
        used, prompt = believable(self.usage), prompt_text(self.messages)
        return {
            "step_id": claim.step_id,
            "matter_id": str(claim.matter_id),
            "kind": claim.kind,
            "attempt": claim.attempt,
            "model": self.model[:200],
            "prompt_sha256": hashlib.sha256(prompt.encode()).hexdigest(),
            "outcome": self.outcome,
            "error_code": self.error_code,
            "prompt_tokens": used.prompt_tokens,
            "completion_tokens": used.completion_tokens,
            "cost": str(cost_of(self.model, used.prompt_tokens, used.completion_tokens)),
            "latency_ms": int(self.latency_ms),
            "request_id": (self.request_id or "")[:200],
            "prompt": prompt if self.kept is None else prompt_text(self.kept),
            "reply": scrub(self.reply),
            "wrote": self.wrote,
            "start": self.start,
        }


@dataclass
class CallLog:
    """The calls that a claim has made, to be stored with its outcome, whatever that is.

    `reply`: what they came to, where it may answer the same again. `requests`: those to providers of facts.
    """

    claim: Claim
    rows: list[MadeCall] = field(default_factory=list)
    requests: list[ProviderCall] = field(default_factory=list)
    reply: KeptReply | None = None

    def add(self, call: MadeCall) -> None:
        """Remember one call."""
        used = believable(call.usage)
        past_span(
            "llm call",
            self.claim.matter_id,
            call.latency_ms / 1000,
            model=call.model[:200],
            outcome=str(call.outcome),
            error_code=call.error_code,
            prompt_tokens=used.prompt_tokens,
            completion_tokens=used.completion_tokens,
        )
        self.rows.append(call)

    def add_failed(self, model: str, messages: list[Any], error: LLMError) -> None:
        """Remember a call that came to no answer."""
        self.add(
            MadeCall(
                model,
                messages,
                outcome_of(error),
                reply=error.detail,
                usage=error.usage or (estimated_usage(messages, "") if error.seen_by_model else None),
                request_id=error.request_id,
                error_code=error.code,
            )
        )

    def store(self) -> None:
        """Write the calls that are not written yet, in the caller's transaction where there is one.

        Done again, because nobody confirmed the commit, it writes none twice.
        """
        if self.requests:  # their ids are ours, so one that is there already is the same
            ProviderCall.objects.bulk_create(self.requests, ignore_conflicts=True)
            transaction.on_commit(self.requests.clear)
        if not self.rows:
            return
        stored = self._stored()
        new = [row for row in self.rows if row.pk not in stored]
        reply, self.reply = self.reply, None  # tried once: what the database does not take costs nobody the outcome
        values = {
            "calls": json.dumps([row.as_row(self.claim) for row in new]),
            "matter": self.claim.matter_id,
            "unreserved": self.claim.company if self.claim.budget is None else None,
            "replies": json.dumps([reply.as_row()] if reply else []),
        }
        for row, (pk,) in zip(new, fetch_rows(_STORE, values), strict=True):
            row.pk = pk
        transaction.on_commit(self.rows.clear)

    def _stored(self) -> set[int]:
        """Which of its calls are in the table with the ids that they were given.

        An id alone proves nothing: when PostgreSQL crashes, it gives the ids of transactions that it lost to others.
        """
        given = [row.pk for row in self.rows if row.pk]
        if not given:
            return set()
        mine = LLMCall.objects.filter(step=self.claim.step_id, attempt=self.claim.attempt)
        return set(mine.filter(pk__in=given).values_list("pk", flat=True))


_COLUMNS = {
    "step_id": "bigint",
    "matter_id": "uuid",
    "kind": "text",
    "attempt": "int",
    "model": "text",
    "prompt_sha256": "text",
    "outcome": "text",
    "error_code": "text",
    "prompt_tokens": "int",
    "completion_tokens": "int",
    "cost": "numeric",
    "latency_ms": "int",
    "request_id": "text",
}
_WORDS = {"prompt": "text", "reply": "text", "wrote": "bigint", "start": "int"}
# Calls, their words and what they came to in one statement: all is there, or nothing. A worker that comes so late that
# the content was removed meanwhile leaves the line for the record alone; the lock waits for a removal under way.
_STORE = f"""
WITH call AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('matters_llmcall', 'id')) AS id, c.*
      FROM ROWS FROM (json_to_recordset(%(calls)s::json)
                      AS ({", ".join(f'"{name}" {kind}' for name, kind in (_COLUMNS | _WORDS).items())}))
           WITH ORDINALITY AS c ({", ".join(_COLUMNS | _WORDS)}, place)
), stored AS (
    INSERT INTO matters_llmcall (id, {", ".join(_COLUMNS)}, at)
    SELECT id, {", ".join(_COLUMNS)}, statement_timestamp() FROM call
), kept AS MATERIALIZED (
    SELECT id FROM matters_matter WHERE id = %(matter)s AND pruned_at IS NULL FOR SHARE
), words AS (
    INSERT INTO matters_llmcalltext (call_id, {", ".join(_WORDS)})
    SELECT call.id, {", ".join(f"call.{name}" for name in _WORDS)} FROM call, kept
), spent AS ({ADD_UNRESERVED}), reply AS ({KEEP_REPLIES})
SELECT id FROM call ORDER BY place
"""  # noqa: S608 # made of the names above


def ask_model(claim: Claim, request: LLMRequest[R], call: Call, log: CallLog) -> R:
    """The model's reply to `request`, or an earlier one to the same.

    Raises LLMError, ReplyInvalid, OverBudget, Fenced.
    """
    asker, model = asker_of(claim), settings.LLM_MODEL
    kept = find_reply(claim, asker.company, model, request)
    if kept is not None:
        log.add(MadeCall(model, request.messages, CallOutcome.CACHED, reply=kept[0]))
        return kept[1]
    text, reply = _ask(claim, asker, request, call, log)
    log.reply = reply_to_keep(claim, asker.company, model, request, text)
    return reply


def _ask(claim: Claim, asker: Asker, request: LLMRequest[R], call: Call, log: CallLog) -> tuple[str, R]:
    """The reply as text and as its type; one that breaks the schema is sent back once, with what is wrong with it."""
    text = _complete(asker, request, request.messages, call, log)
    try:
        return text, parse_reply(request, text)
    except ReplyInvalid as problem:
        log.rows[-1].outcome = CallOutcome.INVALID
        if not count_call(claim):
            raise
        text = _complete(asker, request, repair_messages(request, text, problem), call, log, second=True)
    try:
        return text, parse_reply(request, text)
    except ReplyInvalid:
        log.rows[-1].outcome = CallOutcome.INVALID
        raise


def _complete(
    asker: Asker, request: LLMRequest[Any], messages: list[Any], call: Call, log: CallLog, *, second: bool = False
) -> str:
    model = settings.LLM_MODEL
    prompt_tokens = estimated_tokens(messages, request.schema_text)
    with admitted(asker, model, prompt_tokens, REPLY_TOKENS, second=second) as admission:
        try:
            reply: Reply = llm_client().complete(
                messages, model=model, schema_name=request.schema_name, schema=request.schema, call=call
            )
        except NotAsked:
            raise  # no call, so none is on record
        except LLMError as error:
            log.add_failed(model, messages, error)
            raise
        admission.usage = reply.usage
        log.add(
            MadeCall(
                model,
                messages,
                CallOutcome.OK,
                reply=reply.text,
                usage=reply.usage or estimated_usage(messages, reply.text, request.schema_text),
                latency_ms=reply.latency_ms,
                request_id=reply.request_id,
            )
        )
    if reply.finish_reason == "content_filter":
        raise LLMError(Code.CONTENT_FILTER, "the filter declined", seen_by_model=True, request_id=reply.request_id)
    return reply.text


def count_call(claim: Claim) -> bool:
    """Count a further call of a claim before it is made, so that the bound holds even when the worker dies in it.

    False: the step's calls are used up. Raises Fenced.
    """
    mine = Step.objects.filter(pk=claim.step_id, epoch=claim.epoch)
    if mine.filter(calls_seen__lt=MAX_CALLS).update(calls_seen=F("calls_seen") + 1):
        return True
    if not mine.exists():
        raise Fenced(f"step {claim.step_id} was taken over")
    return False


def outcome_of(error: LLMError) -> CallOutcome:
    """How a call that raised `error` is recorded."""
    return CallOutcome.CANCELED if error.code == Code.CANCELED else CallOutcome.ERROR
