"""Which playbooks a question finds, on real PostgreSQL."""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playbooks.loading import LIBRARY, load_file
from playbooks.models import PlaybookVersion, Section
from playbooks.search import MAX_QUERIES, MAX_QUERY_CHARACTERS, find_candidates, load_playbook
from tests.fuzzing import examples
from tests.playbooks.conftest import Library

pytestmark = pytest.mark.django_db


def find(*queries: str) -> list[str]:
    return [candidate.slug for candidate in find_candidates(queries)]


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize(
    ("question", "slug"),
    [
        ("fire our CFO", "terminating-an-executive"),
        ("Can we let go of our VP of sales?", "terminating-an-executive"),
        ("I want to fire our CTO who lives in California. What do I have to pay?", "terminating-an-executive"),
        ("How much severance do we owe?", "terminating-an-executive"),
        ("Terminateing an executve", "terminating-an-executive"),
        ("our cofounder is leaving", "founder-departure"),
        ("My co-founder wants out, what happens to the shares?", "founder-departure"),
        ("founders in a deadlock", "founder-departure"),
        ("is our freelancer really an employee", "contractor-or-employee"),
        ("contracter, 30 hours a week", "contractor-or-employee"),
        ("1099 engineer working full time", "contractor-or-employee"),
    ],
)
def test_a_question_finds_its_playbook_first(question: str, slug: str) -> None:
    assert find(question)[:1] == [slug]


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize(
    "question",
    [
        "recipe for apple pie",
        "asdf qwertyuiop zxcv",
        "weather in Lisbon tomorrow",
        "how do I train for a marathon",
        "several customers asked about our office",  # stems of severance and officer
        "quite a nice wine",
        "what should we do?",
        "-apple",
    ],
)
def test_a_question_about_something_else_finds_nothing(question: str) -> None:
    assert find(question) == []


@pytest.mark.usefixtures("shipped")
def test_a_rare_word_of_the_text_finds_its_playbook() -> None:
    assert find("COBRA") == ["terminating-an-executive"]


@pytest.mark.usefixtures("shipped")
def test_what_more_wordings_agree_on_comes_first() -> None:
    found = find_candidates(["fire our CFO", "executive termination in California", "the founder is an executive"])
    assert [candidate.slug for candidate in found[:2]] == ["terminating-an-executive", "founder-departure"]
    assert found[0].score > found[1].score


@pytest.mark.usefixtures("shipped")
def test_a_repeated_wording_counts_once() -> None:
    assert find_candidates(["fire our CFO"] * 3) == find_candidates(["fire our CFO"])


@pytest.mark.usefixtures("shipped")
def test_a_candidate_says_what_a_judge_of_relevance_needs() -> None:
    (candidate,) = find_candidates(["CFO"])
    version = PlaybookVersion.objects.get(playbook__slug="terminating-an-executive")
    assert (candidate.playbook_version_id, candidate.title) == (version.pk, "Terminating an executive")
    assert (candidate.law_as_of, candidate.jurisdictions) == (datetime.date(2026, 11, 20), ("US", "US-CA", "US-DE"))


def test_equal_candidates_come_in_the_order_of_their_names(library: Library) -> None:
    for slug in ["c-hire", "a-hire", "b-hire"]:
        load_file(library.write(slug))
    assert find("hire") == ["a-hire", "b-hire", "c-hire"]


def test_it_gives_no_more_than_the_limit(library: Library) -> None:
    for number in range(10):
        load_file(library.write(f"hire-{number}"))
    assert len(find_candidates(["hire"])) == 8
    assert len(find_candidates(["hire"], limit=3)) == 3
    assert find_candidates(["hire"], limit=0) == []


def test_only_the_current_version_is_found(library: Library) -> None:
    load_file(library.write(topics=["hire", "intern", "trainee"]))
    load_file(library.write(topics=["hire", "visa", "sponsor"]))
    assert find("intern") == []
    assert find("visa") == ["first-employee"]


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize(
    "query",
    [
        "",
        "   ",
        "'",
        '"CFO',
        "\\",
        "\\' OR 1=1 --",
        "a & | ! ( ) : * <-> CFO:*",
        "%s %(queries)s %",
        "NUL \x00 and lone \ud800 surrogate",
        "🔥👩🏽‍💻 ½ ² ٣ İ",
        "$$; DROP TABLE playbooks_section; --",
        "x" * 1_000_000,
        "word " * 200_000,
        "http://a.b/c?d='e'&f=g user@example.com 1.5e10 -3",
    ],
)
def test_no_character_makes_it_fail(query: str) -> None:
    assert find(query, "CFO")[0] == "terminating-an-executive"


