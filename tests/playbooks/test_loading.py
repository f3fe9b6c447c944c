"""`manage.py load_playbooks`: a version for each content, and nothing lost of the old ones."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, transaction

from playbooks.models import Playbook, PlaybookVersion, Section
from playbooks.search import find_candidates, load_playbook
from tests.playbooks.conftest import BODY, Library

pytestmark = pytest.mark.django_db


def load(directory: Path) -> list[str]:
    output = io.StringIO()
    call_command("load_playbooks", path=directory, stdout=output)
    return output.getvalue().splitlines()


def read_current(slug: str = "first-employee") -> PlaybookVersion:
    version = Playbook.objects.get(slug=slug).current_version
    assert version is not None, f"{slug} is retired"
    return version


def test_it_loads_the_shipped_library_when_no_path_is_given() -> None:
    output = io.StringIO()
    call_command("load_playbooks", stdout=output)
    assert [line.split(" (")[0] for line in output.getvalue().splitlines()] == [
        "contractor-or-employee: loaded",
        "founder-departure: loaded",
        "terminating-an-executive: loaded",
    ]


def test_a_file_becomes_a_playbook_a_current_version_and_its_sections(library: Library) -> None:
    library.write()
    (line,) = load(library.directory)
    version = read_current()
    assert line == f"first-employee: loaded ({version.content_hash[:12]})"
    assert (version.title, version.jurisdictions, version.review_state) == (
        "Hiring the first employee",
        ["US", "US-CA"],
        "needed",
    )
    assert [fact["key"] for fact in version.facts_needed] == [f"fact_{number}" for number in range(1, 11)]
    assert list(version.sections.values_list("position", "heading", "anchor", "text")) == [
        (1, "Bottom line", "bottom-line", "Hire slowly."),
        (2, "Steps", "steps", "1. Write the offer letter."),
    ]


def test_loading_again_changes_nothing(library: Library) -> None:
    library.write()
    load(library.directory)
    before = read_current()
    (line,) = load(library.directory)
    assert line.startswith("first-employee: unchanged")
    assert (read_current().pk, PlaybookVersion.objects.count(), Section.objects.count()) == (before.pk, 1, 2)


def test_new_content_is_a_new_version_and_the_old_one_stays_readable(library: Library) -> None:
    library.write()
    load(library.directory)
    old = read_current()
    library.write(body=BODY + "\n## More\n\nNew words.\n")
    load(library.directory)
    assert read_current().pk != old.pk
    assert [section.heading for section in load_playbook(old.pk).sections] == ["Bottom line", "Steps"]
    assert [section.heading for section in load_playbook(read_current().pk).sections] == [
        "Bottom line",
        "Steps",
        "More",
    ]


def test_a_change_of_the_front_matter_alone_is_new_content_too(library: Library) -> None:
    library.write()
    load(library.directory)
    library.write(title="Hiring")
    load(library.directory)
    assert (read_current().title, PlaybookVersion.objects.count()) == ("Hiring", 2)


def test_content_that_was_loaded_before_becomes_current_again(library: Library) -> None:
    library.write()
    load(library.directory)
    first = read_current()
    library.write(title="Hiring")
    load(library.directory)
    library.write()
    (line,) = load(library.directory)
    assert line.startswith("first-employee: restored")
    assert (read_current().pk, PlaybookVersion.objects.count()) == (first.pk, 2)


def test_a_removed_file_retires_its_playbook_but_keeps_its_words(library: Library) -> None:
    path = library.write()
    library.write("second-employee")
    load(library.directory)
    retired = read_current()
    path.unlink()
    lines = load(library.directory)
    assert lines[-1] == f"first-employee: retired ({retired.content_hash[:12]})"
    assert [candidate.slug for candidate in find_candidates(["hire"])] == ["second-employee"]
    assert load_playbook(retired.pk).sections[0].text == "Hire slowly."


def test_a_file_that_comes_back_revives_its_playbook(library: Library) -> None:
    path = library.write()
    library.write("second-employee")
    load(library.directory)
    version = read_current()
    path.unlink()
    load(library.directory)
    library.write()
    assert load(library.directory)[0].startswith("first-employee: restored")
    assert read_current().pk == version.pk


def test_a_bad_file_is_named_while_the_good_ones_load(library: Library) -> None:
    library.write()
    load(library.directory)
    library.write(title="")
    library.write("second-employee")
    with pytest.raises(CommandError, match=r"first-employee\.md: title: .*(?s:.*)last good versions stay"):
        load(library.directory)
    assert read_current().title == "Hiring the first employee", "a bad file must not take the good version away"
    assert read_current("second-employee").is_current


def test_a_folder_without_playbooks_is_an_error_and_retires_nothing(library: Library, tmp_path: Path) -> None:
    library.write()
    load(library.directory)
    with pytest.raises(CommandError, match="no playbook files"):
        load(tmp_path / "mistyped")
    assert read_current().is_current


@pytest.mark.parametrize("change", [{"title": "Other"}, {"content_hash": "0" * 64}, {"facts_needed": []}])
def test_the_database_refuses_to_change_a_loaded_version(library: Library, change: dict[str, object]) -> None:
    library.write()
    load(library.directory)
    with pytest.raises(DatabaseError, match="Cannot update rows"), transaction.atomic():
        PlaybookVersion.objects.update(**change)


def test_the_database_refuses_to_change_a_section(library: Library) -> None:
    library.write()
    load(library.directory)
    with pytest.raises(DatabaseError, match="Cannot update rows"), transaction.atomic():
        Section.objects.update(text="Hire fast.")


def test_the_database_refuses_two_current_versions(library: Library) -> None:
    library.write()
    load(library.directory)
    library.write(title="Hiring")
    load(library.directory)
    with pytest.raises(IntegrityError), transaction.atomic():
        PlaybookVersion.objects.update(is_current=True)
