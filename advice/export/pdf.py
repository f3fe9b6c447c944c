"""A document as a PDF that satisfies PDF/UA-1, by typst: <https://typst.app/docs/reference/pdf/>.

`advice.typ` is the only markup that typst reads. The document comes to it as JSON, and a string of it is shown as it
is, so no question and no advice can say anything to typst. Only the fonts inside the package are used (Libertinus
Serif, New Computer Modern, DejaVu Sans Mono), no file and no network. They have no letters of Chinese, Japanese and
Korean, and few emoji: such characters are shown as `[U+6F22]`.
"""

import json
import re
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import typst

from advice.export.document import Document

TEMPLATE = Path(__file__).with_name("advice.typ")
TRIES = 4

# PDF/UA-1 forbids characters without a glyph, and typst names them all, as Rust prints a string.
_MISSING = re.compile(r'the text `"((?:[^"\\]|\\.)+)"` could not be displayed')
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-f]+)\}|(.))")
_LONG_WORD = re.compile("[!-~\u00a1-\u024f]{40,}")
_PIECE = 20
_CODE = "\u2066[U+{:04X}]\u2069"  # isolated, so that a line from the right does not turn the brackets round


def write_pdf(document: Document) -> bytes:
    """The file. Raises typst.TypstError for what typst can't set."""
    data: Any = _each_string(document, _breakable)
    for _ in range(TRIES):
        try:
            return _compile(data, document["created"])
        except typst.TypstError as error:
            missing = {_unescaped(found) for found in _MISSING.findall(error.diagnostic)}
            if not missing:
                raise
            data = _each_string(data, partial(_spelt_out, missing=missing))
    return _compile(data, document["created"])


def _compile(data: Any, created: int) -> bytes:
    return typst.compile(
        TEMPLATE.read_bytes(),
        font_paths=_fonts(),
        sys_inputs={"document": json.dumps(data)},
        pdf_standards=["ua-1"],
        timestamp=created,
    )


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[])


def _each_string(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_each_string(part, change) for part in value]
    if isinstance(value, dict):
        return {name: part if name == "href" else _each_string(part, change) for name, part in value.items()}
    return value


def _breakable(text: str) -> str:
    """`text` whose very long words may be broken, with no hyphen that nobody wrote."""
    return _LONG_WORD.sub(lambda word: re.sub(rf".{{{_PIECE}}}(?=.)", "\\g<0>\u200b", word[0]), text)


def _spelt_out(text: str, missing: set[str]) -> str:
    """`text` with the code points of what no font has."""
    if text.isascii():
        return text
    for cluster in sorted(missing, key=len, reverse=True):
        text = text.replace(cluster, "".join(c if " " <= c <= "~" else _CODE.format(ord(c)) for c in cluster))
    return text


def _unescaped(text: str) -> str:
    simple = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else simple.get(m[2], m[2]), text)
