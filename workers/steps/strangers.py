"""Whether the founder's words may name somebody whom the provider does not have: "our CTO Zoe", where nobody is so."""

import re
from collections.abc import Collection, Iterator
from itertools import takewhile

from workers.steps.naming import ABBREVIATION, EVERYDAY, NO_NAMES, OPENING, WORD, comparable, parts_of, without_accents

# They stand before places, companies, laws and papers, and hardly before people: "in San Francisco", "the Labor Code".
_BEFORE_THINGS = frozenset({"a", "an", "at", "in", "its", "near", "our", "the", "their", "this", "under"})
_OWNING = frozenset({"my", "our", "the"})
_ENDS_HERE = re.compile(r"\s*(?:[,.;:?!)]|$)")


def names_a_stranger(question: str, name: str, title: Collection[str]) -> bool:
    """Whether somebody else may be meant than `name`, who was found by the title alone.

    So it is with two words in a row that have capitals, wherever they stand, and with one right beside the title, but
    for words that are all of `name`. `title`: the words by which it may be called, comparable.
    """
    text = without_accents(question)
    words = list(WORD.finditer(text))
    for run in _runs(text, words, title):
        is_own = {comparable(words[place][0]) for place in run} <= {*parts_of(name)}
        if is_own or _is_a_thing(text, words, run.start):
            continue
        if len(run) > 1 or _is_behind(text, words, run.start, title) or _is_before(text, words, run.start, title):
            return True
    return False


def _is_a_thing(text: str, words: list[re.Match[str]], place: int) -> bool:
    before = words[place - 1] if place else None
    is_near = before is not None and text[before.end() : words[place].start()] == " "
    return before is not None and is_near and comparable(before[0]) in _BEFORE_THINGS


def _runs(text: str, words: list[re.Match[str]], title: Collection[str]) -> Iterator[range]:
    """Places of words in a row that may be a name, and of which none is of the title."""
    opening = {found.end() for found in OPENING.finditer(text)}
    run = range(0)
    for place, word in enumerate(words):
        if comparable(word[0]) in title or not _may_be_of_a_name(word[0], opens=word.start() in opening):
            continue
        if run and run.stop == place and _belong_together(text, words[place - 1], word):
            run = range(run.start, place + 1)
            continue
        if run:
            yield run
        run = range(place, place + 1)
    if run:
        yield run


def _may_be_of_a_name(written: str, *, opens: bool) -> bool:
    abbreviates = written.isupper() and 1 < len(written) <= ABBREVIATION
    return written[0].isupper() and not abbreviates and comparable(written) not in (EVERYDAY if opens else NO_NAMES)


def _belong_together(text: str, one: re.Match[str], two: re.Match[str]) -> bool:
    """`Zoe Miller` and `Zoe J. Miller` do; `Zoe's Stripe` does not."""
    gap = text[one.end() : two.start()]
    return not _owns(one[0]) and (gap == " " or (gap == ". " and len(one[0]) == 1))


def _is_behind(text: str, words: list[re.Match[str]], place: int, title: Collection[str]) -> bool:
    """`our CTO Zoe`, `our CTO (Zoe)`, `our CTO, Zoe`."""
    if not place or comparable(words[place - 1][0]) not in title or _owns(words[place - 1][0]):
        return False
    gap = text[words[place - 1].end() : words[place].start()]
    return gap in (" ", " (") or (gap == ", " and comparable(words[place][0]) not in EVERYDAY)


def _is_before(text: str, words: list[re.Match[str]], place: int, title: Collection[str]) -> bool:
    """`Zoe, our CTO, …`, and not `Sadly, our CTO must go`."""
    behind = words[place + 1 :]
    if not behind or text[words[place].end() : behind[0].start()] not in (", ", " (") or behind[0][0] not in _OWNING:
        return False
    called = list(takewhile(lambda word: comparable(word[0]) in {*title, "of"}, behind[1:]))
    return bool(called) and _ENDS_HERE.match(text, called[-1].end()) is not None


def _owns(written: str) -> bool:
    return written.casefold().endswith(("'s", "’s"))
