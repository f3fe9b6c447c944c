"""Asking a company's provider on behalf of a step: through its connection, recorded, and in the end always answered.

What brought nothing is either put off, for a provider that is busy or away, or it is a reason to ask the founder: a
matter never fails because a provider does.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from django.db import connection
from django.db.models.functions import Now

from companies.encryption import KeyProblem
from matters.models import ProviderCall, Step
from workers.backoff import backoff
from workers.claims import Claim
from workers.connections import note_connection, open_connection
from workers.provider_http import Code, ProviderCallRecord, ProviderError
from workers.work import Work

T = TypeVar("T")
MOST_TRIES = 5  # of a provider that is away, with growing pauses
MOST_BUSY = timedelta(minutes=10)  # for so long may a provider say "too many requests", then the founder is asked


class PutOff(Exception):
    """The provider is busy or away: the step is to be tried again in `pause` seconds. `tried`: it counts as a try."""

    def __init__(self, pause: float, *, tried: bool) -> None:
        super().__init__(f"put off for {pause:.0f} s")
        self.pause, self.tried = pause, tried


@dataclass(frozen=True)
class Unanswered:
    """The provider can't say. `code` is a `workers.provider_http.Code`, or `not_connected`; `reason` is shown."""

    code: str
    reason: str


def ask_provider(work: Work, provider: str, question_id: str | None, ask: Callable[[Any], T]) -> T | Unanswered:
    """What `ask` makes of the provider's client. Raises PutOff, Fenced."""

    def note(made: ProviderCallRecord) -> None:
        work.log.requests.append(_row(work.claim, question_id, made))

    name = provider.capitalize()
    opened = open_connection(work.claim.company, provider, note)  # type: ignore[call-overload] # one of the two
    if opened is None:
        return Unanswered("not_connected", f"{name} is no longer connected, so we are asking you.")
    connection.close()  # none is held while the provider thinks
    try:
        with opened.client as client:
            found = ask(client)
    except ProviderError as error:
        note_connection(opened.id, error)
        return _unanswered(work.claim, name, error)
    except KeyProblem:  # the connection can't be read meanwhile: our staff were told when it was opened
        return Unanswered("not_connected", f"{name} can't be asked right now, so we are asking you.")
    note_connection(opened.id)
    return found


def _row(claim: Claim, question_id: str | None, made: ProviderCallRecord) -> ProviderCall:
    return ProviderCall(
        matter_id=claim.matter_id,
        question_id=question_id,
        step_id=claim.step_id,
        provider=made.provider,
        operation=made.operation,
        status=made.status,
        error_code=str(made.error_code or ""),
        latency_ms=made.latency_ms,
        record_ids=list(made.record_ids),
    )


def _unanswered(claim: Claim, name: str, error: ProviderError) -> Unanswered:
    """Why it can't say. Raises PutOff while there is hope."""
    if error.code == Code.RATE_LIMITED and _is_young(claim):
        pause = backoff(claim.attempt) if error.retry_after is None else error.retry_after
        raise PutOff(pause + random.uniform(0, 0.1 * pause), tried=False)
    if not error.permanent and error.code != Code.RATE_LIMITED and claim.attempt < MOST_TRIES:
        raise PutOff(backoff(claim.attempt), tried=True)
    if error.permanent:
        return Unanswered(str(error.code), error.message)
    busy = error.code == Code.RATE_LIMITED
    what = "was too busy" if busy else "could not be reached"
    reason = f"{name} {what}, even after several tries, so we are asking you."
    return Unanswered(str(error.code), reason)


def _is_young(claim: Claim) -> bool:
    return Step.objects.filter(pk=claim.step_id, created_at__gt=Now() - MOST_BUSY).exists()
