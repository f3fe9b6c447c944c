"""The Celery tasks: one for each kind of step, and those of beat.

A message says that there is work of a kind. The task claims the best due step of that kind, so a message that was lost,
doubled or late changes nothing. The id in a message is for Flower's eyes.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress

from celery import shared_task
from django.db import OperationalError, connection
from structlog.contextvars import bound_contextvars

from advice.review.proving import prove_approvals
from companies.connection_services import warn_of_ends
from matters.breakers import forget_breakers
from matters.ledger import BESIDE
from matters.notices import models as notices
from matters.processes import forget_processes
from matters.tracing import span
from matters.wakeup import Hint, publish_hints, withholding
from matters.webhooks.deliveries import TASK
from workers import draft, facts, people, questions, records, research
from workers.alarm import watch_matters
from workers.budget import OverBudget
from workers.calls import CallLog
from workers.claims import MAX_CALLS, Claim, Fenced, calls_of, claim_step
from workers.clients.llm import LLMError
from workers.deliveries import deliver_due, sweep_deliveries
from workers.document_search import search_documents
from workers.failures import OurFault, give_back, handle_failure, reference_of
from workers.lifecycle import is_stopping
from workers.notices import remind, send_notices
from workers.outage import until_stored
from workers.pipeline import KINDS
from workers.provider_calls import PutOff
from workers.pruning import prune
from workers.reply_cache import forget_expired_replies
from workers.runtime import heartbeat
from workers.steps.base import ReplyInvalid
from workers.sweeper import sweep_ledger
from workers.work import Work

logger = logging.getLogger(__name__)

STEPS: dict[str, Callable[[Work], None]] = {
    "plan_search": research.plan_search,
    "search_playbooks": research.search_playbooks,
    "judge_relevance": research.judge_relevance,
    "derive_questions": questions.derive_questions,
    "route_question": questions.route_question,
    "ask_founder": questions.ask_founder,
    "normalise_answer": facts.normalise_answer,
    "request_record": questions.request_record,
    "find_person": people.find_person,
    "fetch_record": records.fetch_record,
    "convert_record": records.convert_record,
    "draft_advice": draft.draft_advice,
    "search_documents": search_documents,
}


def run_steps(kind: str) -> None:
    """Claim the best due step of `kind`, do it, and go on with what it led to. Does nothing when there is none.

    Of the steps that an outcome inserts, the thread looks for one itself: it claims the best due one of that kind, as
    if the message for it, which was kept back, had just come. A worker that is stopping sends that message instead.
    """
    hint: Hint | None = (kind, 0)
    while hint and not is_stopping():
        hint = run_step(hint[0])
    if hint:
        publish_hints([hint])


def run_step(kind: str) -> Hint | None:
    """Claim the best due step of `kind`, and do it; returns the hint that was kept back meanwhile, if any."""
    with withholding(kind) as withheld:
        try:
            if claim := claim_step(kind):
                _run_claim(claim)
        except BaseException:
            if withheld.hint:
                publish_hints([withheld.hint])
            raise
        finally:
            connection.close()
    return withheld.hint


def _run_claim(claim: Claim) -> None:
    log = CallLog(claim)
    known = {"matter": str(claim.matter_id), "step": claim.step_id, "kind": claim.kind}
    traced = span(f"step {claim.kind}", claim.matter_id, step=claim.step_id, attempt=claim.attempt)
    with bound_contextvars(**known), traced, heartbeat().holding(claim) as call:
        try:
            _do_or_give_back(Work(claim, call, log))
        except Fenced as fenced:
            logger.info("what it would store is refused: %s", fenced)
        finally:
            log.store()  # what its outcome did not store: the calls were made, whoever the step belongs to now


def _do_or_give_back(work: Work) -> None:
    """An answer that the database does not take is kept, and offered again; else somebody is to try again."""
    try:
        until_stored(lambda: _do(work), worth_it=lambda: bool(work.replies) and not is_stopping())
    except OperationalError:
        with suppress(OperationalError):
            give_back(work.claim, asked=bool(work.log.rows))
        raise


def _do(work: Work) -> None:
    try:
        if work.claim.calls_seen > MAX_CALLS and calls_of(work.claim, made=False) > MAX_CALLS:
            raise OurFault(f"every worker that took step {work.claim.step_id} died or met an error of ours")
        began = time.monotonic()
        STEPS[work.claim.kind](work)
        logger.info("done", extra={"ms": round(1000 * (time.monotonic() - began))})
    except (LLMError, ReplyInvalid, OverBudget, OurFault, PutOff) as error:
        handle_failure(work.claim, error, work.log)
    except (Fenced, OperationalError):
        raise
    except Exception as error:
        reference = reference_of(work.claim)
        logger.error("an error of ours in %s, reference %s: %s", work.claim.kind, reference, type(error).__name__)
        raise  # the step is taken over when its lease has run out, and given up after MAX_CALLS claims


# Those of beat; `config/settings.py` says how often.
MAINTENANCE: dict[str, Callable[[], object]] = {
    "sweep": sweep_ledger,
    "sweep_deliveries": sweep_deliveries,
    "forget_replies": forget_expired_replies,
    "prune": prune,
    "watch": watch_matters,
    "forget_processes": forget_processes,
    "forget_breakers": forget_breakers,
    "watch_connections": warn_of_ends,
    "remind": remind,
    "prove_approvals": prove_approvals,
}


def _declare_step(kind: str) -> None:
    @shared_task(name=kind, ignore_result=True)
    def task(step_id: int | None = None) -> None:
        run_steps(kind)

    task.__doc__ = STEPS[kind].__doc__


def _declare_other(name: str, do: Callable[[], object]) -> None:
    @shared_task(name=name, ignore_result=True)
    def task(_id: int | None = None) -> None:
        try:
            do()
        finally:
            connection.close()

    task.__doc__ = do.__doc__


for _kind in (*KINDS, *BESIDE):
    _declare_step(_kind)
for _name, _do_it in {TASK: deliver_due, notices.TASK: send_notices, **MAINTENANCE}.items():
    _declare_other(_name, _do_it)
