"""What of PDF/UA-1 (ISO 14289-1) can be looked at without a checker of its own; `docs/contract.md` says what is not."""

import io
import re
from collections.abc import Iterator
from typing import Any

from pypdf import PageObject, PdfReader
from pypdf.generic import ContentStream, DictionaryObject

_SHOWS_TEXT = {b"Tj", b"TJ", b"'", b'"'}


def read_pdf(content: bytes) -> PdfReader:
    """The file, after everything about it was looked at. Fails where it is not accessible."""
    reader = PdfReader(io.BytesIO(content))
    root: Any = reader.trailer["/Root"]
    xmp = root["/Metadata"].get_object().get_data().decode()
    assert re.search(r'pdfuaid:part(>|=")1\b', xmp), "the file does not say that it is PDF/UA-1"
    assert "<dc:title>" in xmp
    assert root["/MarkInfo"]["/Marked"] is True or root["/MarkInfo"]["/Marked"].value is True
    assert root["/Lang"].startswith("en")
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata is not None
    assert reader.metadata.title
    tagged = marked_content(root["/StructTreeRoot"])
    for number, page in enumerate(reader.pages):
        _check_fonts(page)
        _check_text(page, tagged.get(page.indirect_reference.idnum, set()), number)  # type: ignore[union-attr]
        _check_links(page)
    return reader


def structure(reader: PdfReader) -> list[str]:
    """The types of all elements of the structure tree, in reading order."""
    root: Any = reader.trailer["/Root"]
    return [element["/S"].lstrip("/") for element, _ in _elements(root["/StructTreeRoot"], None)]


def text_of(reader: PdfReader) -> str:
    """All words, without the white space and the places to break, which lie where the lines do."""
    return squeezed("".join(page.extract_text() for page in reader.pages))


def squeezed(text: str) -> str:
    """`text` without what pages do to it."""
    return re.sub(r"[\s\u200b\u2066\u2069]", "", text)


def _elements(node: Any, page: Any) -> Iterator[tuple[Any, Any]]:
    """Every element below `node`, with the page that it is on."""
    kids = node.get("/K", [])
    for kid in kids if isinstance(kids, list) else [kids]:
        kid = kid.get_object()
        if isinstance(kid, DictionaryObject) and "/S" in kid:
            here = kid.raw_get("/Pg") if "/Pg" in kid else page
            yield kid, here
            yield from _elements(kid, here)


def marked_content(tree: Any) -> dict[int, set[int]]:
    """The numbers of marked content that the structure tree has, by the id of their page."""
    found: dict[int, set[int]] = {}
    for element, page in _elements(tree, None):
        kids = element.get("/K", [])
        for kid in kids if isinstance(kids, list) else [kids]:
            kid = kid.get_object()
            where = kid.raw_get("/Pg") if isinstance(kid, DictionaryObject) and "/Pg" in kid else page
            number = kid.get("/MCID") if isinstance(kid, dict) else kid
            if number is not None:
                found.setdefault(where.idnum, set()).add(int(number))
    return found


def _check_fonts(page: PageObject) -> None:
    fonts: Any = page["/Resources"].get("/Font", {})  # type: ignore[attr-defined]
    for font in (font.get_object() for font in fonts.values()):
        assert "/ToUnicode" in font, "a font's characters can't be told"
        (inner,) = font["/DescendantFonts"]
        descriptor = inner.get_object()["/FontDescriptor"]
        assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor), f"{font['/BaseFont']} is not embedded"


def _check_text(page: PageObject, tagged: set[int], number: int) -> None:
    """Every text is in marked content that the structure tree knows, or in an artifact such as a page's number."""
    stack: list[Any] = []
    for operands, operator in ContentStream(page.get_contents(), page.pdf).operations:
        if operator in (b"BDC", b"BMC"):
            stack.append(operands)
        elif operator == b"EMC":
            stack.pop()
        elif operator in _SHOWS_TEXT:
            assert any(_is_known(marks, tagged) for marks in stack), f"untagged text on page {number}: {operands}"
    assert not stack


def _is_known(marks: Any, tagged: set[int]) -> bool:
    name, *properties = marks
    if name == "/Artifact":
        return True
    return bool(properties) and isinstance(properties[0], dict) and properties[0].get("/MCID") in tagged


def _check_links(page: PageObject) -> None:
    annotations: Any = page.get("/Annots", [])
    for annotation in (a.get_object() for a in annotations):
        assert annotation.get("/Contents"), "a link that has no words"
        assert "/StructParent" in annotation, "a link outside of the structure"
    if annotations:
        assert str(page["/Tabs"]) == "/S", "the tab key does not go as the structure does"
