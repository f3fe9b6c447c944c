"""What can go wrong with a call to a provider of facts: one exception, told apart by its `code`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Code(StrEnum):
    """Why a call failed. The value is what is stored."""

    UNAUTHORIZED = "unauthorized"  # 401: token or client id wrong, expired or revoked
    FORBIDDEN = "forbidden"  # 403, or a token without any scope: right token, no permission
    GRANT_REFUSED = "grant_refused"  # a code or refresh token that is used, expired or revoked
    NOT_FOUND = "not_found"  # 404: no such record, or none that this token may see
    RATE_LIMITED = "rate_limited"  # 429
    UNAVAILABLE = "unavailable"  # 5xx, no connection, no answer in time, cut in the middle
    MALFORMED = "malformed"  # not what the API is known to say: bad JSON, too large, a redirect, no id
    FOREIGN_HOST = "foreign_host"  # the next page is on another host
    REJECTED = "rejected"  # any other 4xx: the provider does not take our request as it is


TRANSIENT = frozenset({Code.RATE_LIMITED, Code.UNAVAILABLE})

_SENTENCES = {
    Code.UNAUTHORIZED: "{name} no longer accepts our access. Connect {name} again.",
    Code.FORBIDDEN: "{name} does not let us see this. An administrator of your {name} account can allow it; "
    "until then, such questions come to you.",
    Code.GRANT_REFUSED: "The permission that {name} gave has expired or was already used. Connect {name} again.",
    Code.NOT_FOUND: "{name} has no such record, or none that we may see. Please look it up yourself.",
    Code.RATE_LIMITED: "{name} is too busy right now. We try again on our own; you don't need to do anything.",
    Code.UNAVAILABLE: "{name} can't be reached right now. We try again on our own; you don't need to do anything.",
    Code.MALFORMED: "{name}'s answer could not be read. Please answer yourself; our staff can see that it failed.",
    Code.FOREIGN_HOST: "{name}'s answer pointed to another address, where we do not send your credentials. Please "
    "answer yourself; our staff must look at this.",
    Code.REJECTED: "{name} did not accept our request. Please answer yourself; our staff can see why.",
}


@dataclass(frozen=True)
class Provider:
    """What is particular to a provider.

    `key` is its name in the database, `name` the one for people. `reasons` are words that may stand in the body of a
    403. `sentences` replace the general ones, by reason, else by code. `grants` says how its token endpoint spells a
    grant type, the likeliest first.
    """

    key: str
    name: str
    reasons: tuple[str, ...] = ()
    sentences: Mapping[str, str] = field(default_factory=dict)
    upper_case_grants: bool = False

    def sentence(self, code: Code, reason: str | None = None) -> str:
        """For a founder: what is wrong, who can mend it, and how."""
        own = self.sentences.get(reason or "") or self.sentences.get(code)
        return own or _SENTENCES[code].format(name=self.name)


class ProviderError(Exception):
    """A call that brought nothing.

    `message`: a plain sentence for a founder; never a body, a token or a record. `permanent`: the same call fails
    again until a person changes something. `retry_after`: seconds the provider asked for, 0 to 60, or None. `reason`:
    the provider's own word for a 403, if it is one that we know. `status`: HTTP status if an answer came.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        permanent: bool,
        retry_after: float | None = None,
        reason: str | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.permanent = permanent
        self.retry_after = retry_after
        self.reason = reason
        self.status = status


def failure(
    provider: Provider,
    code: Code,
    *,
    retry_after: float | None = None,
    reason: str | None = None,
    status: int | None = None,
) -> ProviderError:
    """The error of this code, in the provider's sentence."""
    return ProviderError(
        code,
        provider.sentence(code, reason),
        permanent=code not in TRANSIENT,
        retry_after=retry_after,
        reason=reason,
        status=status,
    )
