"""The embedded Redis (Valkey), for real, in a folder of its own."""

import os
import signal
import socket
from pathlib import Path

import pytest
import redis

from config.embedded import server as server_module
from config.embedded.processes import processes_in
from config.embedded.redis import RedisServer
from config.embedded.server import ServerError
from tests.config.waiting import wait_until


def write(url: str, value: str) -> None:
    with redis.Redis.from_url(url) as client:
        client.set("kept", value)
        client.waitaof(1, 0, 5000)  # on disk: `appendfsync everysec` would otherwise take its second


def read(url: str) -> bytes | None:
    with redis.Redis.from_url(url) as client:
        value: bytes | None = client.get("kept")
        return value


def test_it_keeps_data_address_and_password_over_a_restart(redis_server: RedisServer) -> None:
    url = redis_server.start()
    assert redis_server.is_ready()
    write(url, "a")
    redis_server.stop()
    assert not redis_server.is_ready()
    assert redis_server.start() == url
    assert read(url) == b"a"


def test_its_folder_may_have_any_name(tmp_path: Path) -> None:
    server = RedisServer(tmp_path / """it's "mine" \\ & ü $HOME""")
    try:
        assert read(server.start()) is None
    finally:
        server.stop()


def test_it_keeps_data_over_kill_9(redis_server: RedisServer) -> None:
    url = redis_server.start()
    write(url, "a")
    (pid,) = processes_in(redis_server.data_dir, "valkey-server")
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not redis_server.is_ready(), "a killed server must not pass for running")
    again = RedisServer(redis_server.data_dir)
    try:
        assert read(again.start()) == b"a"
    finally:
        again.stop()


def test_a_second_server_on_the_same_data_is_refused(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "RETRY_SECONDS", 0.2)
    redis_server.start()
    with pytest.raises(ServerError, match=r"valkey-server is running on .* already"):
        RedisServer(redis_server.data_dir).start()


def test_it_takes_another_port_when_its_own_is_taken(redis_server: RedisServer) -> None:
    url = redis_server.start()
    port = int(url.rpartition(":")[2].partition("/")[0])
    redis_server.stop()
    with socket.create_server(("127.0.0.1", port)):
        assert redis_server.start() != url
        assert redis_server.is_ready()


def test_it_lets_nobody_in_without_the_password(redis_server: RedisServer) -> None:
    """Whoever writes to the broker can start tasks."""
    url = redis_server.start()
    address = url.rpartition("@")[2]
    with redis.Redis.from_url(f"redis://{address}") as client, pytest.raises(redis.AuthenticationError):
        client.ping()


def test_the_password_is_not_on_the_command_line(redis_server: RedisServer) -> None:
    url = redis_server.start()
    password = url.partition("@")[0].rpartition(":")[2]
    assert password not in " ".join(redis_server.command())
    assert (redis_server.data_dir / "valkey.conf").stat().st_mode & 0o777 == 0o600
