"""The text of a DOCX, in sections: it has no pages before somebody prints it."""

import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import docx
from docx.oxml.ns import qn
from docx.table import Table
from docx.text.paragraph import Paragraph as WordParagraph

from documents.reading.kinds import DOCX, Refused
from documents.reading.limits import MOST_ENTRIES, MOST_EXPANDED
from documents.reading.sections import Paragraph, in_sections

_PIECE = 1024 * 1024
_SAYS = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
_TEXT = qn("w:t")
_ENCRYPTED = 0x1


def read_docx(data: bytes) -> Iterator[str]:
    """Sections of a DOCX: paragraphs and tables in their order, insertions as accepted, deletions left out.

    Headers, footers, notes and comments are not read. Raises Refused.
    """
    _check_size(data)
    return in_sections(_paragraphs(docx.Document(BytesIO(data))))


def _check_size(data: bytes) -> None:
    """Refuse an archive that unpacks to too much: by what it declares, then by what is really in it."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > MOST_EXPANDED:
            raise Refused("expands", DOCX)
        if any(entry.flag_bits & _ENCRYPTED for entry in entries):
            raise Refused("encrypted", DOCX)
        left = MOST_EXPANDED
        for entry in entries:
            left = _check_entry(archive, entry, left)


def _check_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> int:
    """Unpack one file without keeping it; returns how many bytes are left for the others."""
    with archive.open(entry) as unpacked:
        while piece := unpacked.read(_PIECE):
            left -= len(piece)
            if left < 0:
                raise Refused("expands", DOCX)
    return left


def _paragraphs(document: Any) -> Iterator[Paragraph]:
    for item in document.iter_inner_content():
        if isinstance(item, Table):
            for row in item.rows:
                yield Paragraph(" | ".join(" ".join(map(_text, cell.paragraphs)).strip() for cell in _cells(row)))
        else:
            yield Paragraph(_text(item), _is_heading(item))


def _cells(row: Any) -> list[Any]:
    """The cells of a row, each once: one that spans columns stands in it for each of them."""
    return list({id(cell._tc): cell for cell in row.cells}.values())  # noqa: SLF001 # python-docx names nothing else


def _is_heading(paragraph: WordParagraph) -> bool:
    name = (paragraph.style.name if paragraph.style else None) or ""
    return name.startswith(("Heading", "Title"))


def _text(paragraph: WordParagraph) -> str:
    """What stands in a paragraph. python-docx's own `text` leaves out what tracked changes have inserted."""
    element = paragraph._p  # noqa: SLF001 # its documented way to the XML
    return "".join(node.text or "" if node.tag == _TEXT else _SAYS.get(node.tag, "") for node in element.iter())
