"""What `make eval` says of a model is what the outcomes of its cases are."""

import json
from pathlib import Path

import pytest

from benchmarks.evaluation.__main__ import LIBRARY, facts_needed, model_of
from benchmarks.evaluation.cases import Case, Labelled, load_cases
from benchmarks.evaluation.report import table, write_json
from benchmarks.evaluation.scores import Outcome, Read, means, score

CASES = load_cases()
ASKED = Case("Fire our CFO?", frozenset({"terminating-an-executive"}), frozenset(), {})
OUTSIDE = Case("A trademark?", frozenset(), frozenset(), {})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.question)
def test_each_case_names_playbooks_and_facts_that_exist(case: Case) -> None:
    assert all((LIBRARY / f"{slug}.md").exists() for slug in case.playbooks | case.also)
    assert case.answers.keys() <= facts_needed(case), "an answer to a fact that no playbook of the case asks for"
    for labelled in case.answers.values():
        assert [labelled.value is not None, bool(labelled.has), labelled.unreadable].count(True) == 1


@pytest.mark.parametrize(
    ("labelled", "read", "right"),
    [
        (Labelled("210k", "210000", "USD"), Read("210000.00", "USD per year"), True),
        (Labelled("210k", "210000", "USD"), Read("210000", "EUR"), False),
        (Labelled("210k", "210000", "USD"), Read("210", "USD"), False),
        (Labelled("Yes", "yes"), Read("Yes", None), True),
        (Labelled("a bonus in May", has=("bonus", "May")), Read("A bonus, due in may", None), True),
        (Labelled("a bonus in May", has=("bonus", "May")), Read("A bonus", None), False),
        (Labelled("yes", "yes"), Read(None, None), False),
    ],
)
def test_a_stored_value_is_compared_with_what_the_words_mean(labelled: Labelled, read: Read, right: bool) -> None:
    assert means(labelled, read) is right


def test_a_playbook_too_many_is_a_miss_unless_it_may_be_there() -> None:
    found = {"terminating-an-executive": True, "founder-departure": True, "contractor-or-employee": False}
    strict = score([Outcome(ASKED, "advised", found)])
    assert (strict.playbook_found.good, strict.playbook_found.of) == (0, 1)
    lenient = Case(ASKED.question, ASKED.playbooks, frozenset({"founder-departure"}), {})
    assert score([Outcome(lenient, "advised", found)]).playbook_found.good == 1


def test_law_that_is_cited_where_no_playbook_fits_is_a_miss() -> None:
    assert score([Outcome(OUTSIDE, "advised", {})]).abstained.good == 1
    assert score([Outcome(OUTSIDE, "advised", {}, uncited=False)]).abstained.good == 0
    assert score([Outcome(OUTSIDE, "advised", {"founder-departure": True})]).abstained.good == 0


def test_a_guess_at_unreadable_words_is_a_miss_and_so_is_a_fact_that_was_not_read() -> None:
    answers = {"headcount": Labelled("hard to say", unreadable=True), "planned_date": Labelled("in May", "2027-05-01")}
    case = Case(ASKED.question, ASKED.playbooks, frozenset(), answers)
    keys = tuple(answers)
    guessed = score([Outcome(case, "advised", {}, keys, {"headcount": Read("20", None)})])
    assert (guessed.asked_again.good, guessed.facts_right.good) == (0, 0)
    asked = score([Outcome(case, "advised", {}, keys, {"planned_date": Read("2027-05-01", None)})])
    assert (asked.asked_again.good, asked.facts_right.good) == (1, 1)


def test_what_was_not_asked_is_not_counted_as_misread_but_as_not_covered() -> None:
    case = Case(ASKED.question, ASKED.playbooks, frozenset(), {"headcount": Labelled("5", "5")})
    found = score([Outcome(case, "advised", {}, needed=frozenset({"headcount"}))])
    assert (found.facts_right.of, found.questions_covered.good, found.questions_covered.of) == (0, 0, 1)


def test_the_table_names_each_miss_and_the_file_has_every_outcome(tmp_path: Path) -> None:
    outcomes = [Outcome(ASKED, "failed", {}, calls=4, tokens=1_200), Outcome(OUTSIDE, "advised", {}, calls=2)]
    scores = score(outcomes)
    told = table(scores, outcomes, "gpt-nine")
    assert "| gpt-nine | 2 cases |" in told
    assert "1 of 2 (50%)" in told
    assert "matters that came to their advice: Fire our CFO?: failed" in told
    write_json(scores, outcomes, "gpt-nine", tmp_path / "made" / "eval.json")
    assert len(json.loads((tmp_path / "made" / "eval.json").read_text())["outcomes"]) == 2


def test_the_model_of_the_environment_is_named() -> None:
    assert model_of({}) == "demo model"
    assert model_of({"OPENAI_API_KEY": "sk", "LLM_MODEL": "qwen3"}) == "qwen3"
