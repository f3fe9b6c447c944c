"""The check of an advice against its sources: what each verdict means."""

import re
import time
from collections.abc import Iterator

import frontmatter
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playbooks.loading import LIBRARY
from workers.steps.check_sources import Check, check_sources

SOURCES = {
    "P1": "All wages are due immediately upon discharge, Cal. Lab. Code §201. "
    "A penalty runs up to 30 days, Lab. Code §203.",
    "P2": "Under 8 Del. C. §142(b) the board’s vote appoints – and removes – **officers** of the company.",
}
FACTS = {
    "F1": "Annual base salary: 260000 USD per year. As of 2026-11-03. Source: rippling. Status: known.",
    "F2": "Notice period: unknown, not known, missing. Source: founder. Status: unknown.",
    "F3": "Headcount: 34 employees. Source: rippling. Status: known.",
}


def _checks(text: str) -> list[Check]:
    return check_sources(text, SOURCES, FACTS)


def _verdict(text: str) -> str:
    (check,) = _checks(text)
    return check.verdict


@pytest.mark.parametrize(
    "text",
    [
        'Pay at once: "All wages are due immediately upon discharge" [P1].',
        '"All wages are due immediately upon discharge, Cal. Lab. Code §201." [P1]',
        "“A penalty runs up to 30 days” [P1]",
        '- **Rule.** "A penalty runs up to 30 days" ([P1])',
        '"A penalty runs up to 30 days", [P2] [P1]',
        'First "wages are due immediately", then "A penalty runs up to 30 days" [P1, P2].',
    ],
)
def test_a_verbatim_quote_is_exact(text: str) -> None:
    assert _verdict(text) == "exact"


def test_of_several_sources_it_is_told_which_one_has_the_words() -> None:
    (check,) = _checks('"A penalty runs up to 30 days" [P1] [P2].')
    assert check.reason == "The quoted words stand in P1 as they are quoted.", "P2 passes for a source of them"


@pytest.mark.parametrize(
    "text",
    [
        '"all wages are due   immediately upon discharge" [P1]',
        '"A penalty runs up to 30 days." [P1]',
        '"the board\'s vote appoints - and removes - officers" [P2]',
    ],
)
def test_a_quote_that_differs_in_form_only_is_repaired(text: str) -> None:
    assert _verdict(text) == "repaired"


@pytest.mark.parametrize(
    "text",
    [
        '"All wages are due within 72 hours" [P1]',
        '"All wages are due immediately upon discharge" [P2]',
        '"ll wages are due immediately upon disch" [P1]',
        '"All wages are due" and "some words never written" [P1]',
    ],
)
def test_a_quote_that_is_not_in_the_named_source_is_unsupported(text: str) -> None:
    assert _verdict(text) == "unsupported"


def test_a_marker_that_was_never_given_is_unsupported_whatever_is_quoted() -> None:
    (check,) = _checks('"All wages are due immediately" [P1] [P9]')
    assert (check.verdict, check.sources) == ("unsupported", ["P1", "P9"])
    assert "P9" in check.reason


@pytest.mark.parametrize(
    "text",
    [
        "Wages are due immediately upon discharge under Lab. Code §201 [P1].",
        "The penalty can run for thirty days, that is 30 days [P1].",
        "Her annual salary is $260,000 [F1].",
        "Her annual salary is $260k [F1].",
        "Two rules apply to wages upon discharge [P1].",
        "The penalty, one of several, runs up to thirty calendar days [P1].",
        "You have thirty-four employees [F3].",
        "| Annual salary | 260000 USD | November 3, 2026 | [F1] |",
        "The notice period is not known [F2].",
    ],
)
def test_a_claim_without_a_quote_is_supported_by_its_words_and_numbers(text: str) -> None:
    (check,) = _checks(text)
    assert check.verdict == "supported", check.reason
    assert "not checked" in check.reason, "the reason says how little this verdict is"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("The penalty runs up to 45 days [P1].", "Not in the source: 45 days."),
        ("The penalty runs up to forty-five days, or 30 hours [P1].", "Not in the source: forty-five days, 30 hours."),
        ("Her annual salary is $270,000 [F1].", "Not in the source: $270,000."),
        ("Her annual salary is €260,000 [F1].", "Not in the source: €260,000."),
        ("Her annual salary is $260,000k [F1].", "Not in the source: $260,000k."),
        ("Weather forecasts predict sunshine tomorrow [P1].", "too little in common"),
        ("[P1]", "No words"),
    ],
)
def test_a_claim_without_a_quote_is_unsupported_if_a_number_or_most_words_are_new(text: str, reason: str) -> None:
    (check,) = _checks(text)
    assert reason in f"{check.verdict} {check.reason}"


