"""One terminal for many processes: each line carries the name of who wrote it, and is kept in a file too.

The processes log JSON objects. Files have them as they are, and so has any program that reads our output; a person at a
terminal gets the same in words.
"""

import json
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from config.embedded.files import make_private_folder

LARGEST_LOG_BYTES = 10_000_000
NAME_WIDTH = 9
# Said at each start of a machine that lacks nothing; the logs have it.
_NO_NEWS = ("Memory overcommit must be enabled", "HTTP/2 support not enabled")


class Console:
    """Writes to the terminal and to `folder`/NAME.log; a full log becomes NAME.log.1 and a new one begins."""

    def __init__(self, folder: Path, terminal: TextIO | None = None) -> None:
        make_private_folder(folder)
        self._folder = folder
        self._terminal: TextIO | None = terminal or sys.stdout
        self._is_read_by_people = self._terminal.isatty()
        self._files: dict[str, TextIO] = {}

    def say(self, text: str) -> None:
        """Words of the supervisor itself."""
        for line in text.splitlines():
            self.write("run", line)

    def write(self, name: str, line: str) -> None:
        """A line of the child `name`, to the terminal and its log."""
        self.keep(name, line)
        if line and not any(words in line for words in _NO_NEWS):  # Celery's greeting is half empty
            self.show(f"{name:<{NAME_WIDTH}}| {in_words(line) if self._is_read_by_people else line}")

    def show(self, text: str) -> None:
        """Words for the terminal alone."""
        try:
            if self._terminal:
                print(text, file=self._terminal, flush=True)
        except OSError:  # it was closed; the children are ended in order all the same
            self._terminal = None

    def keep(self, name: str, line: str) -> None:
        """A line of the child `name`, for its log alone; a full disk loses it, and ends nobody."""
        with suppress(OSError):
            file = self._files.get(name)
            if file is None or file.tell() > LARGEST_LOG_BYTES:
                file = self._files[name] = self._open(name)
            file.write(line + "\n")
            file.flush()

    def _open(self, name: str) -> TextIO:
        path = self._folder / f"{name}.log"
        if full := self._files.get(name):
            full.close()
        if path.exists() and path.stat().st_size > LARGEST_LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return path.open("a", encoding="utf-8")

    def close(self) -> None:
        """Closes the logs."""
        for file in self._files.values():
            with suppress(OSError):
                file.close()
        self._files.clear()


def in_words(line: str) -> str:
    """A log line of ours as a person reads it: local time, what happened, to what. Any other line as it is."""
    try:
        told = json.loads(line)
        at = datetime.fromisoformat(told["timestamp"]).astimezone()
        event = str(told["event"])
    except (ValueError, TypeError, KeyError):
        return line
    if "method" in told:  # a request that was answered
        event = f"{told['method']} {told.get('route')} {told.get('status')}"
    level = str(told.get("level", "info")).upper()
    parts = [f"{at:%H:%M:%S}", *([level] if level != "INFO" else []), event, *_besides(told)]
    return " ".join(parts) + "".join(f"\n    {place}" for place in str(told.get("exception", "")).splitlines())


def _besides(told: dict[str, Any]) -> list[str]:
    """What a line says of its request: how long it took, and which matter and step it was of."""
    took = [f"{told['ms']} ms"] if "ms" in told else []
    return took + [f"{name}={told[name]}" for name in ("matter", "step", "kind") if name in told]
