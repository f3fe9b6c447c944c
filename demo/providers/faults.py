"""What can be made to go wrong, each at the start of a server: `--fault NAME`."""

import json
from enum import StrEnum

from demo.http11 import Request
from demo.providers.answers import Answer


class Fault(StrEnum):
    """The first four and `slow` are of all answers but `/health` and tokens; the others are where they belong."""

    RATE_LIMITED_ONCE = "rate-limited-once"  # the first request of each address: 429, wait one second
    UNAUTHORIZED_ONCE = "unauthorized-once"  # the first request: 401, whatever its token
    UNAVAILABLE = "unavailable"  # 503
    MALFORMED_JSON = "malformed-json"  # 200, broken off in the middle
    SLOW = "slow"  # two seconds before each answer
    FORBIDDEN = "forbidden"  # Rippling's 403, and Carta's INSUFFICIENT_SCOPE
    FORBIDDEN_INTERNAL = "forbidden-internal"  # Carta's MISSING_INTERNAL_PERMISSION
    REDACTED_COMPENSATION = "redacted-compensation"  # Rippling holds pay back
    REPEATED_PAGE = "repeated-page"  # the next page is the same again, for ever
    FOREIGN_NEXT_LINK = "foreign-next-link"  # Rippling's next page is on another host
    SMALL_LETTER_GRANTS = "small-letter-grants"  # Carta takes `client_credentials`, and no capitals
    EMPTY_SCOPE = "empty-scope"  # Carta's token permits nothing


SLOW_SECONDS = 2.0


class Faults:
    """The faults of one server, with the memory of those that happen once."""

    def __init__(self, wished: frozenset[Fault]) -> None:
        self._wished = wished
        self._happened: set[str] = set()

    def instead(self, request: Request, carta: bool) -> Answer | None:
        """What is answered instead, before anything is looked at."""
        if Fault.UNAVAILABLE in self._wished:
            return Answer(503, {"message": "Service Unavailable"})
        if Fault.RATE_LIMITED_ONCE in self._wished and self._first(f"rate {request.path}?{request.query}"):
            name = "RateLimit-Reset" if carta else "Retry-After"
            return Answer(429, {"message": "API rate limit exceeded"}, {name: "1"})
        if Fault.UNAUTHORIZED_ONCE in self._wished and self._first("token"):
            return Answer(401, {"message": "Unauthorized"})
        return None

    def broken(self, answer: Answer) -> bytes:
        """The body of an answer, as it is sent."""
        content = json.dumps(answer.body).encode()
        return content[: len(content) // 2] if Fault.MALFORMED_JSON in self._wished else content

    @property
    def delay(self) -> float:
        """Seconds before each answer."""
        return SLOW_SECONDS if Fault.SLOW in self._wished else 0.0

    def _first(self, name: str) -> bool:
        is_first = name not in self._happened
        self._happened.add(name)
        return is_first
