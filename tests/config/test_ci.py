"""`.ci/run`: both commands, the runners' last words, and one verdict."""

import os
import subprocess
from pathlib import Path

import pytest

from config.env import BASE_DIR

MAKE = """#!/bin/sh
echo "make $1 was called"
if [ "$1" = test ]; then
    echo "=========== 3 passed in 1.00s ==========="
    echo "more words"
    echo "=========== 1 failed, 2 passed in 2.00s ==========="
fi
[ "$1" != "$FAILS" ]
"""


@pytest.mark.parametrize(("fails", "code"), [("nothing", 0), ("check", 1), ("test", 1)])
def test_it_fails_when_either_fails_and_repeats_the_closing_lines(tmp_path: Path, fails: str, code: int) -> None:
    make = tmp_path / "make"
    make.write_text(MAKE)
    make.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "FAILS": fails}
    done = subprocess.run([BASE_DIR / ".ci/run"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert "make check was called" in done.stdout
    assert "make test was called" in done.stdout, "a failing check must not hide failing tests"
    ending = done.stdout.splitlines()[-4:]
    assert ending[0] == f"make check: {'FAILED' if fails == 'check' else 'passed'}"
    assert ending[1] == f"make test: {'FAILED' if fails == 'test' else 'passed'}"
    assert [line.strip("= ") for line in ending[2:]] == ["3 passed in 1.00s", "1 failed, 2 passed in 2.00s"]
