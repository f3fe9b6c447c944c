"""Percentiles, spreads and ratios: what the report says of numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median


class Verdict(StrEnum):
    """Whether a figure holds its target."""

    MET = "met"
    MISSED = "not met"
    UNCLEAR = "unclear"  # some runs say so and some not


@dataclass(frozen=True)
class Spread:
    """The same figure of several runs."""

    median: float
    low: float
    high: float

    def __format__(self, spec: str) -> str:
        if self.low == self.high:
            return format(self.median, spec)
        return f"{self.median:{spec}} ({self.low:{spec}}–{self.high:{spec}})"


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` % of `values` do not exceed. ValueError for no values."""
    if not values:
        raise ValueError("there are no values")
    place = -(-len(values) * percent // 100)  # rounded up
    return sorted(values)[max(0, int(place) - 1)]


def spread(values: Sequence[float]) -> Spread:
    """Median, least and greatest of several runs. ValueError for no values."""
    if not values:
        raise ValueError("there are no values")
    return Spread(float(median(values)), float(min(values)), float(max(values)))


def ratio(ours: Spread, theirs: Spread) -> Spread | None:
    """How many times theirs ours is: of the medians, and in the worst and best pairing of runs; None by nothing."""
    if min(theirs.low, theirs.median, theirs.high) <= 0:
        return None
    return Spread(ours.median / theirs.median, ours.low / theirs.high, ours.high / theirs.low)


def at_most(figure: Spread, bound: float) -> Verdict:
    """Whether all runs, none or only some keep to `bound`."""
    if figure.high <= bound:
        return Verdict.MET
    return Verdict.MISSED if figure.low > bound else Verdict.UNCLEAR


def at_least(figure: Spread, bound: float) -> Verdict:
    """Whether all runs, none or only some reach `bound`."""
    if figure.low >= bound:
        return Verdict.MET
    return Verdict.MISSED if figure.high < bound else Verdict.UNCLEAR
