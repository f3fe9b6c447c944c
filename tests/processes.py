"""The product as an operator runs it: web, workers and beat as processes of their own, with a database of their own."""

import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import httpx2
import psycopg
from filelock import FileLock

from config.embedded.postgres import binary
from config.run import children
from tests.fakes.llm import FakeLLM
from tests.servers import MARK

ROOT = Path(__file__).resolve().parents[1]
FOUNDER, PASSWORD = "founder@example.com", "correct horse battery"
STAFF = "staff@example.com"
KEY = "ms_the-key-of-every-database-that-tests-make"  # company `test`, all scopes
START_SECONDS = 120.0  # two products that start side by side take 20, or 45 in a machine's slow hour
_numbers = itertools.count()


def wait_until(holds: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
    """Ask until `holds()` gives something true, and return that; fails with `what` after `seconds`."""
    ends_at = time.monotonic() + seconds
    while True:
        if result := holds():
            return result
        assert time.monotonic() < ends_at, f"after {seconds} s still not: {what}"
        time.sleep(0.02)


def free_port() -> int:
    """A TCP port of the loopback interface that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """One child with its log. It and its children are killed by process id, nothing else is."""

    def __init__(self, name: str, command: tuple[str, ...], env: dict[str, str], log: Path) -> None:
        self.name, self.log = name, log
        binary = str(Path(sys.executable).parent / command[0])
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                [binary, *command[1:]],
                cwd=ROOT,
                env=env,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.pid = self._popen.pid

    def is_alive(self) -> bool:
        return self._popen.poll() is None

    def kill(self) -> None:
        """SIGKILL: as a crash would."""
        self._signal(signal.SIGKILL)
        self._popen.wait(timeout=10)

    def stop(self, seconds: float = 30.0) -> float:
        """SIGTERM; returns after how many seconds it had ended."""
        began = time.monotonic()
        self._signal(signal.SIGTERM)
        try:
            self._popen.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        return time.monotonic() - began

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def says(self, words: str) -> bool:
        """Whether its log has `words`."""
        assert self.is_alive(), f"{self.name} ended:\n{self.log.read_text()[-3000:]}"
        return words in self.log.read_text(errors="replace")


class Installation:
    """A product that runs: `with Installation(tmp_path) as product: product.api.post(…)`.

    `llm` is the fake model. The lease and the sweep are short, so that a takeover takes seconds. `server`: the address
    of the PostgreSQL server that has its database; that of the test run, unless given.
    """

    def __init__(
        self, folder: Path, *, workers: int = 1, threads: int = 24, server: str | None = None, **variables: str
    ) -> None:
        self.folder, self.server = folder, server
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.llm = FakeLLM()
        self.workers: list[Process] = []
        self.web: Process | None = None
        self.beat: Process | None = None
        self._wanted_workers, self._threads, self._variables = workers, threads, variables
        self._worker_names = (f"worker{number}" for number in itertools.count(1))
        self.founder_email, self.founder_password, self.staff_email = FOUNDER, PASSWORD, STAFF
        self.api_key = KEY

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        for process in [*self.workers, self.web, self.beat]:
            if process is not None and process.is_alive():
                process.kill()
        self.llm.stop()
        if hasattr(self, "api"):
            self.api.close()
        if hasattr(self, "database_url"):
            drop_database(self.database_url)

    def _start(self) -> None:
        self.llm.start()
        self.database_url = create_database(self.server)
        self.env = os.environ | {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": f"{os.environ['REDIS_URL'].rpartition('/')[0]}/{1 + next(_numbers) % 15}",
            "PORT": str(self.port),
            "OPENAI_BASE_URL": self.llm.base_url,
            "STEP_LEASE_SECONDS": "3",
            "SWEEP_SECONDS": "1",
            "LLM_CACHE_SECONDS": "0",  # the same question again asks the model again
            **self._variables,
        }
        self._empty_broker()
        self.start_web()
        self.start_beat()
        for _ in range(self._wanted_workers):
            self.start_worker()
        self.api = self.client(self.api_key)
        wait_until(self._is_ready, "the web process answers /readyz with 200", START_SECONDS)
        for worker in self.workers:
            wait_until(partial(worker.says, " ready."), f"{worker.name} is ready", START_SECONDS)

    def _empty_broker(self) -> None:
        import redis

        with redis.Redis.from_url(self.env["REDIS_URL"]) as broker:
            broker.flushdb()

    def _is_ready(self) -> bool:
        assert self.web is not None
        assert self.web.is_alive(), f"the web process ended:\n{self.web.log.read_text()[-3000:]}"
        with contextlib.suppress(httpx2.HTTPError):
            return self.api.get("/readyz").status_code == 200
        return False

    def start_web(self) -> Process:
        self.web = self._process("web", children.serve("127.0.0.1", self.port))
        return self.web

    def start_worker(self) -> Process:
        name = next(self._worker_names)  # one that died keeps its own
        self.workers.append(self._process(name, children.worker(name, self._threads)))
        return self.workers[-1]

    def start_beat(self) -> Process:
        self.beat = self._process("beat", children.beat(str(self.folder / "celerybeat-schedule")))
        return self.beat

    def _process(self, name: str, command: tuple[str, ...]) -> Process:
        return Process(name, command, self.env, self.folder / f"{name}.log")

    def client(self, key: str | None = None) -> httpx2.Client:
        """An HTTP client of the web process, with an API key if there is one."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=30)

    def manage(self, *arguments: str) -> str:
        """What `manage.py` prints."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of a query on the installation's database."""
        with psycopg.connect(self.database_url.partition("?")[0], autocommit=True) as conn:
            cursor = conn.execute(query, parameters)
            return cursor.fetchall() if cursor.description else []


def create_database(server: str | None = None) -> str:
    """A fresh database with the migrations, the playbooks, a company `test` and its people; returns its address.

    `server` is the address of any database of the server that is to have it; by default the test run's.
    """
    base = server or os.environ["DATABASE_URL"]
    template = _template(base)
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(base.partition("?")[0], autocommit=True) as conn:
        conn.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return _named(base, name)


def drop_database(url: str) -> None:
    """Remove a database that `create_database` made."""
    with psycopg.connect(_named(url, "postgres").partition("?")[0], autocommit=True) as conn:
        conn.execute(f'DROP DATABASE IF EXISTS "{urlsplit(url).path[1:]}" WITH (FORCE)')


def _template(base: str) -> str:
    """The name of the database that others on that server are copied from; made once, and once filled for all."""
    name, unfinished, first = "template_matterstream", "template_unfinished", os.environ["DATABASE_URL"]
    filled = None if base == first else _named(first, _template(first))
    with (
        FileLock(Path(os.environ[MARK]) / f"template-{urlsplit(base).port}.lock"),
        psycopg.connect(base.partition("?")[0], autocommit=True) as conn,
    ):
        if not conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            conn.execute(f'CREATE DATABASE "{unfinished}"')
            _fill(_named(base, unfinished), filled)
            conn.execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')
    return name


def _fill(database: str, filled: str | None) -> None:
    """Make the content of an empty `database`, or copy it from a `filled` one, which is quicker."""
    if filled is None:
        env = os.environ | {"DATABASE_URL": database}
        subprocess.run([sys.executable, "-c", _CONTENT], cwd=ROOT, env=env, check=True, capture_output=True)
        return
    source, target = (url.partition("?")[0] for url in (filled, database))
    content = subprocess.run([str(binary("pg_dump")), source], check=True, capture_output=True).stdout
    command = [str(binary("psql")), "--quiet", "--set=ON_ERROR_STOP=1", target]
    subprocess.run(command, input=content, check=True, capture_output=True)


_CONTENT = f"""
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from django.core.management import call_command
call_command("migrate", "--noinput")
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


def iterate(pages: Callable[[str], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """All events of a matter by poll: `pages(cursor)` gives one answer."""
    cursor = ""
    while True:
        page = pages(cursor)
        yield from page["events"]
        cursor = page["cursor"]
        if page["done"]:
            return
