"""Tagged blocks: how text that others wrote stands in a prompt.

Nothing inside a block can open or close a tag: every `<` of the data becomes `&lt;`. (`&` stays as it is, so that
`R&D` and `Bus. & Prof. Code` reach the model, and come back in its quotes, letter for letter.)
"""

import re
from collections.abc import Iterable, Mapping

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def scrub(text: str) -> str:
    """`text` with each NUL and lone surrogate replaced by U+FFFD: PostgreSQL and UTF-8 take neither."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def one_line(text: str) -> str:
    """`text` with every run of whitespace as one space, and none at the ends."""
    return " ".join(scrub(text).split())


def escape(text: str) -> str:
    """`text` as it stands inside a block."""
    return scrub(text).replace("<", "&lt;")


def block(tag: str, text: str) -> str:
    """`<tag>`, the text, `</tag>`, each on lines of their own."""
    return f"<{tag}>\n{escape(text).strip()}\n</{tag}>"


def record(tag: str, fields: Mapping[str, str | None], text: str = "") -> str:
    """A block of `name: value` lines (those that have a value), then an empty line and `text`, if there is any."""
    lines = "\n".join(f"{name}: {one_line(value)}" for name, value in fields.items() if value)
    return block(tag, f"{lines}\n\n{text.strip()}" if text.strip() else lines)


def stack(blocks: Iterable[str], otherwise: str = "(none)") -> str:
    """The blocks one under the other, or `otherwise` where there are none."""
    return "\n".join(blocks) or otherwise
