"""Whether this worker process has been told to end."""

import threading

_stopping = threading.Event()


def begin_stopping() -> None:
    """From now on nothing is claimed, and nothing is tried again."""
    _stopping.set()


def is_stopping() -> bool:
    """Whether the process ends."""
    return _stopping.is_set()
