"""A streamed answer: one event for each piece of text, then finish reason, usage and [DONE]."""

import asyncio
import json
from typing import Any

from tests.fakes.llm.completions import Completion
from tests.fakes.llm.texts import make_text

HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "Transfer-Encoding": "chunked"}
_BREAKS = {"cut": 3, "malformed": 3, "error_event": 3, "stall": 0, "keepalive": 0}  # after so many pieces
_ERROR = {"error": {"message": "The server had an error", "type": "server_error", "param": None, "code": None}}


class StreamedAnswer(Completion):
    async def send(self) -> None:
        self.connection.send_head(200, HEADERS | self.headers)
        if self.kind == "no_events":
            return self.connection.end_chunks()
        await asyncio.sleep(self.settings.first_token)
        self._event({"role": "assistant", "content": "", "refusal": None})
        text = self._text()
        if await self._send_pieces(text):
            await self._end(text)
        else:
            await self._break_off()
        return None

    def _text(self) -> str:
        settings = self.settings
        if self.kind == "refusal":
            return ""
        text = settings.text
        if text is None:
            text = make_text(self.record.number, self.prompt, size=settings.text_size, astral=settings.astral)
        return text[: len(text) // 2] if self.kind in ("length", "content_filter") else text

    async def _send_pieces(self, text: str) -> bool:
        """False where the fault is to strike instead of the end."""
        size, sent = self.settings.chunk, 0
        break_at = self._break_at()
        before, after = (part.encode() for part in self._around_content())
        try:
            for number, at in enumerate(range(0, len(text), size)):
                if number == break_at:
                    return False
                piece = json.dumps(text[at : at + size], ensure_ascii=self.settings.escape)
                self.connection.send_chunk(before + piece.encode(errors="surrogatepass") + after)
                sent = at + size
                await asyncio.sleep(self.settings.interval)
        finally:
            self.note(text[:sent])
        return break_at is None

    def _break_at(self) -> int | None:
        if self.fault is None or self.kind not in _BREAKS:
            return None
        return _BREAKS[self.kind] if self.fault.after_chunks is None else self.fault.after_chunks

    async def _break_off(self) -> None:
        if self.kind == "cut":
            self.cut()
        elif self.kind == "stall":
            await self.connection.hang()
        elif self.kind == "keepalive":
            await self._send_comments()
        else:
            error = json.dumps(_ERROR).encode()
            self._data(b'{"id": "chatcmpl-fake", "choi' if self.kind == "malformed" else error)
            self.connection.end_chunks()

    async def _send_comments(self) -> None:
        """As OpenRouter does while a request waits for its turn."""
        assert self.fault is not None
        while True:
            self.connection.send_chunk(b": PROCESSING\n\n")
            await asyncio.sleep(self.fault.every)

    async def _end(self, text: str) -> None:
        self.record.finish_reason = self.finish_reason()
        if self.kind == "refusal":
            self._event({"refusal": "I can't help with that."})
        if self.record.finish_reason is not None:
            self._event({}, self.record.finish_reason)
        if self.kind == "stall_at_end":
            await self.connection.hang()
        if self.body.get("stream_options", {}).get("include_usage"):
            self._data(json.dumps({**self._envelope(), "choices": [], "usage": self.usage(text)}).encode())
        if self.kind not in ("no_done", "no_end"):
            self._data(b"[DONE]")
        self.connection.end_chunks()

    def _event(self, delta: dict[str, Any], finish_reason: str | None = None) -> None:
        self._data(self._chunk(delta, finish_reason).encode())

    def _data(self, data: bytes) -> None:
        self.connection.send_chunk(b"data: " + data + b"\n\n")

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return json.dumps({**self._envelope(), "choices": [choice]})

    def _around_content(self) -> tuple[str, str]:
        """What stands around the text in each event, so that only the text has to be encoded for each."""
        before, _, after = self._chunk({"content": "\0"}).partition('"\\u0000"')
        return f"data: {before}", f"{after}\n\n"

    def _envelope(self) -> dict[str, Any]:
        return {
            "id": self.id, "object": "chat.completion.chunk", "created": int(self.record.began),
            "model": self.record.model, "system_fingerprint": "fp_fake",
        }  # fmt: skip
