"""What the fake model does, as set over `POST /_control`."""

import dataclasses
import random
from dataclasses import dataclass, field
from typing import Any

# kind → (HTTP status, error type, error code, message), in the words of the real providers where they matter
REFUSALS: dict[str, tuple[int, str | None, str | None, str]] = {
    "rate_limit": (429, "requests", "rate_limit_exceeded", "Rate limit reached for requests per min (RPM)"),
    "insufficient_quota": (429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota"),
    "server_error": (500, "server_error", None, "The server had an error while processing your request"),
    "unavailable": (503, "service_unavailable_error", "server_is_overloaded", "The engine is currently overloaded"),
    "unauthorised": (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided"),
    "forbidden": (403, "request_forbidden", "unsupported_country_region_territory", "Country not supported"),
    "payment_required": (402, None, None, "Insufficient credits"),
    "not_this_model": (403, "key_model_access_denied", "403", "key not allowed to access model"),
    "moderated": (403, None, None, 'requires moderation. Your input was flagged for "violence"'),
    "unknown_model": (404, "invalid_request_error", "model_not_found", "The model does not exist"),
    "context_overflow": (400, "invalid_request_error", "context_length_exceeded", "maximum context length is 8192"),
    "bad_request": (400, "invalid_request_error", None, "Unrecognized request argument supplied"),
    "filtered_prompt": (400, None, "content_filter", "The response was filtered due to the prompt"),
}
# Faults after the request was taken. `invalid_json` and `schema_violation` are about replies with a schema,
# `error_event`, `no_events`, `no_done` (but a finish reason), `no_end` (neither)
# and `stall_at_end` (a finish reason, then silence) about streams; the others mean the
# nearest thing in both.
ANSWERS_GONE_WRONG = (
    "refuse", "cut", "malformed", "stall", "keepalive", "length", "content_filter", "no_finish",
    "invalid_json", "schema_violation", "refusal",
    "error_event", "no_done", "no_end", "no_events", "stall_at_end",
)  # fmt: skip
KINDS = frozenset(REFUSALS) | frozenset(ANSWERS_GONE_WRONG)


@dataclass(frozen=True)
class Fault:
    """One way to go wrong. `schema`: only for calls of that schema name ("stream": for streams), None for any."""

    kind: str
    schema: str | None = None
    after_chunks: int | None = None  # text chunks that still come; by default 3, for stall and keepalive 0
    retry_after: float | str | None = None  # header Retry-After: seconds, or an HTTP date
    retry_after_ms: int | None = None
    abort: bool = False  # cut by a reset of the connection instead of its orderly end
    every: float = 0.02  # seconds between keep-alives

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind {self.kind!r}; there are {sorted(KINDS)}")

    def fits(self, name: str) -> bool:
        return self.schema in (None, name)


@dataclass
class Settings:
    """All that can be set; unknown names are refused. Times in seconds, sizes in code points."""

    text: str | None = None  # the streamed text, instead of one that is made
    text_size: int = 2_000
    astral: bool = False  # with characters beyond the basic plane in the text that is made
    chunk: int = 12
    interval: float = 0.005
    first_token: float = 0.0
    reply_delay: float = 0.0  # before a reply that is not streamed
    usage: bool = True  # told at the end of a call
    escape: bool = False  # non-ASCII as \\uXXXX in the JSON of chunks
    questions: int = 12
    replies: dict[str, Any] = field(default_factory=dict)  # by schema name: fields that replace those made up
    key: str | None = None  # the only key that is accepted
    always: Fault | None = None
    fail_next: list[Fault] = field(default_factory=list)  # each is used up by the first call that it fits
    random_faults: list[Fault] = field(default_factory=list)
    probability: float = 0.0
    seed: int = 0

    def changed(self, values: dict[str, Any]) -> "Settings":
        """Raises TypeError or ValueError for what cannot be set."""
        for name in ("fail_next", "random_faults"):
            if name in values:
                values[name] = [Fault(**fault) for fault in values[name]]
        if values.get("always"):
            values["always"] = Fault(**values["always"])
        return dataclasses.replace(self, **values)


class Chooser:
    """Which fault the next call gets."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._random = random.Random(settings.seed)

    def fault_for(self, name: str) -> Fault | None:
        settings = self.settings
        for fault in settings.fail_next:
            if fault.fits(name):
                settings.fail_next.remove(fault)
                return fault
        if settings.always is not None and settings.always.fits(name):
            return settings.always
        fitting = [fault for fault in settings.random_faults if fault.fits(name)]
        if fitting and self._random.random() < settings.probability:
            return self._random.choice(fitting)
        return None
