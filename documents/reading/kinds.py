"""What a file is: decided by its content; its name must not say anything else."""

import re
import zipfile
from io import BytesIO

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TEXT = "text/plain"
MARKDOWN = "text/markdown"
ENDINGS = {".pdf": PDF, ".docx": DOCX, ".txt": TEXT, ".text": TEXT, ".md": MARKDOWN, ".markdown": MARKDOWN}

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # old Word, and what Word makes of a DOCX with a password
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_IMAGES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*", b"BM")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")  # controls that no editor writes


class Refused(Exception):
    """The file is not taken. `code` is one of `documents.reading.refusals`, `media_type` what it is, or ""."""

    def __init__(self, code: str, media_type: str = "") -> None:
        super().__init__(code)
        self.code, self.media_type = code, media_type


def page_word(media_type: str) -> str:
    """What the pages of such a document are called: only a PDF has real ones."""
    return "page" if media_type == PDF else "section"


def recognise(data: bytes, ending: str) -> str:
    """The media type of `data`. `ending` is that of its name, with the dot, or "". Raises Refused."""
    found = _of_content(data)
    named = ENDINGS.get(ending.lower())
    if found == TEXT and named == MARKDOWN:
        return MARKDOWN
    if ending and named is None:
        raise Refused("unknown")
    if named not in (None, found):
        raise Refused("mismatch", found)
    return found


def _of_content(data: bytes) -> str:
    if not data.strip():
        raise Refused("empty")
    if b"%PDF-" in data[:1024]:
        return PDF
    if data.startswith(_OLE):
        raise Refused("old_word")
    if data.startswith(_IMAGES):
        raise Refused("image")
    if data.startswith(_ZIP):
        return _of_archive(data)
    decode(data)
    return TEXT


def _of_archive(data: bytes) -> str:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile:
        raise Refused("broken") from None
    if {"[Content_Types].xml", "word/document.xml"} <= names:
        return DOCX
    raise Refused("unknown")


def decode(data: bytes) -> str:
    """The text of a file without any form. Raises Refused where it is none.

    UTF-8; UTF-16 where its mark stands before it, as Windows' Notepad writes; else Windows-1252, which older editors
    there write. That has a character for nearly every byte, so it counts only without control characters.
    """
    for encoding in ("utf-16",) if data.startswith(_UTF16) else ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _NO_TEXT.search(text):
            return text
    raise Refused("unknown")
