"""The client of the language model: any server that speaks OpenAI's chat completions.

The openai client carries base address, authentication, headers and error statuses. Requests go through its documented
`post` for custom requests with `cast_to=Response` (https://github.com/openai/openai-python#making-customundocumented-requests):
`chat.completions.create` walks and copies every message against its types, which costs three times the CPU.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2
import openai

from workers.clients.llm.call import Call
from workers.clients.llm.completion import malformed, read_reply
from workers.clients.llm.errors import Code, LLMCanceled, LLMError, leaving
from workers.clients.llm.failures import from_network, from_status, request_id_of
from workers.clients.llm.reply import Reply, Timeouts
from workers.clients.llm.stream import BROKEN, Stream
from workers.clients.llm.transport import http_client

Messages = Sequence[Mapping[str, Any]]
DEFAULT_TIMEOUTS = Timeouts()


class LLMClient:
    """One provider. Thread-safe; make one per process, after any fork, and share it: it holds the connection pool.

    `base_url` ends where `/chat/completions` begins, such as `https://api.openai.com/v1`. `api_key` may be empty for a
    local server. `timeouts` in seconds. `connections`: the most that are open at once, so as many as threads call; more
    calls than that wait for one up to `timeouts.connect`.
    """

    def __init__(self, base_url: str, api_key: str, timeouts: Timeouts = DEFAULT_TIMEOUTS, *, connections: int) -> None:
        self._timeouts = timeouts
        self._api_key = api_key.strip()
        self._openai = openai.OpenAI(
            api_key=self._api_key or "none",
            base_url=base_url,
            max_retries=0,
            timeout=timeouts.connect,
            http_client=http_client(base_url, connections=connections, connect_timeout=timeouts.connect),
        )

    def complete(
        self, messages: Messages, *, model: str, schema_name: str, schema: Mapping[str, Any], call: Call
    ) -> Reply:
        """One whole answer that is to satisfy `schema` (JSON Schema; strict, so every property required and
        `additionalProperties` false). The caller validates it. Raises LLMError."""
        wanted = {"name": schema_name, "schema": schema, "strict": True}
        body = {
            "model": model,
            "messages": messages,
            "response_format": {"type": "json_schema", "json_schema": wanted},
        }
        began = time.monotonic()
        with leaving(self._api_key):
            response = self._post(body, call, streaming=False)
            content = self._read(response, call)
            latency_ms = (time.monotonic() - began) * 1000
            return read_reply(content, request_id=request_id_of(response.headers), latency_ms=latency_ms)

    def stream(self, messages: Messages, *, model: str, call: Call) -> Stream:
        """A streamed answer in plain text. Returns when the server's headers are there; raises LLMError before that,
        and while the stream is read."""
        body = {"model": model, "messages": messages, "stream": True, "stream_options": {"include_usage": True}}
        with leaving(self._api_key):
            response = self._post(body, call, streaming=True)
            if response.headers.get("content-type", "").startswith("application/json"):
                content, request_id = self._read(response, call), request_id_of(response.headers)
                reply = read_reply(content, request_id=request_id, latency_ms=0.0)  # raises if it is an error
                raise malformed("a whole answer where a stream was asked for", request_id, reply.usage)
        return Stream(response, call, self._api_key)

    def close(self) -> None:
        """Close the connections. A worker's end with its process; this is for who makes many clients, as tests do."""
        self._openai.close()

    def _post(self, body: Mapping[str, Any], call: Call, *, streaming: bool) -> httpx2.Response:
        """The response with its body still unread."""
        if call.reason is not None:
            raise LLMCanceled(call.reason, seen_by_model=False)
        call.begin(self._timeouts, streaming=streaming)
        try:
            return self._send(body, call)
        except LLMError:
            call.end()
            raise

    def _send(self, body: Mapping[str, Any], call: Call) -> httpx2.Response:
        try:
            return self._openai.post("/chat/completions", cast_to=httpx2.Response, body=body, stream=True)
        except openai.APIStatusError as error:
            raise from_status(error) from error
        except openai.APIConnectionError as error:
            cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
            raise from_network(cause, call) from error
        except BROKEN as error:  # while the body of an error status was read
            raise from_network(error, call) from error
        except UnicodeEncodeError as error:
            raise LLMError(Code.BAD_REQUEST, "the messages hold lone surrogates") from error

    def _read(self, response: httpx2.Response, call: Call) -> bytes:
        try:
            return response.read()
        except BROKEN as error:
            request_id = request_id_of(response.headers)
            raise from_network(error, call, request_id=request_id, answering=True) from error
        finally:
            response.close()
            call.end()
