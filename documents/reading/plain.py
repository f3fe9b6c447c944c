"""The text of TXT and MD files, in sections."""

import re
from collections.abc import Iterator

from documents.reading.kinds import decode
from documents.reading.sections import Paragraph, in_sections

_HEADING = re.compile(r"#{1,6}\s")


def read_text(data: bytes) -> Iterator[str]:
    """Sections of a TXT file, by its paragraphs. Raises Refused."""
    return in_sections(Paragraph(line) for line in decode(data).splitlines())


def read_markdown(data: bytes) -> Iterator[str]:
    """Sections of an MD file, by its headings too; the marks stay in the text. Raises Refused."""
    return in_sections(Paragraph(line, bool(_HEADING.match(line))) for line in decode(data).splitlines())
