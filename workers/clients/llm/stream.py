"""A streamed answer, read from the raw bytes of the response.

The openai client builds pydantic objects for each chunk; here a chunk costs one `json.loads`. Its form:
https://platform.openai.com/docs/api-reference/chat-streaming
"""

import json
from collections.abc import Generator, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import httpcore2
import httpx2

from workers.clients.llm.body import pieces_of
from workers.clients.llm.call import Call
from workers.clients.llm.completion import malformed
from workers.clients.llm.errors import Code, LLMError, leaving
from workers.clients.llm.failures import from_error_object, from_network, request_id_of
from workers.clients.llm.reply import Usage, read_usage
from workers.clients.llm.sse import EventParser

USAGE_SECONDS = 2.0  # after the finish reason, for the usage chunk and [DONE]
END_SECONDS = 0.25  # after [DONE], for the end of the body: then the connection can be used again
BROKEN = (
    httpx2.HTTPError,
    httpx2.StreamError,
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
)


class Stream:
    """An iterator of the answer's text, in pieces as they came (never empty, several deltas of one read joined).

    After its end: `finish_reason` ("stop", "length", "content_filter", another word, or None where the server gave
    none: then the text may not be complete), `usage`, `model`, `request_id`. Raises LLMError; text given before stays
    good. Once the finish reason has come nothing that fails later is an error. Close it, or use it in a `with`, if it
    is not read to its end.
    """

    def __init__(self, response: httpx2.Response, call: Call, api_key: str = "") -> None:
        self.finish_reason: str | None = None
        self.usage: Usage | None = None
        self.model: str | None = None
        self.request_id = request_id_of(response.headers)
        self._response = response
        self._call = call
        self._parser = EventParser()
        self._found: list[str] = []
        self._seen_event = self._done = self._refused = False
        self._texts = self._read_all(api_key)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        return next(self._texts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back, or end it if the answer is still coming."""
        self._texts.close()
        self._finish()

    def _finish(self) -> None:
        self._response.close()
        self._call.end()

    def _read_all(self, api_key: str) -> Generator[str]:
        with leaving(api_key):
            yield from self._read()

    def _read(self) -> Generator[str]:
        pieces = pieces_of(self._response)
        try:
            for piece in pieces:
                failure = self._take_all(piece)
                if self._found:
                    yield "".join(self._found)
                    self._found.clear()
                if failure is not None:
                    raise failure
                if self._done:
                    break
            self._end(pieces)
        except BROKEN as error:
            if self._must_fail():
                raise from_network(error, self._call, request_id=self.request_id, answering=True) from error
        except LLMError:
            if self._must_fail():
                raise
        finally:
            self._finish()

    def _must_fail(self) -> bool:
        return self.finish_reason is None or self._call.canceled

    def _take_all(self, piece: bytes) -> LLMError | None:
        """Returns the failure instead of raising it: the text before it is to be given first."""
        try:
            for data in self._parser.feed(piece):
                if data.startswith(b"[DONE]"):
                    self._done = True
                    break
                self._take(json.loads(data.decode()))
        except LLMError as error:
            return error
        except (ValueError, RecursionError, TypeError, AttributeError, LookupError) as error:
            return malformed(f"a chunk that cannot be read: {error!r}", self.request_id)
        return None

    def _take(self, chunk: dict[str, Any]) -> None:
        self._seen_event = True
        if chunk.get("error"):
            raise from_error_object(chunk["error"], request_id=self.request_id)
        if not self.model:  # empty in Azure's first chunk
            self.model = chunk.get("model")
            self.request_id = self.request_id or chunk.get("id")
        if chunk.get("usage"):
            self.usage = read_usage(chunk["usage"])
        for choice in chunk.get("choices") or ():  # none in the usage chunk, and in Azure's first one
            if not choice.get("index"):  # a server may write several at once; the first one is read
                self._take_choice(choice)

    def _take_choice(self, choice: dict[str, Any]) -> None:
        delta = choice.get("delta") or {}
        content = delta.get("content")
        if content:
            if not isinstance(content, str):
                raise TypeError("content is not text")
            self._found.append(content)
            self._call.got_content()
        elif delta.get("reasoning_content") or delta.get("reasoning"):  # not for the page, but the model is at work
            self._call.got_content()
        elif delta.get("refusal"):
            self._refused = True
        if choice.get("finish_reason"):
            self.finish_reason = "content_filter" if self._refused else choice["finish_reason"]
            self._call.wait_no_longer_than(USAGE_SECONDS)

    def _end(self, pieces: Iterator[bytes]) -> None:
        if self._done:
            self._call.wait_no_longer_than(END_SECONDS)
            with suppress(*BROKEN):
                for _ in pieces:
                    pass
        elif self._seen_event or "event-stream" in self._response.headers.get("content-type", ""):
            raise LLMError(Code.CUT, "no end", seen_by_model=True, status=200, request_id=self.request_id)
        else:
            raise malformed("the answer is not an event stream", self.request_id)
