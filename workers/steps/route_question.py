"""Step route_question: where the answer to one question is looked up."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from workers.prompts import load_prompt
from workers.prompts.blocks import one_line, record
from workers.steps.base import Kind, LLMRequest, Reply, request_for

Source = Literal["rippling", "carta", "founder"]


@dataclass(frozen=True)
class RouteQuestionInput:
    """`connected` names the providers that can be asked; `source_hint` is the playbook's suggestion or ""."""

    text: str
    why: str
    kind: Kind
    connected: frozenset[str]
    source_hint: str = ""


class RouteQuestionReply(Reply):
    reason: str = Field(min_length=1, max_length=300)
    source: Source


@dataclass(frozen=True)
class Route:
    source: Source
    reason: str


def build_request(given: RouteQuestionInput) -> LLMRequest[RouteQuestionReply]:
    about = {"text": given.text, "why": given.why, "kind": given.kind, "suggested_source": given.source_hint}
    return request_for(
        load_prompt("route_question"),
        RouteQuestionReply,
        connected=", ".join(sorted({*given.connected, "founder"})),
        question=record("question", about),
    )


def to_route(given: RouteQuestionInput, reply: RouteQuestionReply) -> Route:
    """The model's choice; a provider that is not connected becomes the founder, and the reason says so."""
    if reply.source == "founder" or reply.source in given.connected:
        return Route(reply.source, one_line(reply.reason))
    return Route("founder", f"{reply.source.capitalize()} would know this but is not connected, so we are asking you.")
