"""`make run` as a person has it: in a terminal's foreground group, watched by what it prints."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from base64 import b64encode
from io import FileIO
from pathlib import Path

import psutil

from config.env import BASE_DIR
from tests.config.waiting import wait_until

READY_SECONDS = 180.0  # 10 to 20 s on a machine that is not busy with other tests
END_SECONDS = 30.0
# `make` as the first process of a terminal: the first one that the leader of a session opens is the session's. It is no
# nohup's, though the tests may run under one.
IN_A_TERMINAL = ("env", "--default-signal=HUP", "sh", "-c", 'exec "$0" "$@" < "$(tty)"')


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def surroundings(data_dir: Path, **variables: str) -> dict[str, str]:
    """The environment of a fresh terminal; what the developer's own `.env` sets is set back."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    cleared = dict.fromkeys(("DATABASE_URL", "REDIS_URL", "OPENAI_API_KEY", "LOCAL_LLM", "SECRET_KEY"), "")
    return kept | cleared | {"DATA_DIR": str(data_dir)} | variables


class MakeRun:
    """One `make run` on `data_dir`."""

    def __init__(self, data_dir: Path, **variables: str) -> None:
        self.data_dir = data_dir
        self.port, self.flower_port = free_port(), free_port()
        self.environment = surroundings(data_dir, WORKER_PROCESSES="1", **variables)
        self._output = (data_dir.parent / "output.txt").open("w+b")
        window, line = pty.openpty()
        self._terminal = FileIO(window)
        self._process = subprocess.Popen(
            [*IN_A_TERMINAL, "make", "run", f"PORT={self.port}", f"FLOWER_PORT={self.flower_port}"],
            cwd=BASE_DIR,
            env=self.environment,
            stdin=line,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        os.close(line)

    @property
    def words(self) -> str:
        """Everything that it printed so far."""
        return Path(self._output.name).read_text(errors="replace")

    def wait_until_ready(self) -> None:
        """Returns when it says that it is ready."""
        otherwise = f"make run is not ready after {READY_SECONDS} s"
        wait_until(lambda: "  Ready " in self.words or self.has_ended(), otherwise, READY_SECONDS)
        assert not self.has_ended(), f"make run ended instead of being ready:\n{self.words[-3000:]}"

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def press_ctrl_c(self) -> None:
        """SIGINT to the whole foreground group, as a terminal does; returns when it has ended."""
        os.killpg(self._process.pid, signal.SIGINT)
        self._process.wait(END_SECONDS)

    def close_terminal(self) -> None:
        """As when its window is closed, or the connection that it came by; returns when it has ended."""
        self._terminal.close()
        self._process.wait(END_SECONDS)

    def kill_everything(self) -> None:
        """SIGKILL to every process of it: make, supervisor, children."""
        for process in [*self.processes(), psutil.Process(self._process.pid)]:
            process.kill()
        self._process.wait()

    def processes(self) -> list[psutil.Process]:
        """Everything that runs on this DATA_DIR, PostgreSQL's own parts included."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get("DATA_DIR") == str(self.data_dir) and process.pid != self._process.pid
        except psutil.Error:
            return False

    def child(self, name: str) -> int:
        """The pid of a child as the supervisor last noted it; 0 while it is not there."""
        children = json.loads((self.data_dir / "run.json").read_text())["children"]
        return int(children[name][0]) if name in children else 0

    def get(self, path: str, port: int | None = None, user: str = "") -> int:
        """The status of `GET path`, or 0 when nobody answers."""
        request = urllib.request.Request(f"http://127.0.0.1:{port or self.port}{path}")
        if user:
            request.add_header("Authorization", f"Basic {b64encode(user.encode()).decode()}")
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def manage(self, *arguments: str) -> str:
        """The output of `manage.py` in another terminal, which knows no more than DATA_DIR."""
        command = [".venv/bin/python", "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=BASE_DIR, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def flower_password(self) -> str:
        """The password of Flower as printed."""
        found = re.search(r"Flower .* flower  (\S+)", self.words)
        assert found, "make run must print Flower's password"
        return found[1]

    def close(self) -> None:
        """Leaves nothing, whatever the test did."""
        if not self.has_ended():
            self.kill_everything()
        self._terminal.close()
        self._output.close()
