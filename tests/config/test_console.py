"""The terminal and the logs."""

import io
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.run import console as console_module
from config.run.console import Console


@pytest.fixture
def one_hour_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Etc/GMT-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


class ClosedTerminal(io.StringIO):
    """A terminal whose window was closed: the kernel answers EIO."""

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")


def test_it_goes_on_when_the_terminal_is_closed(tmp_path: Path) -> None:
    console = Console(tmp_path, ClosedTerminal())
    console.write("web", "first")
    console.write("web", "second")
    console.close()
    assert (tmp_path / "web.log").read_text() == "first\nsecond\n", "the log must have what the terminal could not take"


ANSWERED = (
    '{"event": "answered", "matter": "a3", "level": "info", "logger": "requests", "method": "GET", "route": "readyz", '
    '"status": 503, "ms": 12, "timestamp": "2026-11-28T12:06:44.363358Z"}'
)
BROKE = (
    '{"event": "it broke", "level": "error", "step": 7, "exception": "File x, line 1\\nKeyError", '
    '"timestamp": "2026-11-28T12:06:44Z"}'
)


class Window(io.StringIO):
    """A terminal with a person before it."""

    def isatty(self) -> bool:
        return True


@pytest.mark.usefixtures("one_hour_east")
def test_a_person_at_a_terminal_reads_words_where_the_log_has_objects(tmp_path: Path) -> None:
    window = Window()
    console = Console(tmp_path, window)
    plain = ["LOG:  listening", "{not an object", "[1]", '{"event": "without a time"}']
    for line in (ANSWERED, BROKE, *plain):
        console.write("web", line)
    console.close()
    assert window.getvalue().splitlines() == [
        "web      | 13:06:44 GET readyz 503 12 ms matter=a3",
        "web      | 13:06:44 ERROR it broke step=7",
        "    File x, line 1",
        "    KeyError",
        *(f"web      | {line}" for line in plain),
    ]
    assert (tmp_path / "web.log").read_text().splitlines() == [ANSWERED, BROKE, *plain]


def test_whatever_else_reads_the_output_gets_objects(tmp_path: Path) -> None:
    pipe = io.StringIO()
    console = Console(tmp_path, pipe)
    console.write("web", ANSWERED)
    console.close()
    assert pipe.getvalue() == f"web      | {ANSWERED}\n"


def test_a_warning_that_every_healthy_start_has_stands_in_the_log_alone(tmp_path: Path) -> None:
    terminal, warning = io.StringIO(), "# WARNING Memory overcommit must be enabled!"
    console = Console(tmp_path, terminal)
    console.write("redis", warning)
    console.close()
    assert terminal.getvalue() == "", "it asks for a remedy where nothing is wrong"
    assert warning in (tmp_path / "redis.log").read_text()


def test_a_full_disk_loses_lines_and_ends_nobody(tmp_path: Path) -> None:
    (tmp_path / "web.log").symlink_to("/dev/full")
    terminal = io.StringIO()
    console = Console(tmp_path, terminal)
    console.write("web", "first")
    console.close()
    assert "first" in terminal.getvalue()


def test_a_full_log_is_put_aside_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_module, "LARGEST_LOG_BYTES", 20)
    console = Console(tmp_path, io.StringIO())
    for number in range(10):
        console.keep("web", f"line {number}")
    console.close()
    kept = (tmp_path / "web.log.1").read_text() + (tmp_path / "web.log").read_text()
    assert kept.endswith("line 8\nline 9\n"), "the newest lines must be there"
    assert len(kept) < 60, "old lines must go, or the disk fills"
