"""Behind a pooler the next transaction may be another session's, so no statement is prepared; it must be named."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from config.run import children
from tests.databases import ROOT, create_database, drop_database
from tests.fakes.pooler import pooler

DIRECT = "postgresql://app@127.0.0.1:1/app"
SAY = """
from config import settings
print(settings.PREPARE_THRESHOLD, settings.DATABASES["default"]["OPTIONS"]["prepare_threshold"])
"""
COUNT = ("manage", "shell", "-v0", "-c", "from companies.models import User; print(User.objects.count())")


@pytest.mark.parametrize(("listen", "said"), [("", "2 2"), (DIRECT, "None None")], ids=["direct", "behind a pooler"])
def test_statements_are_prepared_only_where_the_session_is_our_own(listen: str, said: str) -> None:
    env = os.environ | {"LISTEN_DATABASE_URL": listen}
    done = subprocess.run([sys.executable, "-c", SAY], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == said


@pytest.fixture(scope="module")
def direct() -> Iterator[str]:
    """The direct address of a database with content."""
    url = create_database().partition("?")[0]
    yield url
    drop_database(url)


@pytest.fixture(scope="module")
def pooled(direct: str) -> Iterator[str]:
    """Its address through a pooler."""
    with pooler(direct) as url:
        yield url


def started(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    line = children.with_this_python(command)
    return subprocess.run(
        line, cwd=ROOT, env=os.environ | variables, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("options", ["&pool=0", ""], ids=["plain connections", "pool"])
@pytest.mark.parametrize(
    "command",
    [children.setup(), children.web("--port", "0"), children.worker("worker", 1), COUNT],
    ids=["setup", "web", "worker", "manage.py"],
)
def test_a_pooler_that_nobody_named_ends_the_start_with_a_line(
    pooled: str, command: tuple[str, ...], options: str
) -> None:
    done = started(*command, DATABASE_URL=pooled + options)
    (line,) = done.stderr.splitlines()
    assert line.startswith("DATABASE_URL leads through a pooler")
    assert "set LISTEN_DATABASE_URL" in line
    assert done.returncode == 1


@pytest.mark.parametrize("listen", ["direct", "pooled"])
def test_a_pooler_that_was_named_is_worked_through(direct: str, pooled: str, listen: str) -> None:
    listens_at = {"direct": direct, "pooled": pooled}[listen]
    done = started(*COUNT, DATABASE_URL=pooled, LISTEN_DATABASE_URL=listens_at)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 0


def test_a_direct_address_is_no_pooler(direct: str) -> None:
    assert started(*COUNT, DATABASE_URL=direct).returncode == 0
