"""A place in a matter's event stream: opaque to clients, valid in every transport, never null."""

import re
from dataclasses import dataclass

_FORM = re.compile(r"(\d{1,18})\.(\d{1,9})\.(\d{1,9})\.(\d{1,9})", re.ASCII)


class BadCursorError(ValueError):
    """It is not a cursor of ours; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything up to event `number` has been read, and `offset` code points of that attempt's text."""

    number: int = 0
    version: int = 0
    attempt: int = 0
    offset: int = 0

    def __str__(self) -> str:
        return f"{self.number}.{self.version}.{self.attempt}.{self.offset}"

    @classmethod
    def parse(cls, text: str | None) -> "Cursor":
        """The cursor that `str()` gave; the stream's start for None and "". Raises BadCursorError."""
        if not text:
            return START
        match = _FORM.fullmatch(text)
        if match is None:
            raise BadCursorError(
                "This is not a cursor of an event: give the `id` of an event you have read, or nothing."
            )
        return cls(*map(int, match.groups()))


START = Cursor()
