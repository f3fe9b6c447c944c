"""Finds the marked claims of a Markdown text: markers, the words before them, the passages quoted there.

One pass over the text: the time grows with its length alone, whatever the text is.
"""

import itertools
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

_MARKER = r"\[[PF][0-9]{1,4}(?: ?[,;] ?[PF][0-9]{1,4})*\]"
_GROUP = re.compile(rf"{_MARKER}(?:[ ,;]{{0,2}}{_MARKER})*")
_NAME = re.compile(r"[PF][0-9]{1,4}")
_QUOTE_MARK = re.compile(r'["“”„]')
_BLOCK_START = re.compile(r"\n(?=[ \t]{0,12}(?:\n|[#>|]|[-*+][ \t]|[0-9]{1,3}[.)][ \t]))")
_LEAD = re.compile(r"(?:[ \t\n#>|.,;:]|[-*+][ \t]|[0-9]{1,3}[.)][ \t])+")
_STOP = re.compile(r"[.!?][\"”’')\]*_]{0,4}(?=[ \t\n])")
_AFTER_A_SENTENCE = ' \t\n|.,;:!?()"”’*_'
_SHORT_FORM = re.compile(
    r"\b(?:[A-Za-z]|Art|Arts|Bus|Cal|Ch|Civ|Co|Corp|Del|Dr|Evid|Fed|Gov|Govt|Inc|Ins|Lab|Ltd|Mr|Mrs|Ms|No|Nos|Pen"
    r"|Proc|Prof|Reg|Regs|Rev|Sec|Secs|St|Stat|Tit|Unemp|al|approx|art|cf|cl|para|reg|sec|seq|subd|vs)\.$"
)
_FEWEST_QUOTED_WORDS = 3


@dataclass(frozen=True)
class Claim:
    """`start`, `end`: code points. `words` stands before the markers. `quotes` are those of three words or more."""

    start: int
    end: int
    markers: tuple[str, ...]
    words: str
    quotes: tuple[str, ...]


def find_claims(text: str) -> Iterator[Claim]:
    """The claims in order; none overlaps another."""
    bounds = [0, *(match.end() for match in _BLOCK_START.finditer(text)), len(text)]
    for start, end in itertools.pairwise(bounds):
        yield from _claims_of_block(text, start, end)


def _claims_of_block(text: str, start: int, end: int) -> Iterator[Claim]:
    quotes = list(_quotes(text, start, end))
    stops = [stop for stop in _sentence_ends(text, start, end) if not _inside(stop, quotes)]
    done = start
    for group in _GROUP.finditer(text, start, end):
        begin = _beginning(text, done, group.start(), stops)
        inner = quotes[bisect_left(quotes, (begin, 0)) : bisect_left(quotes, (group.start(), 0))]
        passages = (text[a + 1 : b - 1] for a, b in inner if b <= group.start())
        whole = tuple(passage for passage in passages if len(passage.split()) >= _FEWEST_QUOTED_WORDS)
        markers = tuple(dict.fromkeys(_NAME.findall(group[0])))
        yield Claim(begin, group.end(), markers, text[begin : group.start()].rstrip(), whole)
        done = group.end()


def _beginning(text: str, done: int, marker: int, stops: list[int]) -> int:
    """Where the claim begins: after the last claim, or after the last sentence end that has words behind it.

    A marker that follows its full stop ("… at once. [P3]") belongs to the sentence before that stop.
    """
    last_word = done + len(text[done:marker].rstrip(_AFTER_A_SENTENCE))
    position = bisect_left(stops, last_word) - 1
    begin = max(done, stops[position] if position >= 0 else done)
    lead = _LEAD.match(text, begin, marker)
    return lead.end() if lead else begin


def _quotes(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Spans of the double-quoted passages, marks included; a straight mark before a space opens nothing (5" pipe)."""
    opened: int | None = None
    for mark in _QUOTE_MARK.finditer(text, start, end):
        at = mark.start()
        if opened is not None and mark[0] in '"”':
            yield opened, at + 1
            opened = None
        elif mark[0] != "”" and not text[at + 1 : at + 2].isspace():
            opened = at


def _sentence_ends(text: str, start: int, end: int) -> Iterator[int]:
    for match in _STOP.finditer(text, start, end):
        if text[match.start()] != "." or not _SHORT_FORM.search(text, max(start, match.start() - 8), match.start() + 1):
            yield match.end()


def _inside(position: int, spans: list[tuple[int, int]]) -> bool:
    """Whether `position` lies within one of the ordered spans, its end not counted."""
    following = bisect_left(spans, (position, 0))
    return following > 0 and position < spans[following - 1][1]
