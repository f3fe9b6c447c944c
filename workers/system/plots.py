"""Bars of a small plot, as places in an SVG of `WIDTH` × `HEIGHT`. The template draws them; no script is needed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 300, 80


@dataclass(frozen=True)
class Series:
    """Values of a name, oldest first."""

    name: str
    values: Sequence[float]


@dataclass(frozen=True)
class Bar:
    """`number`: which series it is of, from 1."""

    x: str
    y: str
    width: str
    height: str
    number: int


@dataclass(frozen=True)
class Plot:
    """`words`: what the bars show, for whoever does not see them, and beneath them for everybody."""

    title: str
    words: str
    names: tuple[str, ...]
    bars: tuple[Bar, ...]

    @classmethod
    def of(cls, title: str, unit: str, *series: Series) -> "Plot":
        """A plot of series of the same length, one upon the other."""
        sums = [sum(values) for values in zip(*(one.values for one in series), strict=True)]
        most = max(sums)
        space = " " if unit else ""
        words = f"now {_number(sums[-1])}{space}{unit}, at most {_number(most)}{space}{unit}"
        return cls(title, words, tuple(one.name for one in series), tuple(_bars(series, most)))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _bars(series: Sequence[Series], most: float) -> Iterator[Bar]:
    step = WIDTH / len(series[0].values)
    for place, values in enumerate(zip(*(one.values for one in series), strict=True)):
        top = float(HEIGHT)
        for number, value in enumerate(values, start=1):
            if value:
                height = value / most * HEIGHT
                top -= height
                yield Bar(f"{place * step:.2f}", f"{top:.2f}", f"{step * 0.8:.2f}", f"{height:.2f}", number)
