"""docs/founders: what they name in bold stands on a page of the product, and their pictures are made by the tests."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs" / "founders").glob("*.md"))
_DJANGO = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)


def words_of_pages() -> set[str]:
    """Every run of words between two tags, or variables, of the templates."""
    found: set[str] = set()
    for path in (ROOT / "templates").rglob("*.html"):
        text = re.sub(r"<[^>]*>", "\0", _DJANGO.sub("\0", path.read_text()))
        found |= {" ".join(run.split()) for run in text.split("\0")}
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_and_button_that_a_founder_is_told_of_is_there(page: Path) -> None:
    there = words_of_pages()
    named = [word for bold in re.findall(r"\*\*(.+?)\*\*", page.read_text(), re.DOTALL) for word in bold.split("→")]
    missing = [word for word in named if " ".join(word.split()) not in there]
    assert not missing, f"{page.name} names what is on no page"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_picture_and_page_that_it_leads_to_is_there(page: Path) -> None:
    taken = "".join(path.read_text() for path in (ROOT / "tests" / "e2e").glob("*.py"))
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} leads to {target}"
        name = Path(target).stem
        assert not target.endswith(".png") or f'"{name}"' in taken, f"no test takes the picture {name}"
