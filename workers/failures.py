"""When a step's call failed: try again later, wait for the provider, or give up as a dead letter."""

import logging
import random
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from advice.models import AttemptStatus
from advice.services import end_attempt, streaming_attempt
from companies.staff import tell_staff
from matters.events import matter_updated, tell_events
from matters.ledger import BESIDE
from matters.models import Matter, Step
from matters.services import change_question, fail_matter, set_waiting
from matters.states import QUESTION_TRANSITIONS, STATUS_OF_STEP, QuestionStatus, StepState, WaitingFor
from workers.backoff import LONGEST_PAUSE, backoff, server_backoff
from workers.budget import OverBudget
from workers.calls import CallLog
from workers.claims import MAX_CALLS, Claim, calls_of, end_beside, writing
from workers.clients.llm import Code, LLMError, NotAsked
from workers.provider_calls import PutOff
from workers.runtime import heartbeat
from workers.steps.base import ReplyInvalid

logger = logging.getLogger(__name__)
PROVIDER_PAUSE = 15.0  # while nobody can reach or use the provider

_INVALID = "The language model's reply was not in the form that was asked for, even after a second try."


class OurFault(Exception):
    """Every worker that took the step died in it, or met an error in our own code."""


Failure = LLMError | ReplyInvalid | OverBudget | OurFault | PutOff


def handle_failure(claim: Claim, error: Failure, log: CallLog) -> None:
    """Store that the claim's call failed, and what is to happen with its step. Raises Fenced."""
    with writing(claim) as matter:
        log.store()
        if isinstance(error, PutOff):
            _park(claim, error.pause, seen=False, tried=error.tried)  # the matter's other questions go on
        elif claim.kind in BESIDE:
            _put_off_or_leave(claim, matter, error)
        elif isinstance(error, ReplyInvalid):
            _retry_or_give_up(claim, matter, {"code": "invalid_reply", "message": _INVALID, "retryable": True}, error)
        elif isinstance(error, OurFault):
            _give_up(claim, matter, {"code": "fault", "message": _fault_words(claim), "retryable": True})
        elif isinstance(error, OverBudget):
            _wait_for_budget(claim, matter, error)
        elif _provider_is_out(error):
            _wait_for_provider(claim, matter, error)
        elif error.code == Code.RATE_LIMITED:
            _wait_for_rate_limit(claim, matter, error)
        elif error.code == Code.CANCELED:
            _park(claim, 0.0, seen=False)  # the process stops: whoever claims the step next begins anew
        elif error.retryable:
            _retry_or_give_up(claim, matter, as_problem(error), error)
        else:
            _give_up(claim, matter, as_problem(error))


def _put_off_or_leave(claim: Claim, matter: Matter, error: LLMError | ReplyInvalid | OverBudget | OurFault) -> None:
    """A step that nothing waits for tries again where others do; its matter neither waits nor fails with it."""
    problem = {"code": "invalid_reply", "message": _INVALID, "retryable": True}
    if isinstance(error, OurFault):
        problem = {"code": "fault", "message": _fault_words(claim), "retryable": True}
    if isinstance(error, OverBudget):
        _park(claim, random.uniform(LONGEST_PAUSE / 2, LONGEST_PAUSE), seen=False, tried=False)
        return
    if isinstance(error, LLMError):
        problem = as_problem(error)
        pause = backoff(claim.attempt, PROVIDER_PAUSE) if error.retry_after is None else error.retry_after
        if _provider_is_out(error) or error.code in (Code.RATE_LIMITED, Code.CANCELED):
            _park(claim, pause, seen=False, tried=not isinstance(error, NotAsked))
            return
    calls = calls_of(claim, made=True)
    if calls < MAX_CALLS and getattr(error, "retryable", isinstance(error, ReplyInvalid)):
        _park(claim, _pause_after(error, calls), seen=True)
        return
    logger.warning("step %s of matter %s came to nothing: %s", claim.kind, claim.matter_id, problem["code"])
    end_beside(claim, None, problem)
    tell_events(matter.pk, [matter_updated(matter, why=f"{claim.kind} came to nothing")])


def give_back(claim: Claim, *, asked: bool) -> None:
    """The database failed the step (its disk was full, its session ended): somebody tries again soon.

    `asked`: whether a model was. A database that is out of order for an hour uses no step's calls up. Raises Fenced,
    and DatabaseError where not even this can be stored: then the lease runs out.
    """
    with writing(claim):
        _park(claim, backoff(claim.attempt, PROVIDER_PAUSE), seen=asked)


def reference_of(claim: Claim) -> str:
    """What people and our logs call the work on a step."""
    return f"{str(claim.matter_id)[:8]}-{claim.step_id}"


