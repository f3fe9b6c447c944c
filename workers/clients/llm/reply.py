"""What a call gives back, and the limits of time it runs under."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Limits of one call, in seconds.

    `connect`: for each address of the server. `first_content` and `between_contents`: how long a stream may keep us
    waiting for text; comments, keep-alives and empty deltas do not count as text. `total`: the whole call, streamed or
    not.
    """

    connect: float = 5.0
    first_content: float = 30.0
    between_contents: float = 20.0
    total: float = 300.0


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer.

    `finish_reason`: "stop", "length", "content_filter", another word of the provider, or None where it gave none; only
    "stop" means that the text is all there. `model`: as the provider named it, which may be a dated version of what was
    asked. `latency_ms`: from before the request to the last byte.
    """

    text: str
    finish_reason: str | None
    usage: Usage | None
    model: str
    request_id: str | None
    latency_ms: float


def read_usage(value: object) -> Usage | None:
    """The `usage` object of a completion or of a stream's last chunk; None where it is absent or not in that form."""
    if not isinstance(value, Mapping):
        return None
    prompt, completion = value.get("prompt_tokens"), value.get("completion_tokens")
    if not isinstance(prompt, int) or not isinstance(completion, int):
        return None
    return Usage(prompt, completion)
