"""Every schema call of the pipeline with the processing of its reply: what all steps are held to together."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.workers.steps import samples
from workers.steps import (
    ask_founder,
    derive_questions,
    judge_relevance,
    normalise_answer,
    plan_search,
    quote_document,
    request_record,
    route_question,
)
from workers.steps.base import KINDS, LLMRequest
from workers.steps.typed_facts import to_fact

CHOICES = ("employee", "contractor", "neither")


@dataclass(frozen=True)
class Call:
    name: str
    request: LLMRequest[Any]
    process: Callable[[Any], object]


def _normalising(kind: str) -> Call:
    given = samples.answered(kind, "It is so.", CHOICES if kind == "choice" else ())
    request = normalise_answer.build_request(given)
    return Call(f"normalise_answer-{kind}", request, lambda reply: to_fact("key", given, reply))


def _planning(provider: str) -> Call:
    given = samples.planned(provider)
    return Call(
        f"request_record-{provider}",
        request_record.build_request(given),
        lambda reply: request_record.to_plan(given, reply),
    )


CALLS = (
    Call("plan_search", plan_search.build_request(samples.PLAN), lambda r: plan_search.to_queries(samples.PLAN, r)),
    Call("judge_relevance", judge_relevance.build_request(samples.JUDGE), lambda reply: reply),
    Call(
        "derive_questions",
        derive_questions.build_request(samples.DERIVE),
        lambda reply: derive_questions.to_questions(samples.DERIVE, reply),
    ),
    Call(
        "route_question",
        route_question.build_request(samples.ROUTE),
        lambda r: route_question.to_route(samples.ROUTE, r),
    ),
    Call("ask_founder", ask_founder.build_request(samples.ASK), lambda r: ask_founder.to_wording(samples.ASK, r)),
    Call(
        "quote_document",
        quote_document.build_request(samples.QUOTE),
        lambda r: quote_document.to_quotation(samples.QUOTE, r),
    ),
    *map(_planning, ("rippling", "carta")),
    *map(_normalising, KINDS),
)
