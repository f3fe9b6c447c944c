"""Step quote_document: does one of these passages of a founder's documents answer the question? With a quote.

Whatever a passage says to the model, what comes of it is bounded here: the quote must stand in the passage, the answer
may name no number that the quote does not, and both go nowhere but to the founder, who is asked whether it is right.
"""

import functools
import re
from copy import deepcopy
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from workers.prompts import load_prompt
from workers.prompts.blocks import one_line, record, stack
from workers.steps.base import Kind, LLMRequest, Reply, Schema, request_for, strict_schema
from workers.steps.matching import loosened, standing
from workers.steps.quantities import Quantities, quantities

_FEWEST_WORDS = 3  # a quote of fewer would be found anywhere
_YES_NO = re.compile(r"(?:yes|no)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Passage:
    """Part of a document's page. `name` is the document's, `place` where in it ("page 3")."""

    name: str
    place: str
    text: str


@dataclass(frozen=True)
class QuoteDocumentInput:
    """`passages`: at least one; the model calls them by their numbers, from 1."""

    text: str
    why: str
    kind: Kind
    choices: tuple[str, ...]
    passages: tuple[Passage, ...]


class QuoteDocumentReply(Reply):
    """`passage` is between 1 and their number: the request's schema says so."""

    found: bool
    passage: int | None
    quote: Annotated[str, Field(max_length=600)] | None
    answer: Annotated[str, Field(max_length=500)] | None


@dataclass(frozen=True)
class Quotation:
    """What answers the question: `passage` counts from 0, `quote` is as it stands there, but for white space."""

    passage: int
    quote: str
    answer: str


@dataclass(frozen=True)
class NoQuotation:
    """Nothing that may be shown. `reason` is for the record, without words of the document."""

    reason: str


def build_request(given: QuoteDocumentInput) -> LLMRequest[QuoteDocumentReply]:
    """The request for these passages."""
    about = {"text": given.text, "why": given.why, "kind": given.kind, "choices": " | ".join(given.choices)}
    passages = (
        record("passage", {"number": str(number), "document": passage.name, "place": passage.place}, passage.text)
        for number, passage in enumerate(given.passages, start=1)
    )
    return request_for(
        load_prompt("quote_document"),
        QuoteDocumentReply,
        _schema(len(given.passages)),
        question=record("question", about),
        passages=stack(passages),
    )


@functools.lru_cache(maxsize=64)
def _schema(passages: int) -> Schema:
    schema = deepcopy(strict_schema(QuoteDocumentReply))
    numbers = {"type": "integer", "minimum": 1, "maximum": passages}
    schema["properties"]["passage"] = {"anyOf": [numbers, {"type": "null"}]}
    return schema


def to_quotation(given: QuoteDocumentInput, reply: QuoteDocumentReply) -> Quotation | NoQuotation:
    """What may be proposed, or why not. Never raises for a reply that satisfies the request's schema."""
    if not reply.found or reply.passage is None:
        return NoQuotation("not found")
    if not 1 <= reply.passage <= len(given.passages):
        return NoQuotation("there is no such passage")
    answer = one_line(reply.answer or "")
    quote = standing(given.passages[reply.passage - 1].text, one_line(reply.quote or ""))
    if quote is None or len(quote.split()) < _FEWEST_WORDS:
        return NoQuotation("the quote does not stand in the passage")
    if not _fits_kind(given, answer):
        return NoQuotation("the answer is not of the kind that is asked for")
    quoted = Quantities(loosened(quote))
    if not all(map(quoted.has, quantities(loosened(answer)))):
        return NoQuotation("the answer has a number that the quote has not")
    return Quotation(reply.passage - 1, quote, answer)


def _fits_kind(given: QuoteDocumentInput, answer: str) -> bool:
    if given.kind == "choice" and given.choices:
        return answer in given.choices
    if given.kind == "yes_no":
        return _YES_NO.match(answer) is not None
    if given.kind in ("date", "money", "number"):
        return any(quantities(loosened(answer)))
    return bool(answer)
