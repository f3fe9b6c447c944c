"""The chat-completions wire format: what a request must look like, and what goes back, whole or in pieces."""

import hashlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MODEL = "demo-model"
_PIECE = re.compile(r"\s*\S+\s?|\s+$")
_ROLES = ("system", "developer", "user", "assistant", "tool")
Json = dict[str, Any]


class BadRequestError(Exception):
    """The request breaks the wire format. `param` is the field at fault."""

    def __init__(self, message: str, param: str | None = None, status: int = 400, code: str | None = None) -> None:
        super().__init__(message)
        self.param, self.status, self.code = param, status, code

    def body(self) -> Json:
        kind = "invalid_request_error"
        return {"error": {"message": str(self), "type": kind, "param": self.param, "code": self.code}}


@dataclass(frozen=True)
class ChatRequest:
    """`prompt` is all that was said up to the first reply; `already_said` the assistant's last words, "" at first.

    `max_tokens` counts pieces (a word and its space), as `usage` does.
    """

    prompt: str
    already_said: str
    schema_name: str
    schema: Json | None
    stream: bool
    include_usage: bool
    max_tokens: int | None
    fingerprint: str


def read_chat_request(raw: bytes) -> ChatRequest:
    """The request in `raw`. Raises `BadRequestError`."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadRequestError("The body is not JSON that can be read.") from None
    if not isinstance(body, dict) or not isinstance(body.get("model"), str) or not body["model"]:
        raise BadRequestError("You must provide a model parameter.", "model")
    if body.get("n") not in (None, 1):
        raise BadRequestError("Only n = 1 is supported.", "n")
    said = _messages(body.get("messages"))
    name, schema = _schema(body.get("response_format"))
    options = body.get("stream_options") or {}
    return ChatRequest(
        prompt="\n".join(text for _, text in said[: _first_reply(said)]),
        already_said=next((text for role, text in reversed(said) if role == "assistant"), ""),
        schema_name=name,
        schema=schema,
        stream=bool(body.get("stream")),
        include_usage=isinstance(options, dict) and bool(options.get("include_usage")),
        max_tokens=_limit(body),
        fingerprint=hashlib.sha256(raw).hexdigest(),
    )


def _messages(messages: Any) -> list[tuple[str, str]]:
    if not isinstance(messages, list) or not messages:
        raise BadRequestError("'messages' must be a list of at least one message.", "messages")
    return [_message(message, f"messages.[{index}]") for index, message in enumerate(messages)]


def _message(message: Any, where: str) -> tuple[str, str]:
    if not isinstance(message, dict) or message.get("role") not in _ROLES:
        raise BadRequestError(f"Each message needs a role, one of {', '.join(_ROLES)}.", f"{where}.role")
    content = message.get("content")
    if isinstance(content, list):
        content = "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    if not isinstance(content, str):
        raise BadRequestError("A message's content must be text or a list of parts.", f"{where}.content")
    return message["role"], content


def _first_reply(said: list[tuple[str, str]]) -> int:
    return next((index for index, (role, _) in enumerate(said) if role == "assistant"), len(said))


def _schema(wanted: Any) -> tuple[str, Json | None]:
    """The name and the schema of a `response_format`; `json_object` asks for any object."""
    if wanted is None or (isinstance(wanted, dict) and wanted.get("type") == "text"):
        return "", None
    if isinstance(wanted, dict) and wanted.get("type") == "json_object":
        return "", {"type": "object", "properties": {}}
    given = wanted.get("json_schema") if isinstance(wanted, dict) and wanted.get("type") == "json_schema" else None
    if (
        not isinstance(given, dict)
        or not isinstance(given.get("schema"), dict)
        or not isinstance(given.get("name"), str)
    ):
        raise BadRequestError("response_format needs a type; json_schema needs a name and a schema.", "response_format")
    return given["name"], given["schema"]


def _limit(body: Json) -> int | None:
    limit = body.get("max_completion_tokens", body.get("max_tokens"))
    if limit is None:
        return None
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise BadRequestError("max_tokens must be a whole number of at least 1.", "max_tokens")
    return limit


@dataclass(frozen=True)
class Reply:
    """The pieces of the reply, cut at the request's limit, with what the wire says around them."""

    pieces: list[str]
    finish_reason: str
    fingerprint: str
    usage: Json
    created: int

    def whole(self) -> Json:
        message = {"role": "assistant", "content": "".join(self.pieces), "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish_reason}
        return self._head("chat.completion") | {"choices": [choice], "usage": self.usage}

    def chunks(self, include_usage: bool) -> Iterator[Json]:
        """The role, a chunk for each piece, the finish reason, and the usage if it is asked for."""
        yield self._chunk({"role": "assistant", "content": "", "refusal": None}, None, include_usage)
        for piece in self.pieces:
            yield self._chunk({"content": piece}, None, include_usage)
        yield self._chunk({}, self.finish_reason, include_usage)
        if include_usage:
            yield self._head("chat.completion.chunk") | {"choices": [], "usage": self.usage}

    def _chunk(self, delta: Json, finish_reason: str | None, include_usage: bool) -> Json:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self._head("chat.completion.chunk") | {"choices": [choice]} | ({"usage": None} if include_usage else {})

    def _head(self, kind: str) -> Json:
        return {"id": f"chatcmpl-{self.fingerprint[:24]}", "object": kind, "created": self.created, "model": MODEL}


def make_reply(request: ChatRequest, text: str) -> Reply:
    pieces = _PIECE.findall(text)
    kept = pieces[: request.max_tokens]
    prompt_tokens = len(_PIECE.findall(request.prompt))
    usage = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": len(kept),
        "total_tokens": prompt_tokens + len(kept),
    }
    return Reply(kept, "stop" if len(kept) == len(pieces) else "length", request.fingerprint, usage, int(time.time()))
