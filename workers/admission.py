"""Whether a call may be made now: within its company's budget, and within the limits that all workers share.

What it may use is taken before it, by an estimate, and put right behind it by what the provider counted. A step's
second call (a repair, a continuation) is not stopped: its first one would have been made in vain. Later calls wait for
what it takes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from uuid import UUID

from django.db import connection

from workers.budget import Reserved, reserve_money
from workers.claims import Claim
from workers.clients.llm import Code, LLMError, NotAsked, Usage
from workers.limits import LimitReached, Share, take_share
from workers.outage import until_stored
from workers.prices import believable, cost_of

REPLY_TOKENS = 1_000  # what a reply of a step is taken to have, until it is known
ADVICE_TOKENS = 4_000


@dataclass(frozen=True)
class Asker:
    """For whom a call is made."""

    step: int
    company: UUID
    budget: Decimal | None  # US dollars for a day
    turn: float  # of the matter, in seconds since 1970


@dataclass
class Admission:
    """A call that may be made. Give it the `usage` that the provider counted; without it the estimate stands."""

    model: str
    money: Reserved
    share: Share
    usage: Usage | None = None

    def settle(self) -> None:
        """The model saw the call."""
        if self.usage is not None:
            usage = believable(self.usage)
            cost = cost_of(self.model, usage.prompt_tokens, usage.completion_tokens)
            self._pay(cost)
            self.share.settle(usage.prompt_tokens + usage.completion_tokens)

    def release(self, *, refused: bool) -> None:
        """The model did not see the call."""
        self._pay(Decimal(0))
        self.share.release(refused=refused)

    def _pay(self, cost: Decimal) -> None:
        if self.money.day is not None:  # without a budget there is nothing to write, and no connection is taken
            until_stored(lambda: self.money.settle(cost))


def asker_of(claim: Claim) -> Asker:
    """For whom the step is done."""
    return Asker(claim.step_id, claim.company, claim.budget, claim.turn.timestamp())


@contextmanager
def admitted(
    asker: Asker, model: str, prompt_tokens: int, reply_tokens: int, *, second: bool = False
) -> Iterator[Admission]:
    """Make the call inside; no database connection is held there. `second`: of the same step.

    Raises LLMError or OverBudget where it may not be made.
    """
    cost = cost_of(model, prompt_tokens, reply_tokens)
    reserve = partial(reserve_money, asker.company, asker.budget, cost, sure=second)
    money = until_stored(reserve) if second else reserve()  # what the first one brought is not thrown away
    try:
        share = take_share(asker.step, asker.turn, prompt_tokens + reply_tokens, sure=second)
    except LimitReached as reached:
        money.settle(Decimal(0))
        words = "our own limit for this minute is reached"
        raise NotAsked(Code.RATE_LIMITED, words, retry_after=reached.seconds) from reached
    connection.close()  # back to the pool: 100 threads share a few connections, none is held while a model thinks
    admission = Admission(model, money, share)
    try:
        yield admission
    except LLMError as error:
        if error.seen_by_model:
            admission.usage = admission.usage or error.usage
            admission.settle()
        else:
            admission.release(refused=error.code == Code.RATE_LIMITED)
        raise
    except BaseException:
        admission.settle()
        raise
    admission.settle()
