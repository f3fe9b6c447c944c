"""The process that reads one document: a file on its standard input, its name's ending as its argument.

It says JSON lines: `{"page": text}` for each page, then `{"media_type": …}`; or `{"refused": code, "media_type": …}`.
Whatever it meets, it holds no secret, writes no file, and ends within its limits: `documents/reader.py` starts it.
"""

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from documents.reading.kinds import DOCX, MARKDOWN, PDF, Refused, recognise
from documents.reading.limits import MOST_CHARACTERS, MOST_PAGE_CHARACTERS, MOST_PAGES, confine

_ODD = {0: "\N{REPLACEMENT CHARACTER}", 0xAD: None, 0xA0: " ", 0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl"}
_TIDY = str.maketrans(_ODD | dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}"))


def main() -> None:
    """Read the document, and say what is in it."""
    confine()
    with open(0, "rb", closefd=False) as file:
        data = file.read()
    media_type = ""
    try:
        media_type = recognise(data, sys.argv[1])
        for text in _bounded(_reader_of(media_type)(data), media_type):
            _say({"page": text})
        _say({"media_type": media_type})
    except Refused as refused:
        _say({"refused": refused.code, "media_type": refused.media_type})
    except MemoryError:
        _say({"refused": "expands", "media_type": media_type})
    except Exception:  # whatever a damaged file makes the parsers raise
        _say({"refused": "broken", "media_type": media_type})


def _reader_of(media_type: str) -> Callable[[bytes], Iterator[str]]:
    """Loads only the parser that is needed."""
    if media_type == PDF:
        from documents.reading.pdf import read_pdf as read
    elif media_type == DOCX:
        from documents.reading.word import read_docx as read
    elif media_type == MARKDOWN:
        from documents.reading.plain import read_markdown as read
    else:
        from documents.reading.plain import read_text as read
    return read


def _bounded(pages: Iterable[str], media_type: str) -> Iterator[str]:
    """The pages, tidied. Raises Refused where they are too many, too long, or all empty."""
    left, has_text = MOST_CHARACTERS, False
    for number, page in enumerate(pages, start=1):
        text = unicodedata.normalize("NFC", page.translate(_TIDY)).strip()
        left -= len(text)
        has_text = has_text or any(map(str.isalnum, text))
        if left < 0 or number > MOST_PAGES or len(text) > MOST_PAGE_CHARACTERS:
            raise Refused("too_long", media_type)
        yield text
    if not has_text:
        raise Refused("scanned" if media_type == PDF else "empty", media_type)


def _say(line: dict[str, str]) -> None:
    sys.stdout.buffer.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
    sys.stdout.buffer.flush()
