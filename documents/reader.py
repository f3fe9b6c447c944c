"""Reading a document in a process of its own, which can do nothing but read it (`documents/reading/`).

A parser of other people's files is the part of the product that is most likely to be fooled, so it has no secret in
its environment, no database, and limits that the operating system holds. What it says is not trusted either.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from documents.reading.kinds import ENDINGS
from documents.reading.limits import MOST_CHARACTERS, MOST_PAGE_CHARACTERS, MOST_PAGES, WALL_SECONDS
from documents.reading.refusals import refusal_words

AT_ONCE = 2  # documents that one process of ours has read at once
PATIENCE_SECONDS = 10.0  # for which a further one waits for its turn
_MOST_SAID = 6 * MOST_CHARACTERS + 100 * MOST_PAGES  # bytes: no character takes more, as UTF-8 or escaped
_ROOT = Path(__file__).resolve().parent.parent
_PROGRAM = "import sys; sys.path.insert(0, sys.argv.pop(1)); from documents.reading.child import main; main()"
_places = threading.BoundedSemaphore(AT_ONCE)


class UnreadableError(Exception):
    """The file is not taken; `str()` says why, and what to do, in words for the founder."""


class BusyError(Exception):
    """So many documents are being read now that this one has to come again."""


@dataclass(frozen=True)
class ReadDocument:
    """What a document holds: the texts of its pages, or of its sections where it has no pages."""

    media_type: str
    pages: list[str]


@contextmanager
def turn_to_read() -> Iterator[None]:
    """Wait for one of the `AT_ONCE` places. Raises BusyError after `PATIENCE_SECONDS`."""
    if not _places.acquire(timeout=PATIENCE_SECONDS):
        raise BusyError
    try:
        yield
    finally:
        _places.release()


def read_document(file: IO[bytes], ending: str) -> ReadDocument:
    """The text of an open file on disk. `ending`: of its name, such as `.pdf`. Raises UnreadableError.

    Takes 0.3 s for a short one, and `WALL_SECONDS` at most. Hold no database connection meanwhile.
    """
    file.seek(0)
    said, in_time = _run(file, ending)
    if not in_time:
        raise UnreadableError(refusal_words("too_slow", "", ending))
    try:
        *pages, last = (json.loads(line) for line in said.splitlines())
        media_type = str(last["media_type"])
        if "refused" in last:
            raise UnreadableError(refusal_words(last["refused"], media_type, ending))
        texts = [_checked(page["page"]) for page in pages]
    except (ValueError, KeyError, TypeError):  # it was ended, or says what no child of ours does
        raise UnreadableError(refusal_words("broken", "", ending)) from None
    if media_type not in ENDINGS.values() or not 0 < len(texts) <= MOST_PAGES:
        raise UnreadableError(refusal_words("broken", "", ending))
    return ReadDocument(media_type, texts)


def _checked(text: str) -> str:
    """`text`, if a row can hold it. Raises ValueError."""
    if len(text) > MOST_PAGE_CHARACTERS or b"\x00" in text.encode():
        raise ValueError("This is no page.")
    return text


def _run(file: IO[bytes], ending: str) -> tuple[bytes, bool]:
    """What the child says, and whether it came to its end within its time, by its clock and by ours."""
    child = subprocess.Popen(
        [sys.executable, "-I", "-c", _PROGRAM, str(_ROOT), ending],
        stdin=file.fileno(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a traceback may hold words of the document
        env={"LANG": "C.UTF-8"},
        cwd="/",
        start_new_session=True,
    )
    with child:
        assert child.stdout is not None
        try:
            said, ended = _listen(child.stdout.fileno())
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)  # its own group; until it is waited for, the number is its own
    return said, ended and child.returncode != -signal.SIGXCPU


def _listen(output: int) -> tuple[bytes, bool]:
    """All that is said, `_MOST_SAID` bytes at most, and whether the end was heard in time."""
    said, deadline = bytearray(), time.monotonic() + WALL_SECONDS
    with selectors.DefaultSelector() as waiting:
        waiting.register(output, selectors.EVENT_READ)
        while len(said) <= _MOST_SAID and (left := deadline - time.monotonic()) > 0:
            if waiting.select(left):
                piece = os.read(output, 65_536)
                if not piece:
                    return bytes(said), True
                said += piece
    return b"", False
