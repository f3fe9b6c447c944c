"""A file that breaks a rule is refused with its name, the field, and what to do."""

import hashlib
from typing import Any

import pytest

from playbooks.parsing import PlaybookFileError, parse_playbook
from tests.playbooks.conftest import BODY, Library, build_fact, build_front_matter


def read_problems(library: Library, **changes: Any) -> str:
    with pytest.raises(PlaybookFileError) as caught:
        parse_playbook(library.write(**changes))
    return str(caught.value)


def test_a_file_becomes_front_matter_sections_and_the_hash_of_its_bytes(library: Library) -> None:
    path = library.write()
    parsed = parse_playbook(path)
    assert parsed.front.title == "Hiring the first employee"
    assert [(section.heading, section.anchor) for section in parsed.sections] == [
        ("Bottom line", "bottom-line"),
        ("Steps", "steps"),
    ]
    assert parsed.sections[1].text == "1. Write the offer letter."
    assert parsed.content_hash == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_deeper_heading_stays_inside_its_section(library: Library) -> None:
    parsed = parse_playbook(library.write(body="## One\n\n### Deeper\n\nText.\n"))
    assert [section.text for section in parsed.sections] == ["### Deeper\n\nText."]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"id": "Second Employee"}, "id: 'Second Employee' must be lower-case words joined by hyphens"),
        (
            {"id": "second-employee"},
            "id: 'second-employee' differs from the file's name: call the file second-employee.md",
        ),
        ({"title": "  "}, "title: String should have at least 1 character"),
        ({"title": 12}, "title: must be text, not 12: put it in quotes"),
        ({"jurisdictions": []}, "jurisdictions: "),
        ({"jurisdictions": ["California"]}, "jurisdictions, item 1: 'California' must be a country"),
        ({"law_as_of": "last week"}, "law_as_of: "),
        ({"topics": ["hire", "let go", "sack"]}, "topics, item 2: 'let go' must be one word of letters and digits"),
        ({"topics": ["hire", "Hire", "sack"]}, "topics: 'hire' is there twice: remove one"),
        ({"topics": ["hire", False, "sack"]}, "topics, item 2: must be text, not False: put it in quotes"),
        ({"facts_needed": []}, "facts_needed: Tuple should have at least 10 items"),
        ({"authors": ["me"]}, "authors: is not a field of a playbook: correct its spelling or remove it"),
        ({"review": {"state": "needed"}}, "review: state needed lists the points to look at: add points"),
        ({"review": {"state": "reviewed"}}, "review: a reviewed playbook says by whom (by) and when (date): add both"),
        ({"review": {"state": "perhaps"}}, "review, state: Input should be 'needed' or 'reviewed'"),
    ],
)
def test_a_wrong_field_is_named(library: Library, changes: dict[str, Any], problem: str) -> None:
    assert f"first-employee.md: {problem}" in read_problems(library, **changes)


@pytest.mark.parametrize("field", sorted(build_front_matter("x")))
def test_a_missing_field_is_named(library: Library, field: str) -> None:
    front = build_front_matter("first-employee")
    del front[field]
    lines = "\n".join(f"{key}: {value}" for key, value in front.items() if isinstance(value, str))
    path = library.write_text("first-employee", f"---\n{lines or 'x: 1'}\n---\n{BODY}")
    with pytest.raises(PlaybookFileError, match=f"first-employee.md: {field}: is missing: add it"):
        parse_playbook(path)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"key": "Fact One"}, "facts_needed, item 10, key: 'Fact One' must be in snake_case"),
        ({"key": "fact_1"}, "facts_needed: the key 'fact_1' is there twice: remove one"),
        (
            {"kind": "colour"},
            "facts_needed, item 10, kind: Input should be 'text', 'yes_no', 'date', 'money', 'number'",
        ),
        ({"source": "gusto"}, "facts_needed, item 10, source: Input should be 'rippling', 'carta' or 'founder'"),
        ({"kind": "choice"}, "facts_needed, item 10: a fact of kind choice needs at least two choices"),
        ({"choices": ["a", "b"]}, "facts_needed, item 10: choices belong to kind choice, this one is number"),
        ({"kind": "choice", "choices": ["a", "A"]}, "facts_needed, item 10: 'a' is there twice"),
        ({"why": None}, "facts_needed, item 10, why: must be text, not None"),
        ({"about": "world"}, "facts_needed, item 10, about: Input should be 'company', 'person' or 'matter'"),
        ({"lifetime_days": 7}, "facts_needed, item 10: lifetime_days is for facts about the company or a person"),
        ({"about": "person", "lifetime_days": 0}, "facts_needed, item 10, lifetime_days: Input should be greater"),
    ],
)
def test_a_wrong_fact_is_named_by_its_place(library: Library, changes: dict[str, Any], problem: str) -> None:
    facts = [*[build_fact(number) for number in range(1, 10)], build_fact(10, **changes)]
    assert problem in read_problems(library, facts_needed=facts)


@pytest.mark.parametrize(
    ("changes", "days"),
    [
        ({}, 0),
        ({"about": "company"}, 7),
        ({"about": "person", "kind": "money"}, 30),
        ({"about": "company", "kind": "text", "lifetime_days": 365}, 365),
    ],
)
def test_a_fact_is_fresh_for_as_long_as_its_kind_unless_the_playbook_says_otherwise(
    library: Library, changes: dict[str, Any], days: int
) -> None:
    facts = [build_fact(1, **changes), *[build_fact(number) for number in range(2, 11)]]
    assert parse_playbook(library.write(facts_needed=facts)).front.facts_needed[0].days_fresh == days


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("Only words.\n", "text: no sections: put a `## ` heading above each"),
        ("Words.\n\n## One\n\nText.\n", "text: words stand before 'One': move them under a `## ` heading"),
        ("## One\n\n## Two\n\nText.\n", "section 'One': is empty: write it or remove it"),
        ("## One\n\nText.\n\n## One!\n\nText.\n", "section 'One!': is there twice: give each its own heading"),
    ],
)
def test_a_wrong_text_is_refused(library: Library, body: str, problem: str) -> None:
    assert f"first-employee.md: {problem}" in read_problems(library, body=body)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"## One\n\nText.\n", "front matter: none found: begin the file with ---"),
        (b"", "front matter: none found"),
        (b"---\ntitle: [\n---\n", "front matter: not valid YAML: "),
        (b"---\nlaw_as_of: 2026-13-45\n---\n", "front matter: not valid YAML: month must be in 1..12"),
        (b"---\ntitle: \xff\n---\n", "byte 11 is not UTF-8: save the file as UTF-8"),
        (b"---\ntitle: x\n---\n## A\n\x00\n", "holds a NUL character: remove it"),
    ],
)
def test_a_file_that_can_not_be_read_says_why(library: Library, content: bytes, problem: str) -> None:
    path = library.directory / "broken.md"
    path.write_bytes(content)
    with pytest.raises(PlaybookFileError) as caught:
        parse_playbook(path)
    assert f"broken.md: {problem}" in str(caught.value)


def test_every_problem_of_a_file_is_told_at_once(library: Library) -> None:
    problems = read_problems(library, title="", topics=[], body="No heading.\n")
    assert all(word in problems for word in ["title:", "topics:", "text:"]), problems


def test_a_reviewed_playbook_may_have_no_open_points(library: Library) -> None:
    review = {"state": "reviewed", "by": "A. Counsel, Cal. Bar 000000", "date": "2026-11-20"}
    assert parse_playbook(library.write(review=review)).front.review.by == "A. Counsel, Cal. Bar 000000"
