"""Databases of the test run, each copied from one that was filled once: migrations take seconds, a copy a moment."""

import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from filelock import FileLock

from config.embedded.postgres import binary
from tests.servers import MARK

ROOT = Path(__file__).resolve().parents[1]
FOUNDER, PASSWORD = "founder@example.com", "correct horse battery"
STAFF = "staff@example.com"
KEY = "ms_the-key-of-every-database-that-tests-make"  # company `test`, all scopes
_numbers = itertools.count()


def create_database(server: str | None = None) -> str:
    """A fresh database with the migrations, the playbooks, a company `test` and its people; returns its address.

    `server` is the address of any database of the server that is to have it; by default the test run's.
    """
    base = server or os.environ["DATABASE_URL"]
    name = f"test_{os.getpid()}_{next(_numbers)}"
    _execute(base, f'CREATE DATABASE "{name}" TEMPLATE "{_filled_template(base)}"')
    return _named(base, name)


def drop_database(url: str) -> None:
    """Remove a database that `create_database` made."""
    _execute(_named(url, "postgres"), f'DROP DATABASE IF EXISTS "{urlsplit(url).path[1:]}" WITH (FORCE)')


def migrated_template() -> str:
    """The name of a database of the test run's server that has the migrations and nothing else."""

    def migrate(base: str, name: str) -> None:
        _execute(base, f'CREATE DATABASE "{name}"')
        _run(_MIGRATE, _named(base, name))

    return _once(os.environ["DATABASE_URL"], "template_migrated", migrate)


def _filled_template(base: str) -> str:
    def fill(base: str, name: str) -> None:
        _execute(base, f'CREATE DATABASE "{name}" TEMPLATE "{migrated_template()}"')
        _run(_CONTENT, _named(base, name))

    def copy(base: str, name: str) -> None:
        _execute(base, f'CREATE DATABASE "{name}"')
        _copy(_named(first, _filled_template(first)), _named(base, name))

    first = os.environ["DATABASE_URL"]
    return _once(base, "template_filled", fill if base == first else copy)


def _once(base: str, name: str, make: Callable[[str, str], None]) -> str:
    """`name`, which a database on `base`'s server has: whoever is first makes it, by `make(base, name)`."""
    with FileLock(Path(os.environ[MARK]) / f"{name}-{urlsplit(base).port}.lock"):
        if (name,) not in _execute(base, "SELECT datname FROM pg_database"):
            make(base, f"{name}_unfinished")
            _execute(base, f'ALTER DATABASE "{name}_unfinished" RENAME TO "{name}"')
    return name


def _execute(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url.partition("?")[0], autocommit=True) as conn:
        cursor = conn.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def _copy(source: str, target: str) -> None:
    """The content of one database into an empty one of another server."""
    source, target = source.partition("?")[0], target.partition("?")[0]
    content = subprocess.run([str(binary("pg_dump")), source], check=True, capture_output=True).stdout
    command = [str(binary("psql")), "--quiet", "--set=ON_ERROR_STOP=1", target]
    subprocess.run(command, input=content, check=True, capture_output=True)


def _run(code: str, database: str) -> None:
    env = os.environ | {"DATABASE_URL": database}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, check=True, capture_output=True)


_SETUP = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from django.core.management import call_command
"""
_MIGRATE = f"""{_SETUP}
call_command("migrate", "--noinput")
"""
_CONTENT = f"""{_SETUP}
call_command("load_playbooks")
from companies.models import ApiKey, Company, Membership, User, hash_token
company = Company.objects.create(name="Test, Inc.", slug="test", tier="pro")
Company.objects.create(name="Other, Inc.", slug="other")
founder = User.objects.create_user("{FOUNDER}", "{PASSWORD}", first_name="Fay")
Membership.objects.create(company=company, user=founder, role="owner")
User.objects.create_superuser("{STAFF}", "{PASSWORD}")
from allauth.account.models import EmailAddress
for user in User.objects.all():
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
scopes = ["read", "write", "admin"]
ApiKey.objects.create(company=company, prefix="{KEY[:10]}", sha256=hash_token("{KEY}"), scopes=scopes)
"""


def _named(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}", query="" if name.startswith("test_") else "pool=0"))
