"""Step draft_advice: the messages for the advice itself. Its reply is streamed Markdown, so there is no schema."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from workers.prompts import Message, Prompt, load_prompt
from workers.prompts.blocks import block, escape, record, scrub, stack
from workers.steps.fitting import fit

FactStatus = Literal["known", "unverified", "unknown"]
LEAST_LEFT_OUT = 200  # characters: shorter texts of sources stay in a kept prompt


@dataclass(frozen=True)
class AdviceSource:
    """A playbook section under its marker ("P1", "P2", …). `law_as_of` is an ISO date.

    `version` is the SHA-256 of the playbook's file: the model is not shown it, a review is bound to it.
    """

    marker: str
    playbook: str
    title: str
    law_as_of: str
    heading: str
    text: str
    jurisdictions: tuple[str, ...] = ()
    version: str = ""


@dataclass(frozen=True)
class AdviceFact:
    """A fact under its marker ("F1", …). `value` and `statement` may be empty where `status` is unknown.

    `why` says what turns on it: where it is not known, the advice states an assumption, and what would be otherwise.
    """

    marker: str
    label: str
    value: str
    unit: str | None
    as_of: date | None
    source: str
    status: FactStatus
    statement: str = ""
    why: str = ""


@dataclass(frozen=True)
class DraftAdviceInput:
    """No `sources` asks for the text that says so. `asked`: the day of the question, which may speak of yesterday.

    `budget`: characters that all sources together may take.
    """

    question: str
    sources: tuple[AdviceSource, ...]
    facts: tuple[AdviceFact, ...]
    today: date
    asked: date
    budget: int = 80_000


def prompt_for(given: DraftAdviceInput) -> Prompt:
    """The prompt file in use; its `sha256` belongs to the attempt."""
    return load_prompt("draft_advice" if given.sources else "draft_advice_no_playbook")


def build_messages(given: DraftAdviceInput) -> list[Message]:
    texts = fit([source.text for source in given.sources], given.budget)
    return prompt_for(given).messages(
        today=given.today.isoformat(),
        asked=given.asked.isoformat(),
        question=block("question", given.question),
        sources=stack(_source(source, text) for source, text in zip(given.sources, texts, strict=True)),
        facts=stack(map(_fact, given.facts), "(no facts were gathered)"),
    )


def continuation_messages(messages: list[Message], text_so_far: str) -> list[Message]:
    """The messages that ask for the rest of an advice that stopped at the length limit."""
    return [
        *messages,
        {"role": "assistant", "content": scrub(text_so_far)},
        {
            "role": "user",
            "content": "You were cut off. Continue exactly where your text stops, in the middle of the word if need "
            "be. Repeat nothing, add no introduction, keep to the same rules and markers.",
        },
    ]


def to_keep(messages: list[Message], sources: Sequence[AdviceSource]) -> list[dict[str, Any]]:
    """`messages` without the texts of `sources`, which the attempt has already: `with_sources` puts them back.

    A content with such a text becomes a list: words, marker, words, marker, …, words.
    """
    return [{**message, "content": _left_out(message["content"], sources)} for message in messages]


def _left_out(content: str, sources: Sequence[AdviceSource]) -> str | list[str]:
    parts: list[str] = []
    for source in sources:
        text = escape(source.text.strip())
        if len(text) >= LEAST_LEFT_OUT and text in content:
            before, _, content = content.partition(text)
            parts += [before, source.marker]
    return [*parts, content] if parts else content


def with_sources(content: str | list[str], texts: Mapping[str, str]) -> str:
    """The words of a kept message. `texts`: of the sources, by their markers."""
    if isinstance(content, str):
        return content
    return "".join(escape(texts[part].strip()) if place % 2 else part for place, part in enumerate(content))


def fact_text(fact: AdviceFact) -> str:
    """All that a fact says, as one text: what `check_sources` compares a claim with."""
    value = f"{fact.value} {fact.unit or ''}".strip() or "unknown, not known, missing"
    as_of = f"As of {fact.as_of.isoformat()}." if fact.as_of else ""
    turns_on_it = f" {fact.why}" if fact.status != "known" else ""
    return f"{fact.label}: {value}. {fact.statement} {as_of} Source: {fact.source}. Status: {fact.status}.{turns_on_it}"


def _source(source: AdviceSource, text: str) -> str:
    about = {
        "marker": source.marker,
        "playbook": source.playbook,
        "title": source.title,
        "jurisdictions": ", ".join(source.jurisdictions),
        "law_as_of": source.law_as_of,
        "heading": source.heading,
    }
    return record("source", about, text)


def _fact(fact: AdviceFact) -> str:
    about = {
        "marker": fact.marker,
        "label": fact.label,
        "value": fact.value or "not known",
        "unit": fact.unit,
        "as_of": fact.as_of.isoformat() if fact.as_of else None,
        "source": fact.source,
        "status": fact.status,
        "statement": fact.statement,
        "what_turns_on_it": fact.why if fact.status != "known" else None,
    }
    return record("fact", about)
