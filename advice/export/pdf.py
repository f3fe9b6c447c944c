"""A document as a PDF that satisfies PDF/UA-1, by typst: <https://typst.app/docs/reference/pdf/>.

`advice.typ` is the only markup that typst reads. The document comes to it as JSON, and a string of it is shown as it
is, so no question and no advice can say anything to typst. Only the fonts inside the package are used (Libertinus
Serif, New Computer Modern, DejaVu Sans Mono), no file and no network. They have no letters of Chinese, Japanese and
Korean, and few emoji: such characters are shown as `[U+6F22]`.
"""

import json
import re
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import typst

from advice.export.document import Block, Document, Run

TEMPLATE = Path(__file__).with_name("advice.typ")
TRIES = 4

# PDF/UA-1 forbids characters without a glyph, and typst names them all, as Rust prints a string.
_MISSING = re.compile(r'the text `"((?:[^"\\]|\\.)+)"` could not be displayed')
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-f]+)\}|(.))")
_LONG_WORD = re.compile("[!-~\u00a1-\u024f]{40,}")
_PIECE = 20
_NOTHING = Document(
    title="-", question=[], about=[], warning="", notice="", advice=[], legend="", cited=[], others=[], facts=[],
    created=0,
)  # fmt: skip
_CODE = "\u2066[U+{:04X}]\u2069"  # isolated, so that a line from the right does not turn the brackets round
_ISOLATES = "\u2066\u2069"  # nobody sees them: where they are missing they are left out, else each try would add some


class Panicked(Exception):
    """typst met a fault of its own."""


def write_pdf(document: Document) -> bytes:
    """The file. Raises typst.TypstError for what typst can't set.

    typst panics at some lines from the right that are broken among characters that no font has. What the fonts lack is
    spelt out before it sets any line then, and where that is of no use everything but ASCII.
    """
    with suppress(Panicked):
        return _set(document)
    with suppress(Panicked):
        return _set(_each_string(document, partial(_spelt_out, missing=_lacking(document))))
    return _set(_each_string(document, partial(_spelt_out, missing=_characters(document))))


def _set(document: Any) -> bytes:
    """The file, in which what no font has is spelt out. Raises Panicked, too."""
    data = _each_string(document, _breakable)
    for _ in range(TRIES):
        try:
            return _compile(data)
        except typst.TypstError as error:
            missing = _missing(error)
            if not missing:
                raise
            data = _each_string(data, partial(_spelt_out, missing=missing))
    return _compile(data)


def _compile(data: Any) -> bytes:
    try:
        return typst.compile(
            TEMPLATE.read_bytes(),
            font_paths=_fonts(),
            sys_inputs={"document": json.dumps(data)},
            pdf_standards=["ua-1"],
            timestamp=data["created"],
        )
    except BaseException as error:  # the class of a panic is no Exception, and there is no module to import it from
        if type(error).__name__ == "PanicException":
            raise Panicked from error
        raise


def _missing(error: typst.TypstError) -> set[str]:
    return {_unescaped(found) for found in _MISSING.findall(error.diagnostic)}


def _lacking(document: Document) -> set[str]:
    """The characters of `document` that no font has: each is set alone, so that no line is broken."""
    alone = [Run(kind="text", text=character) for character in sorted(_characters(document))]
    question = [Block(kind="paragraph", runs=[run], rtl=False) for run in alone]
    try:
        _compile(_NOTHING | {"question": question})
    except typst.TypstError as error:
        return _missing(error)
    return set()


def _characters(document: Document) -> set[str]:
    """Those of `document` that are not ASCII."""
    return {character for character in json.dumps(document, ensure_ascii=False) if not character.isascii()}


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
        text = text.replace(cluster, "".join(map(_code_of, cluster)))
    return text


def _code_of(character: str) -> str:
    if " " <= character <= "~":
        return character
    return "" if character in _ISOLATES else _CODE.format(ord(character))


def _unescaped(text: str) -> str:
    simple = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else simple.get(m[2], m[2]), text)
