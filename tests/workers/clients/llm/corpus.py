"""Streams in the shapes that real servers send, with what they say.

OpenAI: https://platform.openai.com/docs/api-reference/chat-streaming · Azure: an empty first chunk with the filter's
view of the prompt, https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter · llama.cpp: finish
reason and usage in one chunk, https://github.com/ggml-org/llama.cpp/issues/15443 · vLLM: usage in every chunk where
asked, https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html · OpenRouter: comments while it waits,
https://openrouter.ai/docs/api-reference/streaming
"""

import json
from dataclasses import dataclass
from typing import Any

from workers.clients.llm import Usage

TEXT = [
    "## Bottom line",
    "\n\n",
    "Yes: “§ 220” ",
    "applies [P1]",
    " \N{SCALES}\N{GRINNING FACE}",
    " é\u2028\u0085.",
    "",
]
SAFE = {"hate": {"filtered": False, "severity": "safe"}, "self_harm": {"filtered": False, "severity": "safe"}}
COUNTED = Usage(21, 9)
USAGE = {"prompt_tokens": 21, "completion_tokens": 9, "total_tokens": 30}


@dataclass(frozen=True)
class Sample:
    name: str
    body: bytes
    finish_reason: str | None = "stop"
    usage: Usage | None = COUNTED
    text: str = "".join(TEXT)


def _event(value: Any, *, space: str = " ", ascii_only: bool = False, end: str = "\n") -> bytes:
    return f"data:{space}{json.dumps(value, ensure_ascii=ascii_only)}{end}{end}".encode()


def _chunk(delta: dict[str, Any] | None, finish: str | None = None, **extra: Any) -> dict[str, Any]:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    envelope = {"id": "chatcmpl-Xy1", "object": "chat.completion.chunk", "created": 1779000000, "model": "m-2026-01-01"}
    return {**envelope, "system_fingerprint": "fp_1", "choices": choices, **extra}


def _openai() -> bytes:
    parts = [_event(_chunk({"role": "assistant", "content": "", "refusal": None}, usage=None, obfuscation="aB3"))]
    parts += [_event(_chunk({"content": piece}, usage=None, obfuscation="x" * 7)) for piece in TEXT]
    parts += [_event(_chunk({}, "stop", usage=None)), _event(_chunk(None, usage=USAGE)), b"data: [DONE]\n\n"]
    return b"".join(parts)


def _azure() -> bytes:
    first = {"choices": [], "created": 0, "id": "", "model": "", "object": ""}
    parts = [_event(first | {"prompt_filter_results": [{"prompt_index": 0, "content_filter_results": SAFE}]})]
    for delta in ({"role": "assistant", "content": ""}, *({"content": piece} for piece in TEXT)):
        chunk = _chunk(delta)
        chunk["choices"][0]["content_filter_results"] = SAFE
        parts.append(_event(chunk, ascii_only=True))
    parts += [_event(_chunk({}, "stop")), _event(_chunk(None, usage=USAGE)), b"data: [DONE]\n\n"]
    return b"".join(parts)


def _vllm() -> bytes:
    parts = [_event(_chunk({"role": "assistant", "content": "", "reasoning_content": None}))]
    parts += [_event(_chunk({"reasoning_content": "Let me think."}))]
    for at, piece in enumerate(TEXT):
        so_far = {"prompt_tokens": 21, "completion_tokens": at, "total_tokens": 21 + at}
        parts.append(_event(_chunk({"content": piece}, usage=so_far)))
    parts += [_event(_chunk({"content": ""}, "stop", stop_reason=None)), _event(_chunk(None, usage=USAGE))]
    return b"".join([*parts, b"data: [DONE]\n\n"])


def _llama_cpp() -> bytes:
    parts = [_event(_chunk({"role": "assistant", "content": None}))]
    parts += [_event(_chunk({"content": piece})) for piece in TEXT]
    parts += [_event(_chunk({}, "stop", usage=USAGE, timings={"prompt_n": 21, "prompt_ms": 53.7}))]
    return b"".join([*parts, b"data: [DONE]\n\n"])


def _ollama() -> bytes:
    parts = [_event(_chunk({"role": "assistant", "content": piece})) for piece in TEXT]
    parts += [_event(_chunk({"role": "assistant", "content": ""}, "stop")), _event(_chunk(None, usage=USAGE))]
    return b"".join([*parts, b"data: [DONE]\n\n"])


def _proxied() -> bytes:
    """With comments, other fields, CRLF, no space after the colon, and data over two lines."""
    parts = [b": OPENROUTER PROCESSING\r\n\r\n" * 3, b"retry: 3000\r\n"]
    parts += [b"event: message\r\n" + _event(_chunk({"content": t}), space="", end="\r\n") for t in TEXT[:3]]
    parts += [_event(_chunk({"content": piece}), end="\r") for piece in TEXT[3:]]
    two_lines = json.dumps(_chunk({}, "stop", usage=USAGE)).replace('"choices"', '\ndata: "choices"')
    return b"".join([*parts, f"data: {two_lines}\n\n".encode(), b": bye\n\n", b"data: [DONE]\n\n"])


def _of_two_answers() -> bytes:
    """A server that writes two answers at once, though one was asked for."""
    parts = []
    for piece in TEXT:
        second = _chunk({"content": "no"}, "length")
        second["choices"][0]["index"] = 1
        parts += [_event(_chunk({"content": piece})), _event(second)]
    return b"".join([*parts, _event(_chunk({}, "stop", usage=USAGE)), b"data: [DONE]\n\n"])


def _filtered() -> bytes:
    parts = [_event(_chunk({"content": piece})) for piece in TEXT[:2]]
    return b"".join([*parts, _event(_chunk({}, "content_filter", usage=USAGE)), b"data: [DONE]\n\n"])


def _without_done() -> bytes:
    return b"".join([*(_event(_chunk({"content": piece})) for piece in TEXT), _event(_chunk({}, "length"))])


def _without_reason() -> bytes:
    return b"".join([*(_event(_chunk({"content": piece})) for piece in TEXT), b"data: [DONE]\n\n"])


SAMPLES = [
    Sample("OpenAI", _openai()),
    Sample("Azure", _azure()),
    Sample("vLLM", _vllm()),
    Sample("llama.cpp", _llama_cpp()),
    Sample("Ollama", _ollama()),
    Sample("a proxy", _proxied()),
    Sample("two answers", _of_two_answers()),
    Sample("filtered", _filtered(), finish_reason="content_filter", text="".join(TEXT[:2])),
    Sample("without [DONE]", _without_done(), finish_reason="length", usage=None),
    Sample("without a reason", _without_reason(), finish_reason=None, usage=None),
]
