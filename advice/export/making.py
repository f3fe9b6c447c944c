"""Having a file made by a process of its own, two at a time in each web process, for a limited time."""

import json
import logging
import subprocess
import sys
from pathlib import Path
from threading import BoundedSemaphore

from advice.export.document import Document

logger = logging.getLogger(__name__)

AT_ONCE = 2
WAIT_SECONDS = 10.0  # for a place
RUN_SECONDS = 45.0  # 100 KB take about 2
_PLACES = BoundedSemaphore(AT_ONCE)
_ROOT = Path(__file__).parents[2]


class Busy(Exception):
    """Others' files are being made."""


class NotMade(Exception):
    """The writer failed, or was stopped for taking too long."""


def make_file(kind: str, document: Document) -> bytes:
    """The file of `kind`, `pdf` or `docx`. Raises Busy, NotMade."""
    if not _PLACES.acquire(timeout=WAIT_SECONDS):
        raise Busy
    try:
        return _run(kind, json.dumps(document).encode())
    finally:
        _PLACES.release()


def _run(kind: str, document: bytes) -> bytes:
    # No environment: the process needs no secret. No stderr: it could hold words of the document.
    command = [sys.executable, "-E", "-s", "-m", "advice.export.child", kind]
    try:
        done = subprocess.run(
            command, input=document, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=_ROOT, env={},
            timeout=RUN_SECONDS, check=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        logger.error("a %s was not made within %d s", kind, RUN_SECONDS)
        raise NotMade from error
    except subprocess.CalledProcessError as error:
        logger.error("a %s was not made: its process ended with %d", kind, error.returncode)
        raise NotMade from error
    return done.stdout
