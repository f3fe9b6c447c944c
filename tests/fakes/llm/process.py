"""The fake model as its own process, started, steered and stopped by a test."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[3]


class FakeLLM:
    """`with FakeLLM() as llm:` serves at `llm.base_url` until the end of the block.

    `port` 0 takes a free one. `stop()` and `start()` again keep the port and forget settings and calls; in between
    connections are refused. The settings are those of `tests.fakes.llm.settings.Settings`.
    """

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self._process: subprocess.Popen[str] | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.fakes.llm", "--port", str(self.port), "--die-with-stdin"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the fake model did not start on port {self.port}")
        self.port = json.loads(line)["port"]

    def stop(self) -> None:
        """Ends the process at once; streams in flight are cut."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def set(self, **settings: Any) -> None:
        """Change settings; what is not named stays."""
        self._control("/_control", settings)

    def reset(self) -> None:
        """Forget settings and calls."""
        self._control("/_control/reset", {})

    def forget_calls(self) -> None:
        """Forget the calls so far, and nothing else."""
        self._control("/_control/forget_calls", {})

    def fail_next(self, kind: str, times: int = 1, **fault: Any) -> None:
        """The next `times` calls (of `schema`, where given) fail as `kind`; see `Fault` for what else can be said."""
        self._control("/_control/fail_next", [{"kind": kind, **fault}] * times)

    def calls(self) -> list[dict[str, Any]]:
        """The calls so far, oldest first, as `Record`s."""
        calls: list[dict[str, Any]] = self._control("/_control/calls")
        return calls

    def counts(self) -> dict[str, int]:
        """`calls` so far, `in_flight` now, `most_in_flight` at once."""
        counts: dict[str, int] = self._control("/_control")
        return counts

    def wait_until(self, holds: Callable[[], bool], seconds: float = 10) -> None:
        """Ask again until `holds()`; fails after `seconds`."""
        ends_at = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < ends_at, f"it did not hold within {seconds} s"
            time.sleep(0.01)

    def _control(self, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET" if body is None else "POST", path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise ValueError(answer["error"])
        return answer
