"""Choosing the passages of long documents in which an answer may stand: those that share words with the question."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from workers.steps.matching import content_words, loosened

LONGEST = 4_000  # characters of a passage
OVERLAP = 400  # by which two passages of one page share their text, so that no short quote is cut in two


@dataclass(frozen=True)
class PageText:
    """A page's text; `page` is whatever its caller knows it by."""

    page: int
    text: str


def choose_passages(pages: Sequence[PageText], wanted: str, budget: int) -> list[PageText]:
    """Passages of `pages` in their order, at most `budget` characters of them: those nearest to `wanted`, if not all.

    The best one is given in any case, cut where it is longer than the budget.
    """
    passages = [passage for page in pages for passage in _passages_of(page)]
    if sum(len(passage.text) for passage in passages) <= budget:
        return passages
    words = content_words(loosened(wanted))
    shared = [len(words & content_words(loosened(passage.text))) for passage in passages]
    best = sorted(range(len(passages)), key=lambda at: (-shared[at], at))
    return [passages[at] for at in sorted(_within(best, passages, budget))] or [
        PageText(passages[at].page, passages[at].text[:budget]) for at in best[:1]
    ]


def _within(order: Iterable[int], passages: Sequence[PageText], budget: int) -> Iterator[int]:
    for at in order:
        if len(passages[at].text) <= budget:
            budget -= len(passages[at].text)
            yield at


def _passages_of(page: PageText) -> Iterator[PageText]:
    start = 0
    while start < len(page.text):
        end = start + LONGEST
        yield PageText(page.page, page.text[start:end])
        start = end if end >= len(page.text) else end - OVERLAP
