"""The embedded PostgreSQL, for real, in a folder of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from config.embedded import postgres as postgres_module
from config.embedded import server as server_module
from config.embedded.postgres import PostgresServer
from config.embedded.processes import processes_in
from config.embedded.server import ServerError
from tests.config.waiting import wait_until

ROOT_ON_LINUX = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root must become somebody else to run PostgreSQL"
)


def write(url: str, value: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (value text)")
        connection.execute("INSERT INTO kept VALUES (%s)", [value])


def read(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [value for (value,) in connection.execute("SELECT value FROM kept ORDER BY value")]


def postmaster(server: PostgresServer) -> int:
    return int((server.data_dir / "pg/cluster/postmaster.pid").read_text().split()[0])


def test_it_keeps_data_address_and_password_over_a_restart(postgres: PostgresServer) -> None:
    url = postgres.start()
    assert postgres.is_ready()
    write(url, "a")
    postgres.stop()
    assert not postgres.is_ready()
    assert postgres.start() == url, "a second `make run` should find the address of the first"
    assert read(url) == ["a"]


def test_it_is_whole_after_kill_9_of_every_process(postgres: PostgresServer) -> None:
    url = postgres.start()
    write(url, "committed")
    cluster = postgres.data_dir / "pg/cluster"
    for pid in processes_in(cluster, "postgres"):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not postgres.is_ready(), "a killed server must not pass for running")
    again = PostgresServer(postgres.data_dir)
    try:
        assert read(again.start()) == ["committed"]
    finally:
        again.stop()


def test_it_starts_although_another_process_carries_the_dead_ones_number(postgres: PostgresServer) -> None:
    """As after a container's restart, where the same small numbers are given out again."""
    postgres.start()
    pid_file = postgres.data_dir / "pg/cluster/postmaster.pid"
    lines = pid_file.read_text().splitlines()
    postgres.stop()
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")
    assert not postgres.is_ready()
    postgres.start()


def test_a_second_server_on_the_same_data_is_refused(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "RETRY_SECONDS", 0.2)
    url = postgres.start()
    with pytest.raises(ServerError, match=r"postgres is running on .* already"):
        PostgresServer(postgres.data_dir).start()
    write(url, "the first one goes on")


def test_it_takes_another_port_when_its_own_is_taken(postgres: PostgresServer) -> None:
    url = postgres.start()
    port = int(url.rpartition(":")[2].partition("/")[0])
    postgres.stop()
    with socket.create_server(("127.0.0.1", port)):
        assert postgres.start() != url
        assert postgres.is_ready()


def test_it_lets_nobody_in_without_the_password(postgres: PostgresServer) -> None:
    url = postgres.start()
    password = url.partition(":")[2].partition(":")[2].partition("@")[0]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url.replace(password, "guess"))


def test_passwords_are_for_its_owners_eyes(postgres: PostgresServer) -> None:
    postgres.start()
    assert (postgres.data_dir / "server.json").stat().st_mode & 0o777 == 0o600
    assert not (postgres.data_dir / "pg/password").exists(), "the file for initdb must be gone"


def test_settings_can_be_given(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "postgres", {"max_connections": "30", "fsync": "off"})
    try:
        with psycopg.connect(server.start()) as connection:
            assert connection.execute("SHOW max_connections").fetchone() == ("30",)
            assert connection.execute("SHOW fsync").fetchone() == ("off",)
            assert connection.execute("SHOW wal_compression").fetchone() == ("pglz",), "what is not given stays"
    finally:
        server.stop()


def test_it_works_in_a_folder_with_a_long_path(tmp_path: Path) -> None:
    """A unix socket's path would have to stay under about 100 characters: there is none."""
    server = PostgresServer(tmp_path / ("long " * 20) / ("name " * 20))
    try:
        write(server.start(), "a")
    finally:
        server.stop()


def test_an_interrupted_first_start_is_begun_anew(postgres: PostgresServer) -> None:
    unfinished = postgres.data_dir / "pg/unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18")
    postgres.start()
    assert not unfinished.exists()


def test_it_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from config.embedded.postgres import PostgresServer;"
        f"PostgresServer(Path({str(tmp_path / 'postgres')!r})).start(); print('up', flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert parent.stdout
    with parent, parent.stdout:
        assert parent.stdout.readline() == b"up\n"
        parent.kill()
    cluster = tmp_path / "postgres/pg/cluster"
    wait_until(lambda: not processes_in(cluster, "postgres"), "PostgreSQL must not be left as an orphan")


@pytest.mark.parametrize("character", ["$", "`", '"'])
def test_a_checkout_in_whose_path_a_shell_would_read_something_is_told_with_that_character(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, character: str
) -> None:
    programs = tmp_path / f"pay{character}back"
    monkeypatch.setattr(postgres_module, "binary", programs.joinpath)
    with pytest.raises(ServerError) as refused:
        postgres.prepare()
    (line,) = str(refused.value).splitlines()
    assert f" has a {character} " in line
    assert str(programs) in line
    assert "move the checkout" in line


@ROOT_ON_LINUX
def test_root_runs_it_as_nobody_where_namespaces_are_blocked(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "bin" / "unshare"
    blocked.parent.mkdir()
    blocked.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2; exit 1\n")
    blocked.chmod(0o755)
    monkeypatch.setenv("PATH", f"{blocked.parent}:{os.environ['PATH']}")
    url = postgres.start()
    write(url, "a")
    assert Path(f"/proc/{postmaster(postgres)}").stat().st_uid == 65534
    postgres.stop()
    monkeypatch.undo()
    assert postgres.start() == url, "the data must be usable when namespaces work again"
    assert read(url) == ["a"]


@ROOT_ON_LINUX
def test_root_runs_it_as_the_user_who_made_the_data(postgres: PostgresServer) -> None:
    postgres.start()
    postgres.stop()
    folder = postgres.data_dir / "pg"
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, 12345, 12345, follow_symlinks=False)
    write(postgres.start(), "a")
    assert Path(f"/proc/{postmaster(postgres)}").stat().st_uid == 12345
    assert folder.stat().st_uid == 12345, "the user must be able to use the data again without root"


@ROOT_ON_LINUX
def test_it_says_what_to_do_where_root_cannot_become_anybody_else(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "id", "test"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(ServerError, match="ordinary user, or set DATABASE_URL"):
        postgres.start()
