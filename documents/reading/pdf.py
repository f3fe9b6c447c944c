"""The text of a PDF, page by page."""

from collections.abc import Iterator
from io import BytesIO

from pypdf import PdfReader, filters
from pypdf.errors import LimitReachedError

from documents.reading.kinds import PDF, Refused
from documents.reading.limits import MOST_PAGES

filters.JBIG2DEC_BINARY = None  # pictures are not looked at, so no other program is called for one


def read_pdf(data: bytes) -> Iterator[str]:
    """The pages' texts; "" for a page without any. Raises Refused."""
    try:
        yield from _pages(PdfReader(BytesIO(data)))
    except LimitReachedError:  # a stream of more than 75 MB
        raise Refused("expands", PDF) from None


def _pages(reader: PdfReader) -> Iterator[str]:
    if reader.is_encrypted and not reader.decrypt(""):  # without one it only restricts printing and the like
        raise Refused("encrypted", PDF)
    if len(reader.pages) > MOST_PAGES:
        raise Refused("too_long", PDF)
    for page in reader.pages:
        yield page.extract_text()
