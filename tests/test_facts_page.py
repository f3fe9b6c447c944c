"""docs/facts.md has every operation, with its provider and its parameter, and no other."""

import re
from pathlib import Path

from workers.steps.operations import SPECS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "facts.md"


def test_the_page_lists_the_operations_of_the_code() -> None:
    section = PAGE.read_text().split("\n## Operations\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| .+ \| (?:`(\w+)`)? ?\|$", section, re.MULTILINE)
    assert set(rows) == {(str(o), spec.provider.capitalize(), spec.takes or "") for o, spec in SPECS.items()}
