"""The demo model's advice: about the question, labelled, every quote exact, every marker known."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from openai import OpenAI, Stream
from openai.types.chat import ChatCompletionChunk

from tests.workers.steps import samples
from workers.steps.check_sources import check_sources
from workers.steps.draft_advice import AdviceFact, DraftAdviceInput, build_messages, continuation_messages, fact_text

LABEL = "assembled from the playbook and the facts by the demo model"


def _deltas(model: OpenAI, given: DraftAdviceInput) -> Iterator[str]:
    messages: Any = build_messages(given)
    stream: Stream[ChatCompletionChunk] = model.chat.completions.create(model="any", messages=messages, stream=True)
    for chunk in stream:
        yield from (choice.delta.content for choice in chunk.choices if choice.delta.content)


def _advice(model: OpenAI, given: DraftAdviceInput = samples.DRAFT) -> str:
    return "".join(_deltas(model, given))


def test_every_quote_is_exact_and_every_other_claim_supported(model: OpenAI) -> None:
    text = _advice(model)
    sources = {source.marker: source.text for source in samples.SOURCES}
    checks = check_sources(text, sources, {fact.marker: fact_text(fact) for fact in samples.FACTS})
    wrong = [(text[check.start : check.end], check.reason) for check in checks if check.verdict == "unsupported"]
    assert not wrong
    inexact = [check for check in checks if check.sources[0].startswith("P") and check.verdict != "exact"]
    assert not inexact, "a rule of law stands there without a verbatim quote"
    assert {marker for check in checks for marker in check.sources} == {*sources, "F1", "F2", "F3", "F4", "F5"}


def test_it_says_what_it_is_and_what_it_is_not(model: OpenAI) -> None:
    text = _advice(model)
    assert LABEL in text
    assert "not written by a language model" in text
    assert "No attorney–client relationship" in text


def test_it_answers_the_question_that_was_asked(model: OpenAI) -> None:
    text = _advice(model)
    assert samples.QUESTION in text
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "## Bottom line",
        "## What this rests on",
        "## Assumptions",
        "## Timeline",
        "## What to do, step by step",
        "## Risks",
        "## What is missing",
        "## When to call counsel",
    ]
    assert "260000 USD per year" in text
    assert "2026-11-20" in text, "the date of the law is missing"
    assert "not known [F4]" in text
    assert "until 28 February 2027" in text, "three months after the planned date were not computed"


def test_a_founders_words_can_not_forge_a_marker_or_a_quote(model: OpenAI) -> None:
    assert "[P9]" not in _advice(model)


def test_it_is_the_same_again_and_streamed_in_words(model: OpenAI) -> None:
    first = list(_deltas(model, samples.DRAFT))
    assert first == list(_deltas(model, samples.DRAFT))
    assert len(first) > 200
    assert max(map(len, first)) < 60


def test_another_question_and_other_facts_give_another_advice(model: OpenAI) -> None:
    other = replace(
        samples.DRAFT, question="How is the equity of a leaving executive treated?", facts=samples.FACTS[:1]
    )
    assert _advice(model, other) != _advice(model)


@pytest.mark.parametrize("facts", [(), samples.FACTS])
def test_without_a_playbook_it_says_so_and_states_no_rule(model: OpenAI, facts: tuple[AdviceFact, ...]) -> None:
    text = _advice(model, replace(samples.DRAFT, sources=(), facts=facts))
    assert "No playbook of this library covers your question" in text
    assert "What to bring to an attorney" in text
    assert LABEL in text
    assert "§" not in text
    assert "[P" not in text


def test_it_continues_where_it_was_cut_off(model: OpenAI) -> None:
    messages: Any = build_messages(samples.DRAFT)
    cut = model.chat.completions.create(model="any", messages=messages, max_tokens=50)
    assert cut.choices[0].finish_reason == "length"
    begun = cut.choices[0].message.content or ""
    more: Any = continuation_messages(messages, begun)
    rest = model.chat.completions.create(model="any", messages=more)
    assert begun + (rest.choices[0].message.content or "") == _advice(model)
    assert rest.choices[0].finish_reason == "stop"


def test_what_nobody_knows_is_a_stated_assumption_with_what_would_turn(model: OpenAI) -> None:
    unknown = replace(samples.FACTS[3], why="Retaliation is presumed within 90 days.")
    text = _advice(model, replace(samples.DRAFT, facts=(*samples.FACTS[:3], unknown, samples.FACTS[4])))
    section = text.partition("## Assumptions")[2].partition("\n## ")[0]
    assert "[F4]" in section
    assert "Retaliation is presumed within 90 days." in section
    assert "[F5]" in section, "what could not be verified is assumed, too"
    assert "[F2]" not in section, "what is known is no assumption"
