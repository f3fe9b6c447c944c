"""What every LLM step shares: the request with its strict schema, the reading of the reply, the one repair.

Whatever satisfies a step's schema is processed. So a rule is either in the schema, where a server that enforces it
(OpenAI's strict mode, llama.cpp's grammar) can't break it, or its breach has a path of its own in the step's module.
"""

import functools
import json
import re
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from workers.prompts import Message, Prompt
from workers.prompts.blocks import scrub

Kind = Literal["text", "yes_no", "date", "money", "number", "choice"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Schema = dict[str, Any]

_REPLAYED_CHARS = 4_000
_DROPPED = ("$defs", "title", "default", "description", "properties")
_THOUGHTS = re.compile(r"\s*<think>.*?</think>", re.DOTALL)
_FENCED = re.compile(r"\s*```(?:json)?(?P<inside>.*)```\s*", re.DOTALL | re.IGNORECASE)
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<unstorable>u(?:[dD][89a-fA-F][0-9a-fA-F]{2}|0000))|.)",
    re.DOTALL,
)


class Reply(BaseModel):
    """Base of the steps' replies: no other fields than its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


R = TypeVar("R", bound=Reply)


class ReplyInvalid(Exception):
    """The reply does not satisfy its schema. `str()` says how, in words that can be sent back to the model."""


@dataclass(frozen=True)
class LLMRequest(Generic[R]):
    """One call of a model: what is said, the strict JSON schema of the reply, and the type that reads it."""

    messages: list[Message]
    schema_name: str
    schema: Schema
    reply_type: type[R]

    @functools.cached_property
    def prompt_text(self) -> str:
        """The messages as they are kept on record."""
        return prompt_text(self.messages)

    @functools.cached_property
    def schema_text(self) -> str:
        """The schema as JSON."""
        return json.dumps(self.schema, sort_keys=True)


def prompt_text(messages: list[Any]) -> str:
    """Messages as JSON. ASCII, so that there is nothing in it which PostgreSQL does not take."""
    return json.dumps(messages, sort_keys=True)


def request_for(prompt: Prompt, reply_type: type[R], schema: Schema | None = None, **values: str) -> LLMRequest[R]:
    """The request of the step that `prompt` is named after; `schema` where it is narrower than the type's own."""
    return LLMRequest(
        messages=prompt.messages(**values),
        schema_name=prompt.name,
        schema=schema or strict_schema(reply_type),
        reply_type=reply_type,
    )


@functools.cache
def strict_schema(reply_type: type[BaseModel]) -> Schema:
    """The type's JSON schema in the strict subset: closed objects, everything required, no references, no defaults.

    The subset is OpenAI's (https://platform.openai.com/docs/guides/structured-outputs#supported-schemas), which
    allows lengths, bounds, formats and item counts since May 2025. The result is shared: don't change it.
    """
    raw = reply_type.model_json_schema()
    closed: Schema = _close(raw, raw.get("$defs", {}))
    return closed


def _close(node: Any, definitions: Schema) -> Any:
    if isinstance(node, list):
        return [_close(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _close(deepcopy(definitions[node["$ref"].rpartition("/")[2]]), definitions)
    closed = {name: _close(value, definitions) for name, value in node.items() if name not in _DROPPED}
    if node.get("type") == "object":
        closed["properties"] = {name: _close(sub, definitions) for name, sub in node["properties"].items()}
        closed |= {"required": list(node["properties"]), "additionalProperties": False}
    return closed


def parse_reply(request: LLMRequest[R], text: str) -> R:
    """The reply as its type, with U+FFFD for each NUL and lone surrogate. Raises `ReplyInvalid`, and nothing else."""
    try:
        return request.reply_type.model_validate_json(_without_unstorable_escapes(_unwrapped(scrub(text))))
    except ValidationError as error:
        raise ReplyInvalid(_explain(error)) from None
    except (ValueError, ArithmeticError, RecursionError):
        raise ReplyInvalid("The reply could not be read as JSON.") from None


def _unwrapped(text: str) -> str:
    """The JSON of servers that do not enforce a schema: behind one block of thoughts, in one fence. Neither begins as
    JSON can, so what is JSON stays as it is."""
    thoughts = _THOUGHTS.match(text)
    answer = text[thoughts.end() :] if thoughts else text
    fenced = _FENCED.fullmatch(answer)
    return fenced["inside"] if fenced else answer


def _without_unstorable_escapes(text: str) -> str:
    return _ESCAPE.sub(lambda match: r"\ufffd" if match["unstorable"] else match[0], text)


def _explain(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [f"- {'.'.join(map(str, p['loc']))[:100] or 'the reply'}: {p['msg'][:200]}" for p in problems[:10]]
    return "\n".join(lines)


def repair_messages(request: LLMRequest[R], bad_text: str, error: ReplyInvalid) -> list[Message]:
    """The messages of the one repair attempt: the first ones, the bad reply (its beginning), and what is wrong."""
    return [
        *request.messages,
        {"role": "assistant", "content": scrub(bad_text[:_REPLAYED_CHARS]) or "(empty)"},
        {
            "role": "user",
            "content": f"That reply does not satisfy the schema `{request.schema_name}`:\n{error}\n"
            "Answer the same request again. Reply with the one JSON object only, complete and valid, and change "
            "nothing that was right.",
        },
    ]
