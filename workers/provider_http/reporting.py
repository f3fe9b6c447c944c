"""What is told of each HTTP call: enough to see who was asked for what, and nothing of what came."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from workers.provider_http.errors import Code, ProviderError


@dataclass(frozen=True)
class ProviderCallRecord:
    """One HTTP call. `record_ids`: what the provider calls the records that came. `status`: None without an answer."""

    provider: str
    operation: str
    status: int | None
    latency_ms: int
    record_ids: tuple[str, ...] = ()
    error_code: Code | None = None


Recorder = Callable[[ProviderCallRecord], None]


class Report:
    """Collects what is known of a call and tells it at the end, also of one that failed."""

    def __init__(self, provider: str, operation: str, record: Recorder | None) -> None:
        self._provider, self._operation, self._record = provider, operation, record
        self._started = time.monotonic()
        self.status: int | None = None
        self.record_ids: tuple[str, ...] = ()

    def __enter__(self) -> "Report":
        return self

    def __exit__(self, kind: object, error: BaseException | None, at: object) -> None:
        if self._record is None:
            return
        latency = round((time.monotonic() - self._started) * 1000)
        code = error.code if isinstance(error, ProviderError) else None
        self._record(
            ProviderCallRecord(self._provider, self._operation, self.status, latency, self.record_ids, code),
        )
