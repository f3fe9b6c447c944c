"""An answer that is not streamed."""

import asyncio
import json
import time
from typing import Any

from tests.fakes.llm.answers import reply_text
from tests.fakes.llm.completions import Completion

_WRONG = {"invalid_json": '{"broken": ', "schema_violation": '{"unexpected": true}', "content_filter": ""}


class WholeAnswer(Completion):
    async def send(self) -> None:
        await asyncio.sleep(self.settings.reply_delay)
        text = self._text()
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
        if self.kind == "refusal":
            message |= {"content": None, "refusal": "I can't help with that."}
        await self._send(self._body(message), text)

    def _text(self) -> str:
        text = reply_text(self.body, questions=self.settings.questions, replies=self.settings.replies)
        return text[: len(text) // 2] if self.kind == "length" else _WRONG.get(self.kind, text)

    def _body(self, message: dict[str, Any]) -> bytes:
        self.record.finish_reason = self.finish_reason()
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.record.finish_reason}
        completion = {
            "id": self.id, "object": "chat.completion", "created": int(time.time()), "model": self.record.model,
            "choices": [choice], "usage": self.usage(message["content"] or ""), "system_fingerprint": "fp_fake",
        }  # fmt: skip
        return json.dumps(completion).encode()

    async def _send(self, body: bytes, text: str) -> None:
        headers = {"Content-Type": "application/json", **self.headers}
        if self.kind == "stall":
            await self.connection.hang()
        elif self.kind == "keepalive":
            await self._send_blank_lines(headers)
        elif self.kind == "cut":
            self.connection.send_head(200, {**headers, "Content-Length": str(len(body))})
            self.connection.transport.write(body[: len(body) // 2])
            self.cut()
        else:
            self.connection.send_body(200, b"<html>Bad gateway</html>" if self.kind == "malformed" else body, headers)
            self.note(text)

    async def _send_blank_lines(self, headers: dict[str, str]) -> None:
        """As DeepSeek and others do while a request waits for its turn."""
        assert self.fault is not None
        self.connection.send_head(200, {**headers, "Transfer-Encoding": "chunked"})
        while True:
            self.connection.send_chunk(b"\n")
            await asyncio.sleep(self.fault.every)
