"""From Markdown to a document's blocks, by the same parser as the page's."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Literal, get_args

from markdown_it.token import Token

from advice.export.document import Block, Run
from advice.markup import TOP_HEADING, VERDICTS, advice_tokens
from advice.models import Check

MOST_COLUMNS = 8  # that a page has room for; a wider table is written as a list
Align = Literal["left", "center", "right"]

_STYLES = {"strong": "bold", "em": "italic", "s": "strike"}
# What XML and PDF can't hold or show: control characters and code points that are none.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
# Invisible: two that end a line, for which fonts have nothing, and the mark of a file's start, which PDF/UA forbids.
_INVISIBLE = str.maketrans({"\u2028": "\n", "\u2029": "\n", "\ufeff": None})


def shown(text: str) -> str:
    """`text`, in which what no format can hold is U+FFFD, visibly, and every line's end is the same character."""
    return _UNSHOWABLE.sub("\ufffd", text).translate(_INVISIBLE)


def words_as_blocks(text: str) -> list[Block]:
    """Paragraphs of a text that is no Markdown, such as a question."""
    return [_paragraph([Run(kind="text", text=line)]) for line in shown(text).splitlines() if line.strip()]


def markdown_as_blocks(text: str, checks: Sequence[Check] = (), top: int = 2) -> list[Block]:
    """The blocks of a Markdown text; its highest headings have the level `top`."""
    return _Reader(advice_tokens(text, checks), top - TOP_HEADING).read_blocks("")


class _Reader:
    """Goes through the tokens once."""

    def __init__(self, tokens: Sequence[Token], shift: int) -> None:
        self.tokens, self.shift = iter(tokens), shift
        self.level = shift + TOP_HEADING - 1  # of the heading above

    def read_blocks(self, end: str) -> list[Block]:
        """The blocks before the token of type `end`."""
        blocks: list[Block] = []
        for token in self.tokens:
            if token.type == end:
                break
            blocks += self.read_block(token)
        return blocks

    def read_block(self, token: Token) -> list[Block]:
        kind = token.type.removesuffix("_open")
        if kind == "heading":
            return [self._heading(int(token.tag[1]) + self.shift)]
        if kind == "paragraph":
            return [_paragraph(self._runs_until("paragraph_close"))]
        if kind == "blockquote":
            return [Block(kind="quote", blocks=self.read_blocks("blockquote_close"))]
        if kind in ("bullet_list", "ordered_list"):
            start = int(token.attrs.get("start", 1)) if kind == "ordered_list" else None
            return [Block(kind="list", start=start, items=list(self._items(f"{kind}_close")))]
        if kind in ("fence", "code_block"):
            return [Block(kind="code", text=shown(token.content.rstrip("\n")))]
        if kind == "table":
            return self._table()
        return [Block(kind="rule")] if kind == "hr" else []

    def _heading(self, level: int) -> Block:
        """One without words is none, and leaves no gap in the levels: neither can be made accessible."""
        line = _paragraph(self._runs_until("heading_close"))
        if not any(unicodedata.category(c)[0] not in "CZM" for run in line["runs"] for c in run["text"]):
            return line
        self.level = min(6, level, self.level + 1)
        return line | Block(kind="heading", level=self.level)

    def _items(self, end: str) -> Iterator[list[Block]]:
        for token in self.tokens:
            if token.type == end:
                return
            yield self.read_blocks("list_item_close")

    def _runs_until(self, end: str) -> list[Run]:
        runs: list[Run] = []
        for token in self.tokens:
            if token.type == end:
                break
            runs += _runs(token.children or [])
        return runs

    def _table(self) -> list[Block]:
        rows: list[list[list[Run]]] = []
        aligns: list[Align] = []
        for token in self.tokens:
            if token.type == "table_close":
                break
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                if len(rows) == 1:
                    aligns.append(_align(token))
                rows[-1].append(self._runs_until(token.type.replace("open", "close")))
        return [Block(kind="table", rows=rows, aligns=aligns) if len(aligns) <= MOST_COLUMNS else _as_list(rows)]


def _paragraph(runs: list[Run]) -> Block:
    letters = (unicodedata.bidirectional(c) for run in runs for c in run.get("text", ""))
    first = next((direction for direction in letters if direction in ("L", "R", "AL")), "L")
    return Block(kind="paragraph", runs=runs, rtl=first != "L")


def _align(token: Token) -> Align:
    found = str(token.attrs.get("style", "")).removeprefix("text-align:")
    return next((align for align in get_args(Align) if align == found), "left")


def _as_list(rows: list[list[list[Run]]]) -> Block:
    """A table that is too wide: a list of its rows, each cell behind its column's name."""
    head, *body = rows
    colon, comma = Run(kind="text", text=": "), Run(kind="text", text="; ")
    items = [
        [_paragraph([run for name, cell in zip(head, row, strict=True) for run in (*name, colon, *cell, comma)][:-1])]
        for row in body
    ]
    return Block(kind="list", start=None, items=items)


def _runs(tokens: Sequence[Token]) -> list[Run]:
    runs: list[Run] = []
    style = Run()
    for token in tokens:
        name, _, edge = token.type.rpartition("_")
        if name in _STYLES:
            style = style | {_STYLES[name]: edge == "open"}  # type: ignore[assignment] # the keys are Run's
        elif name == "link":
            style = style | Run(href=str(token.attrs.get("href", "")) if edge == "open" else "")
        elif run := _run(token):
            runs.append(style | run)
    return runs


def _run(token: Token) -> Run | None:
    """Text of one kind. A picture is the words that stand for it: nothing is loaded from anywhere."""
    if token.type == "check":
        return _check_run(token.meta["check"])
    if token.type == "hardbreak":
        return Run(kind="break", text="")
    text = " " if token.type == "softbreak" else shown(token.content)
    kind: Literal["marker", "text"] = "marker" if token.type == "marker" else "text"
    return Run(kind=kind, text=text, code=token.type == "code_inline") if text else None


def _check_run(check: Check | None) -> Run | None:
    """The sign of what was found, which the legend explains; with its words where it is bad."""
    if check is None:
        return None
    style, sign, words = VERDICTS.get(check.verdict, ("weak", "?", check.verdict))
    return Run(kind="check", text=f" [{sign} {words}]" if style == "bad" else f" {sign}")
