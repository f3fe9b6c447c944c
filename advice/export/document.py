"""What a file shows, as plain data: strings, numbers, lists and objects, so that it can be handed to another process.

Nothing in it is markup of any format. Writers show strings as they are.
"""

from typing import Literal, TypedDict


class Run(TypedDict, total=False):
    """A piece of a line. `kind`: words, the name of a source or fact, what a check found, or the line's end."""

    kind: Literal["text", "marker", "check", "break"]
    text: str
    bold: bool
    italic: bool
    strike: bool
    code: bool
    href: str  # http, https or mailto


class Block(TypedDict, total=False):
    """A part of a text, one above the other. Which of the fields are there depends on `kind`."""

    kind: Literal["heading", "paragraph", "list", "quote", "code", "rule", "table"]
    level: int  # of a heading: 2 to 6, none of them left out
    runs: list[Run]  # of a heading or paragraph
    rtl: bool  # of a heading or paragraph: it begins with a letter that is written from the right
    start: int | None  # of a list: its first number; None: bullets
    items: list[list["Block"]]
    blocks: list["Block"]  # of a quote
    text: str  # of code
    rows: list[list[list[Run]]]  # of a table, the first one its head, all as long
    aligns: list[Literal["left", "center", "right"]]


class Source(TypedDict):
    """A section of a playbook, with its words."""

    marker: str
    heading: str
    about: str
    blocks: list[Block]


class Fact(TypedDict):
    """A fact that the advice rests on; `value` has its unit, and what a provider or document says beside it."""

    marker: str
    label: str
    value: str
    as_of: str
    source: str


class Document(TypedDict):
    """An advice with all that belongs to it. `created` in seconds since 1970, UTC."""

    title: str
    question: list[Block]
    about: list[str]
    warning: str
    notice: str
    advice: list[Block]
    legend: str
    cited: list[Source]
    others: list[Source]
    facts: list[Fact]
    created: int
