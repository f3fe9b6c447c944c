"""The terminal and the logs."""

import io
from pathlib import Path

import pytest

from config.run import console as console_module
from config.run.console import Console


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