def _fault_words(claim: Claim) -> str:
    return (
        "An error on our side stopped this work every time it was tried. Nothing of yours is lost, and our staff have "
        f"been told: the reference is {reference_of(claim)}."
    )


def as_problem(error: LLMError) -> dict[str, Any]:
    """The data of a `matter.failed` event, or the reason why a matter waits."""
    return {"code": str(error.code), "message": error.message, "retryable": True}


def _provider_is_out(error: LLMError) -> bool:
    """Whether a person must change something, or nothing answers at all: the model can't have seen the call."""
    return error.opens_breaker or (error.code in (Code.UNAVAILABLE, Code.TIMED_OUT) and not error.seen_by_model)


def _wait_for_provider(claim: Claim, matter: Matter, error: LLMError) -> None:
    _supersede(matter, error.message)
    set_waiting(matter, WaitingFor.PROVIDER, f"{claim.kind}: {error.code}", as_problem(error))
    pause = PROVIDER_PAUSE if error.opens_breaker else backoff(claim.attempt, PROVIDER_PAUSE)
    tried = not isinstance(error, NotAsked)
    _park(claim, pause if error.retry_after is None else error.retry_after, seen=False, tried=tried)


def _wait_for_rate_limit(claim: Claim, matter: Matter, error: LLMError) -> None:
    set_waiting(matter, WaitingFor.RATE_LIMIT, f"{claim.kind}: {error.code}", as_problem(error))
    pause = backoff(claim.attempt) if error.retry_after is None else error.retry_after
    _park(claim, pause + random.uniform(0, 0.1 * pause), seen=False, tried=not isinstance(error, NotAsked))


def _wait_for_budget(claim: Claim, matter: Matter, error: OverBudget) -> None:
    """Until the next day, or until somebody raises the budget: it is asked for again about every minute."""
    problem = {"code": error.code, "message": error.message, "retryable": True}
    set_waiting(matter, WaitingFor.BUDGET, f"{claim.kind}: {error.code}", problem)
    _park(claim, random.uniform(LONGEST_PAUSE / 2, LONGEST_PAUSE), seen=False, tried=False)


def _retry_or_give_up(claim: Claim, matter: Matter, problem: dict[str, Any], error: LLMError | ReplyInvalid) -> None:
    calls = calls_of(claim, made=True)
    if calls >= MAX_CALLS:
        _give_up(claim, matter, problem)
        return
    _supersede(matter, problem["message"])
    _park(claim, _pause_after(error, calls), seen=True)


def _pause_after(error: Failure, calls: int) -> float:
    """Seconds until a call that failed and counts is made again: three of them are to outlast a short outage."""
    if isinstance(error, LLMError) and error.retry_after is not None:
        return error.retry_after
    is_outage = isinstance(error, LLMError) and error.code == Code.UNAVAILABLE
    return server_backoff(calls) if is_outage else backoff(calls)


def _park(claim: Claim, pause: float, *, seen: bool, tried: bool = True) -> None:
    """Give the step back, due in `pause` seconds.

    A call that the model can't have seen does not count; and a claim that made none is no attempt, so that the pauses
    after the first call that fails are short, however long the step was put off before.
    """
    step = Step.objects.get(pk=claim.step_id)
    step.state, step.due_at = StepState.READY, Now() + timedelta(seconds=pause)
    step.calls_seen -= 0 if seen else 1
    step.attempt -= 0 if tried else 1
    step.save(update_fields=["state", "due_at", "calls_seen", "attempt"])
    transaction.on_commit(lambda: heartbeat().wake_in(pause, claim.kind, claim.step_id))


def _give_up(claim: Claim, matter: Matter, problem: dict[str, Any]) -> None:
    """The step becomes a dead letter and its matter fails; Retry goes on from here."""
    logger.error("step %s of matter %s gave up: %s", claim.kind, claim.matter_id, problem["code"])
    tell_staff("dead letter", f"Matterstream: the step {claim.kind} gave up", f"{problem['code']}, matter {matter.pk}")
    Step.objects.filter(pk=claim.step_id).update(state=StepState.DEAD, error=problem, finished_at=Now())
    _supersede(matter, problem["message"])
    for question in matter.questions.filter(pk=claim.subject) if claim.kind in STATUS_OF_STEP else ():
        if QuestionStatus.FAILED in QUESTION_TRANSITIONS[QuestionStatus(question.status)]:
            change_question(question, QuestionStatus.FAILED, problem["code"])
    fail_matter(matter, problem, f"{claim.kind} gave up: {problem['code']}")


def _supersede(matter: Matter, reason: str) -> None:
    """An attempt whose call failed is over; the next one begins at the start."""
    if attempt := streaming_attempt(matter):
        end_attempt(attempt, AttemptStatus.FAILED, reason)
