"""Step normalise_answer: a founder's words become one typed fact, or a reason why not."""

import functools
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from workers.prompts import load_prompt
from workers.prompts.blocks import block, record
from workers.steps.base import Kind, LLMRequest, Reply, Schema, request_for, strict_schema
from workers.steps.currencies import CODES

LARGEST = 10**12
IsoDate = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]

_RULES: dict[Kind, str] = {
    "text": "  the answer in one to three plain sentences or a few words, nothing left out that matters.",
    "yes_no": '  "yes" or "no".',
    "date": "  one calendar day as YYYY-MM-DD. 03/04/2025 is March 4 (US order) unless the answer shows otherwise.",
    "money": "  `amount` in whole units of the currency, as a plain number (180k is 180000), and `currency`: what the "
    "answer names; a bare dollar sign, or no currency at all, is USD, and then the statement says that it was assumed.",
    "number": "  a plain number, without thousands separators. A percentage is its number, with the unit %.",
    "choice": "  one of the choices, copied letter for letter. An answer that fits none or several is not readable.",
}


@dataclass(frozen=True)
class NormaliseAnswerInput:
    question: str
    kind: Kind
    choices: tuple[str, ...]
    answer: str
    today: date


class NormaliseAnswerReply(Reply):
    """What the replies of all kinds share. Each kind adds `value`."""

    problem: Annotated[str, Field(min_length=1, max_length=300)] | None
    readable: bool
    unit: Annotated[str, Field(min_length=1, max_length=40)] | None
    as_of: IsoDate | None
    statement: str = Field(min_length=1, max_length=400)


class Money(Reply):
    amount: Number
    currency: Annotated[str, WithJsonSchema({"type": "string", "enum": list(CODES)})]


class TextReply(NormaliseAnswerReply):
    value: Annotated[str, Field(min_length=1, max_length=1000)] | None


class YesNoReply(NormaliseAnswerReply):
    value: Literal["yes", "no"] | None


class DateReply(NormaliseAnswerReply):
    value: IsoDate | None


class MoneyReply(NormaliseAnswerReply):
    value: Money | None


class NumberReply(NormaliseAnswerReply):
    value: Number | None


class ChoiceReply(NormaliseAnswerReply):
    """`value` is one of the question's choices: the request's schema says which."""

    value: str | None


_TYPES: dict[Kind, type[NormaliseAnswerReply]] = {
    "text": TextReply,
    "yes_no": YesNoReply,
    "date": DateReply,
    "money": MoneyReply,
    "number": NumberReply,
    "choice": ChoiceReply,
}


def build_request(given: NormaliseAnswerInput) -> LLMRequest[NormaliseAnswerReply]:
    """The request for this kind. `choice` with fewer than two choices is asked as `text`."""
    kind = _kind(given)
    about = {"text": given.question, "kind": kind, "choices": " | ".join(given.choices)}
    return request_for(
        load_prompt("normalise_answer"),
        _TYPES[kind],
        _choice_schema(given.choices) if kind == "choice" else None,
        rule=_RULES[kind],
        today=given.today.isoformat(),
        question=record("question", about),
        answer=block("answer", given.answer),
    )


def _kind(given: NormaliseAnswerInput) -> Kind:
    return "text" if given.kind == "choice" and len(given.choices) < 2 else given.kind


@functools.lru_cache(maxsize=256)
def _choice_schema(choices: tuple[str, ...]) -> Schema:
    schema = deepcopy(strict_schema(ChoiceReply))
    options = list(dict.fromkeys(choices))
    schema["properties"]["value"] = {"anyOf": [{"type": "string", "enum": options}, {"type": "null"}]}
    return schema
