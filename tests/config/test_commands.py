"""What a person reads who types a command that can't do its work: a line that says what to do."""

import os
import re
import subprocess
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest

from config.run import children
from tests.databases import ROOT

NOBODY = "postgresql://app@127.0.0.1:1/app"
SETUP = children.setup()
_, PASSWORD, REDIS = re.split("[:@]", urlsplit(os.environ["REDIS_URL"]).netloc, maxsplit=2)
CREATE_KEY = ("manage", "create_api_key", "--company", "demo")


def typed(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | variables
    line = children.with_this_python(command)
    return subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


def server(**parts: str) -> str:
    """The address of the test run's own server, with another part."""
    address = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(address._replace(query="", **parts))


@pytest.mark.parametrize("command", [CREATE_KEY, SETUP, ("manage", "migrate"), ("manage", "rotate_field_keys")])
@pytest.mark.parametrize("options", ["", "?pool=0"])
def test_a_database_that_is_away_is_told_in_a_line(command: tuple[str, ...], options: str) -> None:
    done = typed(*command, DATABASE_URL=NOBODY + options)
    (line,) = done.stderr.splitlines()
    assert "port 1 failed: Connection refused" in line
    assert "set DATABASE_URL" in line
    assert "`make run`" in line
    assert done.returncode == 1


@pytest.mark.parametrize("command", [CREATE_KEY, SETUP])
def test_where_no_database_is_set_and_none_runs_both_ways_are_told(command: tuple[str, ...]) -> None:
    done = typed(*command, DATABASE_URL="", DATA_DIR="/nonexistent")
    (line,) = done.stderr.splitlines()
    assert line.startswith("DATABASE_URL is not set, and no `make run` is running on /nonexistent")
    assert done.returncode == 1


def test_a_password_that_the_database_refuses_is_told_and_not_shown() -> None:
    host = urlsplit(os.environ["DATABASE_URL"]).netloc.rpartition("@")[2]
    done = typed(*CREATE_KEY, DATABASE_URL=server(netloc=f"nobody:Zaunkoenig@{host}"))
    (line,) = done.stderr.splitlines()
    assert 'authentication failed for user "nobody"' in line
    assert "Zaunkoenig" not in line
    assert done.returncode == 1


def test_a_database_without_our_tables_is_told_with_what_makes_them() -> None:
    done = typed(*CREATE_KEY, DATABASE_URL=server(path="/postgres"))
    (line,) = done.stderr.splitlines()
    assert line.startswith("The database of DATABASE_URL is not up to date (relation ")
    assert "`python -m config.setup`" in line
    assert done.returncode == 1


def broker(place: str, number: int = 0, password: str = PASSWORD) -> str:
    return f"redis://:{password}@{place}/{number}"


@pytest.mark.parametrize(
    ("address", "why"),
    [
        (broker("127.0.0.1:1"), "Connection refused"),
        (broker(REDIS, number=99), "DB index is out of range"),
        (broker(REDIS, password="Zaunkoenig"), "invalid username-password pair"),
    ],
    ids=["away", "no such database", "wrong password"],
)
def test_the_setup_tells_a_redis_that_can_not_be_used_in_a_line_and_does_nothing(address: str, why: str) -> None:
    done = typed(*SETUP, REDIS_URL=address)
    (line,) = done.stderr.splitlines()
    assert line.startswith("Redis can't be used (")
    assert why in line
    assert "set REDIS_URL" in line
    assert "Zaunkoenig" not in line
    assert (done.returncode, done.stdout) == (1, "")


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database that was made with the options given."""
    name, options = f"test_{uuid4().hex}", request.param  # the server is that of all processes of the test run
    with psycopg.connect(server(path="/postgres"), autocommit=True) as conn:
        for statement in (f"CREATE DATABASE {name} {options[0]}", *(f"ALTER DATABASE {name} {o}" for o in options[1:])):
            conn.execute(statement.encode())
        yield server(path=f"/{name}")
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


IN = "TEMPLATE template0 LOCALE 'C' LOCALE_PROVIDER libc ENCODING"


@pytest.mark.parametrize("command", [CREATE_KEY, SETUP])
@pytest.mark.parametrize(
    ("database", "encoding"),
    [((f"{IN} 'LATIN1'",), "LATIN1"), ((f"{IN} 'SQL_ASCII'",), "SQL_ASCII")],
    indirect=["database"],
)
def test_a_database_that_can_not_hold_every_text_is_refused_with_what_to_do(
    command: tuple[str, ...], database: str, encoding: str
) -> None:
    done = typed(*command, DATABASE_URL=database)
    (line,) = done.stderr.splitlines()
    assert f"keeps text in {encoding}" in line
    assert "--encoding=UTF8" in line
    assert done.returncode == 1


@pytest.mark.parametrize(
    "database", [("", "SET datestyle = 'German'", "SET client_encoding = 'LATIN1'")], indirect=True
)
def test_the_setup_does_not_mind_how_a_database_writes_dates_and_text(database: str) -> None:
    done = typed(*SETUP, DATABASE_URL=database)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", [CREATE_KEY, SETUP])
def test_who_asks_for_the_traceback_has_it(command: tuple[str, ...]) -> None:
    assert "Traceback" in typed(*command, "--traceback", DATABASE_URL=NOBODY).stderr


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ((*SETUP, "--dmeo"), "unrecognized arguments: --dmeo"),
        (("config.run.serve",), "required: host, port"),
        (("config.run.serve", "127.0.0.1", "abc"), "'abc'"),
        (("config.run.probe",), "required: port, path"),
        (("config.run.probe", "abc", "/readyz"), "'abc'"),
    ],
)
def test_arguments_that_are_wrong_are_told_by_how_it_is_used_and_nothing_is_done(
    command: tuple[str, ...], words: str
) -> None:
    done = typed(*command, DATABASE_URL=NOBODY)
    usage, error = done.stderr.splitlines()
    assert usage.startswith(f"usage: python -m {command[0]} ")
    assert words in error
    assert (done.returncode, done.stdout) == (2, "")


def test_the_setup_asked_for_help_only_helps() -> None:
    done = typed(*SETUP, "--help", DATABASE_URL=NOBODY)
    assert "--demo" in done.stdout
    assert done.returncode == 0
