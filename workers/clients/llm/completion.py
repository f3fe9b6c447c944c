"""Reading the body of a chat completion that was not streamed.

Its form: https://platform.openai.com/docs/api-reference/chat/object
"""

import json
from collections.abc import Mapping
from typing import Any

from workers.clients.llm.errors import Code, LLMError
from workers.clients.llm.failures import from_error_object
from workers.clients.llm.reply import Reply, Usage, read_usage


def read_reply(body: bytes, *, request_id: str | None, latency_ms: float) -> Reply:
    """Raises LLMError: `malformed` where it is not a completion, `content_filter` where the model refused, or what an
    `error` object in it says (OpenRouter sends such bodies with status 200)."""
    completion = _object(body, request_id)
    if completion.get("error"):
        raise from_error_object(completion["error"], request_id=request_id)
    usage = read_usage(completion.get("usage"))
    try:
        choice = completion["choices"][0]
        text = _text(choice["message"], request_id, usage)
        return Reply(
            text=text,
            finish_reason=choice.get("finish_reason"),
            usage=usage,
            model=str(completion.get("model") or ""),
            request_id=request_id or completion.get("id"),
            latency_ms=latency_ms,
        )
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise malformed(f"not a chat completion: {error!r}", request_id, usage) from error


def _object(body: bytes, request_id: str | None) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:  # ValueError: bad JSON, bad UTF-8, an integer of 5,000 digits
        raise malformed(f"not JSON: {error}", request_id) from error
    if not isinstance(value, dict):
        raise malformed("JSON, but not an object", request_id)
    return value


def _text(message: Mapping[str, Any], request_id: str | None, usage: Usage | None) -> str:
    """The content; a `refusal` stands in its place where the model declined a request with a schema:
    https://platform.openai.com/docs/guides/structured-outputs#refusals"""
    if message.get("refusal"):
        said = f"refused: {message['refusal']}"
        raise LLMError(Code.CONTENT_FILTER, said, seen_by_model=True, request_id=request_id, usage=usage)
    content = message.get("content")
    if content is not None and not isinstance(content, str):
        raise TypeError("content is not text")
    return content or ""


def malformed(detail: str, request_id: str | None, usage: Usage | None = None) -> LLMError:
    return LLMError(Code.MALFORMED, detail, seen_by_model=True, status=200, request_id=request_id, usage=usage)