@pytest.mark.usefixtures("shipped")
@settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=80), max_size=4))
def test_no_text_makes_it_fail(queries: list[str]) -> None:
    assert len(find_candidates(queries)) <= 3


@pytest.mark.usefixtures("shipped")
def test_it_looks_at_so_many_queries_and_characters_and_no_more() -> None:
    assert find(*[f"word{number}" for number in range(MAX_QUERIES)], "CFO") == []
    assert find("x" * MAX_QUERY_CHARACTERS + " CFO") == []


@pytest.mark.usefixtures("shipped")
def test_it_asks_the_database_once() -> None:
    with CaptureQueriesContext(connection) as statements:
        find("fire our CFO", "contracter", "cofounder")
    assert len(statements) == 1


@pytest.mark.usefixtures("shipped")
def test_both_ways_of_looking_can_use_their_index() -> None:
    with CaptureQueriesContext(connection) as statements:
        find("contracter")
    with connection.cursor() as cursor:
        # Three playbooks are too few for an index to pay: take away every other way but the bitmap scans of GIN.
        cursor.execute(
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off; SET LOCAL enable_nestloop = off"
        )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; DROP INDEX playbook_version_one_current")
        cursor.execute("EXPLAIN " + statements[0]["sql"].replace("%", "%%"), [])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "playbook_section_search" in plan, plan
    assert "playbook_version_names" in plan, plan


@pytest.mark.usefixtures("shipped")
def test_versions_that_were_retired_are_not_read_however_many_there_are() -> None:
    current = {model._meta.db_table: model.objects.count() for model in (PlaybookVersion, Section)}
    before = find_candidates(["fire our CFO", "contracter", "cofounder"])
    for version in PlaybookVersion.objects.all():
        add_retired(version, 200)
    with CaptureQueriesContext(connection) as statements:
        assert find_candidates(["fire our CFO", "contracter", "cofounder"]) == before
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE playbooks_section, playbooks_playbookversion")
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statements[0]["sql"].replace("%", "%%"), [])
        ((plan,),) = cursor.fetchone()
    for table, most in current.items():
        read = [rows_read(node) for node in nodes(plan["Plan"]) if node.get("Relation Name") == table]
        assert read, f"the plan does not read {table}: {plan}"
        assert max(read) <= most, f"rows of retired versions in {table} are read"


def add_retired(version: PlaybookVersion, number: int) -> None:
    """So many old versions of its playbook, with the same words."""
    sections = list(version.sections.all())
    for copy in range(number):
        version.pk, version.is_current, version.content_hash = None, False, f"{copy:064}"
        version.save(force_insert=True)
        for section in sections:
            section.pk, section.version = None, version
        Section.objects.bulk_create(sections)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A node of a plan and all below it."""
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


def rows_read(node: dict[str, Any]) -> float:
    """How many rows a scan looked at each time that it was made."""
    removed = [value for name, value in node.items() if name.startswith("Rows Removed by")]
    return float(node["Actual Rows"] + sum(removed))


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize("path", sorted(LIBRARY.glob("*.md")), ids=lambda path: path.stem)
def test_a_loaded_playbook_has_every_word_of_its_file(path: Path) -> None:
    version = PlaybookVersion.objects.get(playbook__slug=path.stem)
    playbook = load_playbook(version.pk)
    joined = "\n\n".join(f"## {section.heading}\n\n{section.text}" for section in playbook.sections)
    body = path.read_text(encoding="utf-8").split("\n---\n", 1)[1]
    assert joined.split() == body.split()
    assert [section.position for section in playbook.sections] == list(range(1, len(playbook.sections) + 1))
    assert playbook.facts_needed[0].key == "work_state"


def test_a_version_that_does_not_exist_can_not_be_loaded() -> None:
    with pytest.raises(PlaybookVersion.DoesNotExist):
        load_playbook(0)
