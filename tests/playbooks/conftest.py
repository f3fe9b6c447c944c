"""A library of playbook files that a test writes itself."""

import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from playbooks.loading import LIBRARY, load_file

BODY = "## Bottom line\n\nHire slowly.\n\n## Steps\n\n1. Write the offer letter.\n"


class Library:
    """Writes playbook files that keep every rule, but for what a test changes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def write(self, slug: str = "first-employee", body: str = BODY, **front: Any) -> Path:
        text = yaml.safe_dump(build_front_matter(slug) | front, allow_unicode=True)
        return self.write_text(slug, f"---\n{text}---\n\n{body}")

    def write_text(self, slug: str, text: str) -> Path:
        path = self.directory / f"{slug}.md"
        path.write_text(text, encoding="utf-8")
        return path


def build_front_matter(slug: str) -> dict[str, Any]:
    return {
        "id": slug,
        "title": "Hiring the first employee",
        "jurisdictions": ["US", "US-CA"],
        "law_as_of": datetime.date(2026, 11, 20),
        "topics": ["hire", "hiring", "recruit"],
        "facts_needed": [build_fact(number) for number in range(1, 11)],
        "review": {"state": "needed", "points": ["All of it."]},
    }


def build_fact(number: int, **changes: Any) -> dict[str, Any]:
    fact = {
        "key": f"fact_{number}",
        "question": "How many?",
        "why": "It counts.",
        "kind": "number",
        "source": "founder",
    }
    return fact | changes


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path)


@pytest.fixture
def shipped(db: None) -> None:
    """The three playbooks of the product, loaded."""
    for path in sorted(LIBRARY.glob("*.md")):
        load_file(path)
