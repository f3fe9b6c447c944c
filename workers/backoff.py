"""How long to wait before a call that failed is tried again."""

import random

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds


def backoff(tries: int, longest: float = LONGEST_PAUSE) -> float:
    """Seconds before the next try, after `tries` of them: doubling, with full jitter's upper half."""
    pause: float = min(longest, FIRST_PAUSE * 2 ** min(tries - 1, 10))
    return pause * random.uniform(0.5, 1.0)


def server_backoff(calls: int) -> float:
    """The same after a server failed of itself: 2–4 s, then 8–16 s, so that three calls outlast ten seconds of it."""
    return backoff(1 + 2 * calls)
