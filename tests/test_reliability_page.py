"""`docs/reliability.md` names a test for each promise; a name that is not there promises nothing."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_every_test_that_the_page_names_is_there() -> None:
    named = NAMED.findall((ROOT / "docs/reliability.md").read_text())
    missing = [f"{path}::{name}" for path, name in named if f"def {name}(" not in (ROOT / path).read_text()]
    assert len(named) > 20
    assert not missing, f"docs/reliability.md promises what no test proves: {missing}"
