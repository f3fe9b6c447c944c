"""Passages of a playbook section that can be quoted word for word."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from demo.model.words import stems

_BULLET = re.compile(r"^\s*(?:[-*+]|[0-9]{1,3}[.)])\s+")
_LEAD = re.compile(r"^\*\*(?P<lead>[^*]{2,60}?)[.:]?\*\*[.:]?\s*")
_END = re.compile(r"[.!?](?=\s+[A-Z])")
_SHORT_FORM = re.compile(
    r"\b(?:[A-Za-z]|Art|Bus|Cal|Ch|Civ|Co|Corp|Del|Dr|Gov|Inc|Ins|Lab|Ltd|Mr|Mrs|Ms|No|Nos|Prof|Reg|Rev|Sec|St|Stat"
    r"|Unemp|al|cf|seq|vs)\.$"
)
_UNQUOTABLE = re.compile(r'["“”„*|<\[\]]|:$')  # what ends in a colon only leads to a list
_PERIOD = re.compile(
    r"\b(?P<count>[0-9]{1,3}|one|two|three|four|five|six|seven|eight|ten|twelve|thirty|sixty|ninety)[ -]"
    r"(?P<working>business |working )?(?P<unit>hour|day|week|month|year)s?\b",
    re.IGNORECASE,
)
_AT_ONCE = re.compile(r"\b(?:immediately|at once|same day|on the last day)\b", re.IGNORECASE)
_RULE = re.compile(
    r"§|\b(?:must|can't|cannot|may not|void|unlawful|penalty|deadline|only|never|due|requires?)\b", re.IGNORECASE
)
_SHORTEST, _LONGEST, _FEWEST_WORDS = 25, 330, 5
_COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "ten": 10,
           "twelve": 12, "thirty": 30, "sixty": 60, "ninety": 90}  # fmt: skip
_DAYS = {"hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.4, "year": 365.0}


@dataclass(frozen=True)
class Period:
    """A length of time that a passage names, as written; `days` orders them."""

    words: str
    days: float
    count: int
    unit: str
    working_days: bool


@dataclass(frozen=True)
class Passage:
    """A sentence (or a whole list item) exactly as it stands in its section, and the bold words that lead its line."""

    text: str
    lead: str


def passages(section: str) -> list[Passage]:
    """The passages of a section in order: no headings, tables, quotation marks or Markdown inside them."""
    return [passage for line in section.splitlines() for passage in _of_line(line)]


def _of_line(line: str) -> Iterator[Passage]:
    item = _BULLET.sub("", line).strip()
    if not item or item[0] in "#|>":
        return
    found = _LEAD.match(item)
    for sentence in _sentences(item[found.end() :] if found else item):
        long_enough = len(sentence) >= _SHORTEST and len(sentence.split()) >= _FEWEST_WORDS
        if long_enough and len(sentence) <= _LONGEST and not _UNQUOTABLE.search(sentence):
            yield Passage(sentence, found["lead"] if found else "")


def _sentences(text: str) -> Iterator[str]:
    start = 0
    for end in (match.end() for match in _END.finditer(text)):
        if not _SHORT_FORM.search(text, max(0, end - 8), end):
            yield text[start:end].strip()
            start = end
    yield text[start:].strip().rstrip(";,")


def weight(passage: Passage, asked: set[str]) -> int:
    """How much a passage says to the question: shared words, statutes and duties, periods."""
    shared = len(stems(passage.text) & asked)
    rules = min(3, len(_RULE.findall(passage.text)))
    return 2 * shared + 2 * rules + (2 if period_of(passage.text) else 0)


def period_of(text: str) -> Period | None:
    """The first period of time that `text` names."""
    if _AT_ONCE.search(text):
        return Period("At once", 0, 0, "day", False)
    if not (match := _PERIOD.search(text)):
        return None
    word, unit = match["count"].lower(), match["unit"].lower()
    count = _COUNTS.get(word) or int(word)
    return Period(match[0], count * _DAYS[unit], count, unit, bool(match["working"]))
