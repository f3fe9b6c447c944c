"""What can go wrong with a call to the model: one exception, told apart by its `code`.

Every property that the pipeline decides by (try again? count the call? open the breaker?) follows from the code, in
the table below; only what is particular to one failure (`retry_after`, `seen_by_model`, ids) is stored on the error.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from workers.clients.llm.reply import Usage

DETAIL_LENGTH = 500


class Code(StrEnum):
    """Why a call failed. The value is what the ledger stores."""

    RATE_LIMITED = "rate_limited"  # 429: too many requests or tokens in this minute
    UNAVAILABLE = "unavailable"  # 5xx, connection refused, name not found, closed before an answer began
    TIMED_OUT = "timed_out"  # no connection in time, or the whole call took longer than allowed
    STALLED = "stalled"  # connected, but no text within the first-content or between-contents limit
    CUT = "cut"  # the connection ended in the middle of the answer
    MALFORMED = "malformed"  # the answer was not what the protocol says: bad JSON, bad UTF-8, no events
    UNAUTHORISED = "unauthorised"  # 401 or 403: the key is wrong, revoked, or not allowed here
    UNKNOWN_MODEL = "unknown_model"  # 404, or the provider says that there is no such model, or not for this key
    REDIRECTED = "redirected"  # 3xx: what answers at the configured address is not the provider's API
    CONTEXT_OVERFLOW = "context_overflow"  # prompt and answer do not fit the model's context
    BAD_REQUEST = "bad_request"  # any other 4xx: the provider will not take this request as it is
    CONTENT_FILTER = "content_filter"  # the provider's filter, or the model itself, declined
    CANCELED = "canceled"  # ended by us, through `Call.cancel`
    INSUFFICIENT_QUOTA = "insufficient_quota"  # the account has no money or credits left


@dataclass(frozen=True)
class Nature:
    """What a code means for the pipeline, and its words for a founder: what happened, not what will be done about it,
    which only the pipeline knows."""

    message: str
    retryable: bool = False
    opens_breaker: bool = False


NATURES: dict[Code, Nature] = {
    Code.RATE_LIMITED: Nature("The language model is busy: too much was asked of it in this minute.", retryable=True),
    Code.UNAVAILABLE: Nature(
        "The language model is not available at the moment. Nothing of yours is lost.", retryable=True
    ),
    Code.TIMED_OUT: Nature("The language model took too long to answer. Nothing of yours is lost.", retryable=True),
    Code.STALLED: Nature(
        "The language model stopped answering in the middle. Nothing of yours is lost.", retryable=True
    ),
    Code.CUT: Nature("The language model's answer broke off before its end. Nothing of yours is lost.", retryable=True),
    Code.MALFORMED: Nature(
        "The language model's answer could not be read. Nothing of yours is lost.",
        retryable=True,
    ),
    Code.UNAUTHORISED: Nature(
        "The language model does not accept our access key. Our staff must set this right; nothing of yours is lost.",
        opens_breaker=True,
    ),
    Code.UNKNOWN_MODEL: Nature(
        "The language model set for this work was not found. Our staff must set this right; nothing of yours is lost.",
        opens_breaker=True,
    ),
    Code.REDIRECTED: Nature(
        "The language model is at another address than the one set here. Our staff must set this right; nothing of "
        "yours is lost.",
        opens_breaker=True,
    ),
    Code.CONTEXT_OVERFLOW: Nature("There is more material here than the language model can read at once."),
    Code.BAD_REQUEST: Nature("The language model did not accept our request. Our staff can see why."),
    Code.CONTENT_FILTER: Nature("The language model declined to answer this. An attorney can look at it instead."),
    Code.CANCELED: Nature("The work was stopped."),
    Code.INSUFFICIENT_QUOTA: Nature(
        "Our account with the language model is used up. Our staff must set this right; nothing of yours is lost.",
        opens_breaker=True,
    ),
}


class LLMError(Exception):
    """A call to the model that gave no complete answer.

    `message`: plain words for a founder. `detail`: for staff, may quote the provider, and so words of the prompt; once
    it has left the client it has at most 500 characters, and never the key. `retryable`: the same call, tried again
    later and unchanged, may succeed. `opens_breaker`: every call to this provider, or to this model of it, will fail
    until a person changes something. `retry_after`: seconds the provider asked for, at most 60, or None.
    `seen_by_model`: the model may have begun to work on it, so it counts among a step's calls. `status`: HTTP status if
    an answer began. `request_id`: the provider's own id for the call. `usage`: what it counted, where it said so.
    """

    def __init__(
        self,
        code: Code,
        detail: str,
        *,
        seen_by_model: bool = False,
        retry_after: float | None = None,
        status: int | None = None,
        request_id: str | None = None,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message = NATURES[code].message
        self.detail = detail
        self.seen_by_model = seen_by_model
        self.retry_after = retry_after
        self.status = status
        self.request_id = request_id
        self.usage = usage

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"

    @property
    def retryable(self) -> bool:
        return NATURES[self.code].retryable

    @property
    def opens_breaker(self) -> bool:
        return NATURES[self.code].opens_breaker


class LLMCanceled(LLMError):
    """The call was ended by `Call.cancel(reason)`; `reason` is what was given there."""

    def __init__(self, reason: str, *, seen_by_model: bool, request_id: str | None = None) -> None:
        super().__init__(Code.CANCELED, reason, seen_by_model=seen_by_model, request_id=request_id)
        self.reason = reason


class NotAsked(LLMError):
    """The call was not made: a limit or a breaker of our own stands before it. `retry_after`: when to come again."""


@contextmanager
def leaving(api_key: str) -> Iterator[None]:
    """What every LLMError passes on its way out of the client: some servers quote the key, whatever their status."""
    try:
        yield
    except LLMError as error:
        detail = error.detail.replace(api_key, "[key]") if api_key else error.detail
        error.detail = detail[:DETAIL_LENGTH]  # shortened last, or half a key could stand at the end
        raise
