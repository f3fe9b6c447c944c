"""The playbooks that the product ships keep the rules of docs/playbooks.md."""

import re

import pytest

from playbooks.loading import LIBRARY
from playbooks.parsing import ParsedPlaybook, parse_playbook

SHIPPED = ["contractor-or-employee", "founder-departure", "terminating-an-executive"]
ASK_FOR_AGE = ("founder-departure", "terminating-an-executive")

CITATIONS = {
    "contractor-or-employee": [
        "Lab. Code §2775",
        "Lab. Code §2776",
        "Lab. Code §226.8",
        "Lab. Code §3700",
        "8 CFR 274a.2",
        "UI Code §1088.5",
        "Lab. Code §206.5",
        "17 U.S.C. §§101, 201, 204",
        "35 U.S.C. §261",
        "Lab. Code §§2870–2872",
        "February 26, 2026",
    ],
    "founder-departure": [
        "8 Del. C. §141(f)",
        "8 Del. C. §141(k)",
        "8 Del. C. §142(b),(e)",
        "8 Del. C. §160",
        "8 Del. C. §174",
        "8 Del. C. §228(e)",
        "26 U.S.C. §83(b)(2)",
        "26 U.S.C. §422(a)(2)",
        "17 U.S.C. §§101, 201, 204",
        "Lab. Code §201",
        "19 Del. C. §1103",
        "29 U.S.C. §626(f)",
    ],
    "terminating-an-executive": [
        "8 Del. C. §142(b)",
        "8 Del. C. §141(f)",
        "8 Del. C. §141(k)",
        "Cal. Lab. Code §2922",
        "Gov. Code §12940",
        "Lab. Code §§98.6, 1102.5 and 1197.5",
        "Lab. Code §§970, 972",
        "Lab. Code §201",
        "Lab. Code §202",
        "Lab. Code §203",
        "§227.3",
        "§206.5",
        "§2802",
        "Unemp. Ins. Code §1089",
        "19 Del. C. §1103",
        "29 U.S.C. §626(f)",
        "29 CFR 1625.22",
        "Gov. Code §12964.5(b)",
        "Civ. Code §1542",
        "26 CFR 1.409A-1(b)(9)(iii)",
        "29 U.S.C. §§1161–1166",
        "26 U.S.C. §422(a)(2)",
        "8 Del. C. §160",
        "Cal. Bus. & Prof. Code §§16600, 16600.1 and 16600.5",
        "B&P §16608",
        "Lab. Code §926",
        "CCP §1001",
        "18 U.S.C. §1833(b)",
        "SEC Rule 21F-17",
        "Lab. Code §1198.5",
    ],
}


@pytest.fixture(params=SHIPPED)
def playbook(request: pytest.FixtureRequest) -> ParsedPlaybook:
    return parse_playbook(LIBRARY / f"{request.param}.md")


def test_the_library_ships_these_playbooks_and_no_other_file() -> None:
    assert sorted(path.stem for path in LIBRARY.iterdir()) == SHIPPED


def test_a_shipped_playbook_has_1000_to_2500_words(playbook: ParsedPlaybook) -> None:
    words = sum(len(f"{section.heading} {section.text}".split()) for section in playbook.sections)
    assert 1000 <= words <= 2500, (
        f"{playbook.front.id} has {words} words: a prompt must hold it, a founder must read it"
    )


def test_a_shipped_playbook_goes_from_the_bottom_line_to_when_to_call_counsel(playbook: ParsedPlaybook) -> None:
    headings = [section.heading for section in playbook.sections]
    assert 6 <= len(headings) <= 11
    assert headings[0] == "Bottom line"
    assert headings[-2:] == ["Steps, in order", "Stop and call counsel if"]


def test_a_shipped_playbook_asks_for_10_to_15_facts_with_a_reason_each(playbook: ParsedPlaybook) -> None:
    facts = playbook.front.facts_needed
    assert 10 <= len(facts) <= 15
    assert len({fact.key for fact in facts}) == len(facts)
    assert all(fact.question.endswith(("?", ".)")) and fact.why.endswith(".") for fact in facts)


def test_a_shipped_playbook_asks_the_providers_what_they_know(playbook: ParsedPlaybook) -> None:
    assert {fact.source for fact in playbook.front.facts_needed} == {"rippling", "carta", "founder"}


def test_no_playbook_asks_for_a_birth_date(playbook: ParsedPlaybook) -> None:
    about_age = re.compile(r"birth|\bborn\b|\bages?\b|\bold\b|older|dob\b|\b40\b", re.IGNORECASE)
    found = {
        (fact.key, fact.kind)
        for fact in playbook.front.facts_needed
        if about_age.search(" ".join((*fact.key.split("_"), fact.question, *fact.choices)))
    }
    assert found <= {("age_40_plus", "yes_no")}, "only the boolean may be asked for and kept"
    assert bool(found) == (playbook.front.id in ASK_FOR_AGE), "this test no longer sees who asks for an age"


def test_a_shipped_playbook_waits_for_review_and_says_what_to_look_at(playbook: ParsedPlaybook) -> None:
    assert playbook.front.review.state == "needed"
    assert len(playbook.front.review.points) >= 5


def test_a_shipped_playbook_marks_what_is_in_doubt_and_explains_the_mark(playbook: ParsedPlaybook) -> None:
    assert '"(to confirm)"' in playbook.sections[0].text, "the bottom line must explain the mark"
    assert sum("(to confirm" in section.text for section in playbook.sections) >= 4


def test_a_shipped_playbook_cites_the_law_it_rests_on(playbook: ParsedPlaybook) -> None:
    text = "\n".join(section.text for section in playbook.sections)
    missing = [citation for citation in CITATIONS[playbook.front.id] if citation not in text]
    assert not missing, f"{playbook.front.id} no longer cites {missing}"


def test_a_shipped_playbook_writes_every_section_sign_before_a_number(playbook: ParsedPlaybook) -> None:
    text = "\n".join(section.text for section in playbook.sections)
    assert re.findall(r"§(?!§|\d)", text) == []


def test_a_shipped_playbook_was_written_to_a_date_not_in_its_future(playbook: ParsedPlaybook) -> None:
    years = [int(year) for section in playbook.sections for year in re.findall(r"\b20\d\d\b", section.text)]
    assert max(years, default=0) <= playbook.front.law_as_of.year
