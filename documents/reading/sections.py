"""Sections for texts that have no pages: a new one at each heading, and wherever one becomes long."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

LONGEST = 4_000  # characters of a section


class Paragraph(NamedTuple):
    """A paragraph or a table's row."""

    text: str
    is_heading: bool = False


def in_sections(paragraphs: Iterable[Paragraph]) -> Iterator[str]:
    """The sections' texts in order; every word of `paragraphs` is in one."""
    held: list[str] = []
    length = 0
    for text, is_heading in _in_pieces(paragraphs):
        if held and (is_heading or length + len(text) > LONGEST):
            yield "\n".join(held)
            held, length = [], 0
        held.append(text)
        length += len(text) + 1
    if held:
        yield "\n".join(held)


def _in_pieces(paragraphs: Iterable[Paragraph]) -> Iterator[Paragraph]:
    """Paragraphs none of which is longer than a section, cut at a blank where there is one."""
    for text, is_heading in paragraphs:
        left = text
        while len(left) > LONGEST:
            at = left.rfind(" ", LONGEST // 2, LONGEST) + 1 or LONGEST
            yield Paragraph(left[:at].rstrip(), is_heading)
            left, is_heading = left[at:], False
        if left.strip():
            yield Paragraph(left, is_heading)
