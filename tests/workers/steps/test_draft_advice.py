"""The messages of the advice: which prompt, what is in it, and how much."""

from dataclasses import replace

from tests.workers.steps import samples
from workers.prompts import load_prompt
from workers.steps.draft_advice import (
    LEAST_LEFT_OUT,
    DraftAdviceInput,
    build_messages,
    continuation_messages,
    fact_text,
    prompt_for,
    to_keep,
    with_sources,
)
from workers.steps.fitting import fit, shorten


def test_sources_and_facts_stand_in_the_prompt_under_their_markers() -> None:
    content = build_messages(samples.DRAFT)[1]["content"]
    for part in (
        "marker: P3",
        "heading: Final pay",
        "Cal. Lab. Code §201.",
        "marker: F2",
        "value: 260000",
        "2026-11-21",
    ):
        assert part in content, f"{part!r} is missing"
    assert "value: not known" in content, "a fact that is unknown is said to be"


def test_what_turns_on_a_fact_is_told_where_it_is_not_known() -> None:
    facts = [replace(fact, why=f"It decides on {fact.marker}.") for fact in samples.FACTS]
    content = build_messages(replace(samples.DRAFT, facts=tuple(facts)))[1]["content"]
    assert "what_turns_on_it: It decides on F4." in content
    assert "what_turns_on_it: It decides on F5." in content
    assert "It decides on F2." not in content, "what is known is no assumption"
    assert "It decides on F4." in fact_text(facts[3])


def test_without_a_source_the_prompt_is_the_one_that_says_so() -> None:
    abstaining = replace(samples.DRAFT, sources=())
    assert prompt_for(abstaining) is load_prompt("draft_advice_no_playbook")
    assert "<source>" not in build_messages(abstaining)[1]["content"]


def test_without_facts_the_prompt_says_so() -> None:
    assert "(no facts were gathered)" in build_messages(replace(samples.DRAFT, facts=()))[1]["content"]


def test_long_sources_are_shortened_to_the_budget_and_short_ones_kept() -> None:
    long = replace(samples.SOURCES[0], text="A sentence of it. " * 10_000)
    content = build_messages(replace(samples.DRAFT, sources=(long, *samples.SOURCES[1:]), budget=5_000))[1]["content"]
    assert len(content) < 8_000
    assert samples.SECTIONS[2].text in content, "only what is too long is cut"
    assert "[…]" in content


def with_long_sources(*texts: str) -> DraftAdviceInput:
    """A draft whose first sources have these texts, long enough to be left out."""
    long = [replace(source, text=text * 40) for source, text in zip(samples.SOURCES, texts, strict=False)]
    return replace(samples.DRAFT, sources=(*long, *samples.SOURCES[len(long) :]))


def test_a_kept_prompt_leaves_out_the_sources_and_is_whole_again_with_them() -> None:
    given = with_long_sources("\n An <i>officer</i> & a director. ", "R&D pay: P1, P2. ")
    said = [*build_messages(given), {"role": "assistant", "content": "As written."}]
    kept = to_keep(said, given.sources)
    texts = {source.marker: source.text for source in given.sources}
    assert [{**message, "content": with_sources(message["content"], texts)} for message in kept] == said
    assert len(str(kept)) < len(str(said)) - 2_000, "the texts of the sources are kept twice"
    long = [source.marker for source in given.sources if len(source.text) >= LEAST_LEFT_OUT]
    assert kept[1]["content"][1::2] == long, "a short text is as well kept where it was said"
    assert kept[0] == said[0]


def test_a_source_that_was_shortened_is_kept_as_it_was_said() -> None:
    given = replace(with_long_sources("A sentence of it. "), budget=900)
    said = build_messages(given)
    texts = {source.marker: source.text for source in given.sources}
    assert [with_sources(message["content"], texts) for message in to_keep(said, given.sources)] == [
        message["content"] for message in said
    ]


def test_a_continuation_repeats_the_text_so_far_and_asks_for_the_rest() -> None:
    messages = continuation_messages(build_messages(samples.DRAFT), "## Bottom line\nYou ca\ud800")
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[2]["content"] == "## Bottom line\nYou ca�"


def test_the_text_of_a_fact_holds_all_that_a_claim_may_repeat() -> None:
    text = fact_text(samples.FACTS[1])
    for part in ("annual base salary", "260000 USD per year", "2026-11-21", "rippling"):
        assert part in text


def test_a_text_is_cut_at_the_end_of_a_sentence_if_one_is_near() -> None:
    assert shorten("One sentence here. Two sentences here. Three", 36) == "One sentence here. […]"
    assert shorten("word " * 100, 20) == "word word word […]"
    assert shorten("short", 5) == "short"


def test_a_budget_is_shared_so_that_short_texts_stay_whole() -> None:
    assert [len(text) for text in fit(["a" * 10, "b" * 1_000, "c" * 1_000], 210)] == [10, 100, 100]
    assert fit([], 10) == []
