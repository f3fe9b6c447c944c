"""From a chat request to the text of the reply: which step it is, and what answers it."""

import json
from collections.abc import Callable
from typing import Any

from demo.model.advice import draft_advice
from demo.model.answers import normalise_answer
from demo.model.documents import quote_document
from demo.model.instances import conform, smallest
from demo.model.questions import ask_founder, derive_questions, route_question
from demo.model.record_requests import request_record
from demo.model.research import judge_relevance, plan_search
from demo.model.wire import ChatRequest

_STEPS: dict[str, Callable[[str], dict[str, Any]]] = {
    "plan_search": plan_search,
    "judge_relevance": judge_relevance,
    "derive_questions": derive_questions,
    "route_question": route_question,
    "request_record": request_record,
    "ask_founder": ask_founder,
    "normalise_answer": normalise_answer,
    "quote_document": quote_document,
}


def answer(request: ChatRequest) -> str:
    """The whole text. A schema is satisfied: by the rules of the step of that name, else by its smallest instance."""
    if request.schema is None:
        return _rest(draft_advice(request.prompt), request.already_said)
    step = _STEPS.get(request.schema_name)
    made = conform(request.schema, step(request.prompt)) if step else smallest(request.schema)
    return json.dumps(made, ensure_ascii=False)


def _rest(text: str, already_said: str) -> str:
    """What is left of `text` for one who was cut off in it."""
    return text[len(already_said) :] if already_said and text.startswith(already_said) else text
