"""Starting and ending a demo model."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def serving(*options: str) -> Iterator[str]:
    """A running demo model on a free port; gives the base address for clients. Ends it by SIGTERM."""
    command = [sys.executable, "-m", "demo.model", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().rsplit(" ", 1)[1].strip()
        finally:
            process.terminate()
            assert process.wait(10) == 0, "the demo model did not end in order"
