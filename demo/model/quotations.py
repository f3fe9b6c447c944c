"""Choosing what is quoted: the passages that say most to the question, each once in an advice."""

from collections.abc import Callable, Iterable

from demo.model.case import Source
from demo.model.passages import Passage, passages, weight

Found = tuple[Source, Passage]


class Quotations:
    """Hands out the passages of the sources, and no passage twice."""

    def __init__(self, asked: set[str]) -> None:
        self._asked = asked
        self._given: set[tuple[str, str]] = set()

    def best(self, sources: Iterable[Source], count: int, fits: Callable[[Passage], bool] | None = None) -> list[Found]:
        """The `count` weightiest passages not given yet, in the order in which they stand."""
        choice = [
            (source, passage)
            for source in sources
            for passage in passages(source.text)
            if (source.marker, passage.text) not in self._given and (fits is None or fits(passage))
        ]
        ranked = sorted(range(len(choice)), key=lambda index: (-weight(choice[index][1], self._asked), index))
        return self._give([choice[index] for index in sorted(ranked[:count])])

    def first(self, sources: Iterable[Source]) -> list[Found]:
        """The first passage of each source."""
        return self._give([(source, passage) for source in sources for passage in passages(source.text)[:1]])

    def _give(self, found: list[Found]) -> list[Found]:
        self._given |= {(source.marker, passage.text) for source, passage in found}
        return found
