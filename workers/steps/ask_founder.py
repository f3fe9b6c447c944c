"""Step ask_founder: words one question for a person, the first time or after an answer that could not be read."""

from dataclasses import dataclass

from pydantic import Field

from workers.prompts import load_prompt
from workers.prompts.blocks import block, one_line, record
from workers.steps.base import Kind, LLMRequest, Reply, request_for


@dataclass(frozen=True)
class AskFounderInput:
    """`reason` is why there is another round, `previous_answer` what was answered before; None in the first round."""

    matter_question: str
    text: str
    why: str
    kind: Kind
    choices: tuple[str, ...] = ()
    reason: str | None = None
    previous_answer: str | None = None


class AskFounderReply(Reply):
    wording: str = Field(min_length=1, max_length=500)
    hint: str = Field(max_length=300)


@dataclass(frozen=True)
class Wording:
    """What the founder reads. `hint` may be empty."""

    text: str
    hint: str


def build_request(given: AskFounderInput) -> LLMRequest[AskFounderReply]:
    about = {"text": given.text, "why": given.why, "kind": given.kind, "choices": " | ".join(given.choices)}
    return request_for(
        load_prompt("ask_founder"),
        AskFounderReply,
        matter=block("matter", given.matter_question),
        question=record("question", about),
        earlier=_earlier(given),
    )


def _earlier(given: AskFounderInput) -> str:
    if given.reason is None:
        return "This is asked for the first time."
    return record("earlier_round", {"not_accepted_because": given.reason}, given.previous_answer or "(no answer)")


def to_wording(given: AskFounderInput, reply: AskFounderReply) -> Wording:
    """The model's wording; the question as it was derived where that is blank."""
    return Wording(one_line(reply.wording) or one_line(given.text), one_line(reply.hint))
