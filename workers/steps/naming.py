"""Whether a person's name stands in the founder's words. Names are compared without accents and capitals.

A whole name names its person; so does a first or a family name alone, capitalised inside a sentence. A word that may
as well be no name ("in April", "Will", "Grant"), has two letters or opens its sentence names nobody on its own; but a
title beside it may be somebody else's: "Zoe must go. She reports to our CTO". Nor does a first name with another family
name behind it: "Zoe Miller" is not Zoe Klein.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
OPENING = re.compile(r"(?:^|[.!?:]\s+)")
_SHORT = 2  # letters: "Xu", and as well "VP", "CA", "An"
ABBREVIATION = 4  # capitals at most: "CTO", "RSUs"

# Letters with no accent to take away, as they are written where a keyboard has none of them.
_OWN_LETTERS = str.maketrans({
    "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ħ": "h", "Ħ": "H", "ı": "i",
    "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "þ": "th", "Þ": "Th", "ß": "ss", "ẞ": "SS",
})  # fmt: skip

# Words that open sentences, and days: nobody's name, whatever their capitals.
_NO_NAMES = (
    "monday tuesday wednesday thursday friday saturday sunday "
    "am an any are as ask at be both but by can could did do does each even ever for given had has have he her his "
    "how if in is it its last let me more most must my never no not now of on once one only or our out per "
    "please shall she should since so some still such than that the then they this to two under until up us was we "
    "were what when where who whom why with would yes you"
)
# Names that are months, open sentences as well, or have a capital for another reason: "the Grant", "Menlo Park".
_EVERYDAY_NAMES = (
    "january jan february march april may june july august september october november december spring summer autumn "
    "winter will "
    "best bill black bond brown case cash chase cook court day field founder frank good grant gray green hall hope "
    "house judge justice king lane law little long love major mark page park pay price read rich sharp short stone "
    "strong sue ward west white wood worth young"
)
NO_NAMES = frozenset(_NO_NAMES.split())
EVERYDAY = NO_NAMES | frozenset(_EVERYDAY_NAMES.split())


@dataclass(frozen=True)
class Said:
    """What a question has of names. `line`: all its words, comparable; `capitals`: of them those with a capital.

    `alone`: words that name somebody on their own; `perhaps`: those that may, and prove nothing. `pairs`: each word
    with a capital that has another one right behind it that may be its family name.
    """

    line: str
    capitals: str
    alone: frozenset[str]
    perhaps: frozenset[str]
    pairs: frozenset[tuple[str, str]]


def read_names(question: str) -> Said:
    """The question is read once, however many people it is compared with."""
    plain = without_accents(question)
    opening = {found.end() for found in OPENING.finditer(plain)}
    words = list(WORD.finditer(plain))
    found = [(comparable(word[0]), word[0], word.start() in opening) for word in words]
    capitals = [(word, written, opens) for word, written, opens in found if written[0].isupper()]
    return Said(
        line=_line(word for word, _, _ in found),
        capitals=_line(word if written[0].isupper() else "-" for word, written, _ in found),
        alone=frozenset(word for word, _, opens in capitals if not opens and len(word) > _SHORT) - EVERYDAY,
        perhaps=frozenset(word for word, written, opens in capitals if _may_be_a_name(word, written, opens=opens)),
        pairs=frozenset(
            (comparable(one[0]), comparable(two[0]))
            for one, two in pairwise(words)
            if plain[one.end() : two.start()] == " " and not one[0].endswith("'s") and _may_be_a_family_name(two[0])
        ),
    )


def is_named(said: Said, name: str) -> bool:
    """Whether the founder surely means a person of this name."""
    long = _long(name)
    if _stands_whole(said, parts_of(name)) or _stands_whole(said, long):
        return True
    meant = {end for end in _ends(long) if end != long[0] or not _is_another(said, name)}
    return not said.alone.isdisjoint(meant)


def may_be_named(said: Said, name: str) -> bool:
    """Whether one of the words may be a person of this name, though it proves nothing."""
    return not said.perhaps.isdisjoint(_ends(parts_of(name)) | _ends(_long(name)))


def may_be_meant_besides(said: Said, name: str, named: str) -> bool:
    """Whether a word that is no part of the name `named`, and hardly anything but a name, may be a person of `name`."""
    words = said.perhaps - EVERYDAY - set(parts_of(named))
    return not words.isdisjoint(_ends(parts_of(name)) | _ends(_long(name)))


def without_accents(text: str) -> str:
    """`Zoe` for `Zoë`, whether its ë is one character or two; `Soren` for `Søren`."""
    plain = text.translate(_OWN_LETTERS)
    return "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))


def _may_be_a_name(word: str, written: str, *, opens: bool) -> bool:
    """`May we …` names nobody, and `VP` and `CA` are no people."""
    abbreviates = len(word) <= _SHORT and written.isupper()
    return not abbreviates and not (opens and word in EVERYDAY)


def _may_be_a_family_name(written: str) -> bool:
    """Of a word behind a first name. What has capitals alone may be a title: "Zoe VP"."""
    is_word = written[0].isupper() and len(written) > _SHORT and comparable(written) not in EVERYDAY
    return is_word and not (written.isupper() and len(written) <= ABBREVIATION)


def _is_another(said: Said, name: str) -> bool:
    """Whether behind the first name stands a family name that is not of this one."""
    parts = parts_of(name)
    behind = {two for one, two in said.pairs if one == parts[0]}
    return bool(behind) and behind.isdisjoint(parts)


def _stands_whole(said: Said, parts: list[str]) -> bool:
    """Whether all of a name stands in one place. "we will grant" is not Will Grant, who has capitals."""
    return len(parts) > 1 and _line(parts) in (said.capitals if EVERYDAY.issuperset(parts) else said.line)


def _line(words: Iterable[str]) -> str:
    return f" {' '.join(words)} "


def comparable(written: str) -> str:
    """A word of a name or a question, as it is compared."""
    return written.casefold().replace("’", "'").removesuffix("'s")


def parts_of(name: str) -> list[str]:
    """The words of a name, comparable."""
    return [comparable(word) for word in WORD.findall(without_accents(name))]


def _long(name: str) -> list[str]:
    return [part for part in parts_of(name) if len(part) > _SHORT]


def _ends(parts: list[str]) -> set[str]:
    """First and family name."""
    return {*parts[:1], *parts[-1:]}
