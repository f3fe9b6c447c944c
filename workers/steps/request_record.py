"""Step request_record: which record of a provider answers a question.

The model chooses an operation from a closed list, and typed parameters; the server builds the request from them. It
chooses by the founder's words and the playbook's alone: nothing that a provider said is in this prompt.
"""

import functools
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from workers.prompts import load_prompt
from workers.prompts.blocks import block, one_line, record, stack
from workers.steps.base import Kind, LLMRequest, Reply, Schema, request_for, strict_schema
from workers.steps.normalise_answer import IsoDate
from workers.steps.operations import SPECS, Component, Operation, operations_of
from workers.steps.typed_facts import real_date

NONE = "none"


@dataclass(frozen=True)
class RequestRecordInput:
    """`dates`: key → text of the matter's other questions that ask a person for a date."""

    matter_question: str
    text: str
    why: str
    kind: Kind
    provider: str
    today: date
    dates: Mapping[str, str]


class RequestRecordReply(Reply):
    """`operation` "none": this provider has no record that answers it."""

    reason: str = Field(min_length=1, max_length=300)
    operation: Operation | Literal["none"]
    component: Component | None
    on: IsoDate | None
    on_answer_to: Annotated[str, Field(max_length=80)] | None


class Plan(BaseModel):
    """What a provider is to be asked for: checked, and all that is known before anybody asks.

    `on_answer_to`: the key of the question whose answer is the day; `on`: the day. Neither: today.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    operation: Operation
    component: Component | None = None
    on: date | None = None
    on_answer_to: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class NoPlan:
    """Nothing is requested. `reason` is fit to be shown to the founder. `rejected`: what was planned is not allowed."""

    reason: str
    rejected: bool


def build_request(given: RequestRecordInput) -> LLMRequest[RequestRecordReply]:
    about = {"text": given.text, "why": given.why, "kind": given.kind}
    return request_for(
        load_prompt("request_record"),
        RequestRecordReply,
        _schema(given.provider, tuple(given.dates)),
        today=given.today.isoformat(),
        provider=given.provider.capitalize(),
        operations=stack(map(_operation, operations_of(given.provider))),
        dates=stack(record("date_question", {"key": key, "text": text}) for key, text in given.dates.items()),
        matter=block("matter", given.matter_question),
        question=record("question", about),
    )


def _operation(operation: Operation) -> str:
    spec = SPECS[operation]
    takes = f"; takes `{spec.takes}`" if spec.takes else ""
    return f"- `{operation}`: {spec.about}{takes}"


@functools.lru_cache(maxsize=64)
def _schema(provider: str, dates: tuple[str, ...]) -> Schema:
    """Only this provider's operations, and only dates that are asked for."""
    schema = deepcopy(strict_schema(RequestRecordReply))
    schema["properties"]["operation"] = {"type": "string", "enum": [*map(str, operations_of(provider)), NONE]}
    keys = [{"type": "string", "enum": list(dates)}] if dates else []
    schema["properties"]["on_answer_to"] = {"anyOf": [*keys, {"type": "null"}]} if keys else {"type": "null"}
    return schema


def to_plan(given: RequestRecordInput, reply: RequestRecordReply) -> Plan | NoPlan:
    """The plan with what its operation takes, and nothing else; or why nothing is requested."""
    name = given.provider.capitalize()
    if reply.operation == NONE:
        return NoPlan(f"{name} keeps no record that answers this: {one_line(reply.reason)}", rejected=False)
    operation = Operation(reply.operation)
    spec = SPECS[operation]
    if spec.provider != given.provider:
        return rejected(given.provider)
    if given.kind not in spec.gives:
        return NoPlan(f"What {name} has on this is not the {given.kind.replace('_', '/')} that is needed.", False)
    if spec.takes == "component" and reply.component is None:
        return rejected(given.provider)
    plan = Plan(operation=operation, reason=one_line(reply.reason))
    if spec.takes == "component":
        return plan.model_copy(update={"component": reply.component})
    return _with_day(given, plan, reply) if spec.takes == "on" else plan


def _with_day(given: RequestRecordInput, plan: Plan, reply: RequestRecordReply) -> Plan | NoPlan:
    """A day that somebody is asked for goes before one that the model names."""
    if reply.on_answer_to is not None:
        if reply.on_answer_to not in given.dates:
            return rejected(given.provider)
        return plan.model_copy(update={"on_answer_to": reply.on_answer_to})
    if reply.on is None:
        return plan
    day = real_date(reply.on)
    return rejected(given.provider) if day is None else plan.model_copy(update={"on": day})


def rejected(provider: str) -> NoPlan:
    """What is not on the list of operations, or breaks their rules, is not sent."""
    name = provider.capitalize()
    return NoPlan(f"The request that was planned for {name} is not one that is allowed, so nothing was sent.", True)
