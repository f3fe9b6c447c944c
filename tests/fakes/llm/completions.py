"""What streamed and whole answers share: the record of the call, refusals by status, ids and usage.

The form of the answers: https://platform.openai.com/docs/api-reference/chat
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from tests.fakes.llm.connection import Connection
from tests.fakes.llm.settings import REFUSALS, Fault, Settings


@dataclass
class Record:
    """A call as the server saw it. Times are Unix times; `sent` is the text that went out, `sha256` its digest."""

    number: int
    name: str  # the schema's name, or "stream", or "text"
    model: str
    key: str
    prompt: str  # both ends of it
    began: float
    fault: str | None
    client_port: int  # the same for calls over one connection
    request: dict[str, Any]  # without messages and schema
    status: int | None = None
    sent: int = 0
    sha256: str | None = None
    finish_reason: str | None = None
    ended: float | None = None
    aborted: bool = False  # the client went away


@dataclass
class Completion:
    """One call, being answered."""

    connection: Connection
    body: dict[str, Any]
    prompt: str
    settings: Settings
    fault: Fault | None
    record: Record

    async def answer(self) -> None:
        if self.kind == "refuse":
            self.connection.transport.abort()
        elif self.kind in REFUSALS:
            self._refuse(*REFUSALS[self.kind])
        else:
            self.record.status = 200
            await self.send()

    async def send(self) -> None:
        raise NotImplementedError

    @property
    def kind(self) -> str:
        return self.fault.kind if self.fault else ""

    @property
    def id(self) -> str:
        return f"chatcmpl-fake-{self.record.number}"

    @property
    def headers(self) -> dict[str, str]:
        return {"x-request-id": f"req-fake-{self.record.number}"}

    def _refuse(self, status: int, kind: str | None, code: str | None, message: str) -> None:
        assert self.fault is not None
        headers = self.headers
        if self.fault.retry_after is not None:
            headers["Retry-After"] = str(self.fault.retry_after)
        if self.fault.retry_after_ms is not None:
            headers["retry-after-ms"] = str(self.fault.retry_after_ms)
        self.record.status = status
        error = {"message": message, "type": kind, "param": None, "code": code}
        self.connection.send_json(status, {"error": error}, headers)

    def finish_reason(self) -> str | None:
        if self.kind in ("length", "content_filter"):
            return self.kind
        return None if self.kind in ("no_finish", "no_end") else "stop"

    def usage(self, text: str) -> dict[str, int] | None:
        if not self.settings.usage:
            return None
        prompt, completion = len(self.prompt) // 4, len(text) // 4
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}

    def cut(self) -> None:
        if self.fault is not None and self.fault.abort:
            self.connection.transport.abort()
        else:
            self.connection.transport.close()

    def note(self, text: str) -> None:
        self.record.sent = len(text)
        self.record.sha256 = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
