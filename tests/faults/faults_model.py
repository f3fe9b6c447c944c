"""The faults of the model: a fifth of its calls goes wrong, each time in another way."""

from dataclasses import dataclass
from typing import Any, ClassVar

from tests.faults.breakable import Breakable
from tests.faults.load import Load

# What opens the breaker (a revoked key, an unknown model) and what no second try helps (a context that is too long) is
# all or nothing, and has tests of its own in tests/workers.
FAILURES: tuple[dict[str, Any], ...] = (
    {"kind": "rate_limit", "retry_after": 1}, {"kind": "rate_limit"},
    {"kind": "server_error"}, {"kind": "unavailable"}, {"kind": "refuse"},
    {"kind": "cut"}, {"kind": "cut", "abort": True}, {"kind": "malformed"},
    {"kind": "stall"}, {"kind": "stall", "after_chunks": 3}, {"kind": "keepalive"},
    {"kind": "invalid_json"}, {"kind": "schema_violation"}, {"kind": "refusal"},
    {"kind": "length"}, {"kind": "content_filter"}, {"kind": "no_finish"},
    {"kind": "error_event", "schema": "stream"}, {"kind": "no_end", "schema": "stream"},
)  # fmt: skip
# Without waiting for LLM_CALL_SECONDS, after which a step's call that says nothing is given up; a stream is after 4 s.
QUICK = tuple(f | {"schema": "stream"} if f["kind"] in {"stall", "keepalive"} else f for f in FAILURES)


@dataclass(frozen=True)
class ModelFails:
    """Until so many calls have failed."""

    failures: int = 12
    seed: int = 1
    share: float = 0.2
    kinds: tuple[dict[str, Any], ...] = FAILURES
    name: ClassVar[str] = "the model fails, 20 % of calls"

    def strike(self, product: Breakable, load: Load) -> None:
        wanted = failed_calls(product) + self.failures
        product.llm.set(random_faults=list(self.kinds), probability=self.share, seed=self.seed)
        try:
            while failed_calls(product) < wanted:
                load.submit(4)
                load.wait_until_ended(5)
        finally:
            product.llm.set(probability=0.0)


def failed_calls(product: Breakable) -> int:
    return sum(call["fault"] is not None for call in product.llm.calls())
