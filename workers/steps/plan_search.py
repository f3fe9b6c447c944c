"""Step plan_search: the founder's question becomes several searches of the playbook library."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from workers.prompts import load_prompt
from workers.prompts.blocks import block, one_line
from workers.steps.base import LLMRequest, Reply, request_for

QUERY_CHARS = 200
Query = Annotated[str, Field(min_length=1, max_length=QUERY_CHARS)]


@dataclass(frozen=True)
class PlanSearchInput:
    question: str


class PlanSearchReply(Reply):
    queries: list[Query] = Field(min_length=3, max_length=6)


def build_request(given: PlanSearchInput) -> LLMRequest[PlanSearchReply]:
    return request_for(load_prompt("plan_search"), PlanSearchReply, question=block("question", given.question))


def to_queries(given: PlanSearchInput, reply: PlanSearchReply) -> tuple[str, ...]:
    """One to seven different queries: the beginning of the founder's own words, then the model's that aren't blank."""
    different: dict[str, str] = {}
    for wording in (given.question[:QUERY_CHARS], *reply.queries):
        if cleaned := one_line(wording):
            different.setdefault(cleaned.casefold(), cleaned)
    return tuple(different.values())
