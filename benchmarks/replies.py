"""What the benchmark's model says to requests that are not streamed, for both sides."""

import json
from typing import Any

from tests.fakes.llm.answers import reply_text

QUESTIONS = 12


def whole_reply(body: dict[str, Any], number: int) -> dict[str, Any]:
    """The whole chat completion to request `number`. Its questions are unlike those of any other number."""
    kind = body.get("response_format", {}).get("type", "text")
    if kind == "json_schema":
        text = reply_text(body, questions=QUESTIONS, replies={"derive_questions": {"questions": _derived(number)}})
    elif kind == "json_object":
        text = json.dumps({"questions": [{"content": question["text"]} for question in _derived(number)]})
    else:
        text = "The agreement of March 2024 says so, and the board has not changed it since."
    message = {"role": "assistant", "content": text, "refusal": None}
    return {
        "id": f"chatcmpl-{number}", "object": "chat.completion", "created": 1_700_000_000, "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050},
    }  # fmt: skip


def _derived(number: int) -> list[dict[str, Any]]:
    """Twelve questions of the product's schema. A reply to a question seen before is used again and not asked for:
    so each set has its number in the text."""
    return [
        {
            "key": f"fact_{place}",
            "text": f"What does paragraph {place} of agreement {number} say?",
            "why": "It decides which rule applies.",
            "kind": "text",
            "choices": [],
        }
        for place in range(1, QUESTIONS + 1)
    ]
