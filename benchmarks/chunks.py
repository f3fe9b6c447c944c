"""Chunks that carry the time at which they were sent, and how a reader of the text finds their age.

Each chunk of `size` characters begins with five base-36 digits: the microseconds of CLOCK_MONOTONIC, modulo 36^5
(about 60 s). That clock is the same in all processes of a machine, so whoever holds the text up to offset
`number * size + 5` can tell how old chunk `number` is.
"""

import random
import time

DIGITS = 5
MODULUS: int = 36**DIGITS
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]  # two digits at once: the fake model writes 4,000 a second
_TEXT = (
    "the employer must give notice in writing before any date of exit and pay what was earned until then a board "
    "resolution names the officer who signs vested shares stay with the founder unless the agreement says otherwise"
)


def microseconds() -> int:
    """CLOCK_MONOTONIC now, in microseconds."""
    return time.monotonic_ns() // 1000


def stamp(now: int) -> str:
    """The five digits of a time in microseconds."""
    high, low = divmod(now % MODULUS, 36**2)
    top, middle = divmod(high, 36**2)
    return _ALPHABET[top] + _PAIRS[middle] + _PAIRS[low]


def age(digits: str, now: int) -> int:
    """How long before `now` the five digits were written, in microseconds; right below 60 s."""
    return (now - int(digits, 36)) % MODULUS


def filler(length: int) -> str:
    """Words without any character that JSON would escape, different enough not to be compressed to nothing."""
    chosen, words_known = random.Random(1), _TEXT.split()
    words = (chosen.choice(words_known) for _ in range(length // 2 + 1))
    return " ".join(words)[:length]


class Dated:
    """The chunks of one text, dated as it grows."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.length = 0
        """Characters read so far."""
        self.ages: list[int] = []
        """Of each chunk in its order, in microseconds, when its first characters were here."""
        self.seen: list[int] = []
        """When that was."""
        self._tail = ""
        self._next = 0  # where in the tail the next chunk begins; behind its end while a chunk's rest is to come

    def add(self, text: str, now: int) -> None:
        """The text goes on with `text`, read at `now`."""
        self.length += len(text)
        tail, at = self._tail + text, self._next
        while at + DIGITS <= len(tail):
            self.ages.append(age(tail[at : at + DIGITS], now))
            self.seen.append(now)
            at += self.size
        done = min(at, len(tail))
        self._tail, self._next = tail[done:], at - done