_RULE = "A resignation without notice is paid within 72 hours. The penalty is 10 percent of the wages, or $500."
_NOTICE = "Notice period: 12 months. As of 2026-11-03. Source: founder. Status: known."


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        *((f"A resignation without notice is paid within {time}", _RULE) for time in ("thirty days", "ninety days")),
        *((f"A resignation without notice is paid within {time}", _RULE) for time in ("72 days", "10 hours")),
        *(
            (f"The penalty is {amount} of the wages", _RULE)
            for amount in ("500 percent", "€500", "$500k", "$500 million")
        ),
        *((f"The notice period is {time}", _NOTICE) for time in ("eighteen months", "eleven months", "12 weeks")),
    ],
)
def test_a_number_of_another_unit_or_in_words_is_as_unsupported_as_one_in_digits(claim: str, text: str) -> None:
    (check,) = check_sources(f"{claim} [P1].", {"P1": text}, {})
    assert (check.verdict, check.reason[:17]) == ("unsupported", "Not in the source")


def _sentences_of_the_library() -> Iterator[tuple[str, str]]:
    """Each sentence of the playbooks, with the section that it stands in."""
    for path in sorted(LIBRARY.glob("*.md")):
        for section in frontmatter.load(str(path)).content.replace('"', "").split("\n## "):
            sentences = (part.strip(".;: ") for part in re.split(r"(?<=[.;:])\s|\n", section))
            yield from ((sentence, section) for sentence in sentences if len(sentence.split()) > 5)


def test_each_sentence_of_the_library_is_supported_by_its_own_section() -> None:
    for sentence, section in _sentences_of_the_library():
        (check,) = check_sources(f"{sentence} [P1].", {"P1": section}, {})
        assert check.verdict == "supported", f"{sentence}: {check.reason}"


def test_each_deadline_of_the_library_is_unsupported_in_another_unit() -> None:
    deadline = re.compile(r"(?<=[0-9]{2} )(?:days|months|hours)\b")
    changed = [(deadline.sub("minutes", sentence), section) for sentence, section in _sentences_of_the_library()
               if deadline.search(sentence)]  # fmt: skip
    assert len(changed) > 20, "the library has hardly any deadlines"
    for sentence, section in changed:
        (check,) = check_sources(f"{sentence} [P1].", {"P1": section}, {})
        assert check.reason.startswith("Not in the source"), sentence


def test_a_quoted_term_of_two_words_is_no_quote() -> None:
    (check,) = _checks('The "base salary" is 260000 USD per year [F1].')
    assert check.verdict == "supported"


def test_each_claim_is_checked_by_itself_and_ranges_are_code_points() -> None:
    text = '😀 No mark. Wages are due immediately [P1]. "A penalty runs up to 30 days" [P1] and 99 days [P1].\n\nEnd.'
    checks = _checks(text)
    assert [check.verdict for check in checks] == ["supported", "exact", "unsupported"]
    assert [text[check.start : check.end] for check in checks] == [
        "Wages are due immediately [P1]",
        '"A penalty runs up to 30 days" [P1]',
        "and 99 days [P1]",
    ]


def test_statute_abbreviations_do_not_end_a_sentence() -> None:
    text = "Nothing here. Under Cal. Lab. Code §201 wages are due [P1]"
    (check,) = _checks(text)
    assert text[check.start : check.end] == "Under Cal. Lab. Code §201 wages are due [P1]"


def test_a_marker_behind_the_full_stop_belongs_to_the_sentence_before() -> None:
    text = "Nothing. All wages are due immediately upon discharge. [P1] More."
    (check,) = _checks(text)
    assert text[check.start : check.end] == "All wages are due immediately upon discharge. [P1]"


def test_an_inch_mark_does_not_open_a_quote() -> None:
    assert _verdict('The 5" pipe: "A penalty runs up to 30 days" [P1]') == "exact"


def test_a_quotation_mark_left_open_does_not_reach_the_next_paragraph() -> None:
    text = 'He said "this and never closed it.\n\n"A penalty runs up to 30 days" [P1]'
    assert _verdict(text) == "exact"


@given(st.text(alphabet='ab"“”[P1F, ].\n-*|1 “§', max_size=300))
def test_checks_are_ordered_and_never_overlap(text: str) -> None:
    position = 0
    for check in _checks(text):
        assert position <= check.start < check.end <= len(text)
        assert text[check.start : check.end].endswith("]")
        position = check.end


@pytest.mark.parametrize(
    "unit",
    [
        *('"', "“", ". ", "[P1]", '"a b c" [P1] ', "x. [P1] ", "\n", "[P1, ", "> ", "1. ", "<", "* "),
        *("1", "1,", "1.1", "1 or ", "1-", "one hundred ", "twenty-", "a ", "$", "may 1 ", "2026-"),
    ],
)
def test_an_advice_of_a_hundred_thousand_characters_is_checked_in_time(unit: str) -> None:
    text = (unit * 100_000)[:100_000] + " [P1]"
    started = time.process_time()
    _checks(text)
    assert time.process_time() - started < 5, f"many {unit!r} make the check slower than their number"
