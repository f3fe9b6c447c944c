"""What the benchmark makes of numbers: dates of chunks, percentiles, ratios, verdicts, the chart."""

import random
import xml.etree.ElementTree as ET

import pytest

from benchmarks.chunks import MODULUS, Dated, age, filler, stamp
from benchmarks.figures import Spread, Verdict, at_least, at_most, percentile, ratio, spread
from benchmarks.plot import Line, chart


@pytest.mark.parametrize("now", [0, 35, 36, MODULUS - 1, MODULUS, 123_456_789_012])
def test_a_stamp_tells_how_long_ago_it_was_made(now: int) -> None:
    assert len(stamp(now)) == 5
    assert age(stamp(now), now) == 0
    assert age(stamp(now), now + 59_000_000) == 59_000_000, "also over the end of the digits"


@pytest.mark.parametrize("size", [6, 15, 250])
def test_chunks_are_dated_however_the_text_is_cut(size: int) -> None:
    cut = random.Random(size)
    sent = [1_000_000 * number for number in range(40)]
    text = "".join(f"{stamp(when)}{filler(size - 6)} ".ljust(size) for when in sent)
    dated, at = Dated(size), 0
    while at < len(text):
        length = cut.randint(1, 3 * size)
        dated.add(text[at : at + length], 40_000_000)
        at += length
    assert dated.ages == [40_000_000 - when for when in sent]
    assert dated.length == len(text)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = list(range(1, 201))
    random.Random(1).shuffle(values)
    assert [percentile(values, percent) for percent in (0, 50, 99, 100)] == [1, 100, 198, 200]
    assert percentile([7.5], 99) == 7.5
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_a_ratio_has_the_worst_and_the_best_pairing_of_runs() -> None:
    assert ratio(spread([1, 2, 3]), spread([4, 5, 10])) == Spread(0.4, 0.1, 0.75)
    assert ratio(spread([1]), spread([0])) is None


@pytest.mark.parametrize(
    ("figure", "most", "least"),
    [
        (Spread(1, 0.5, 2), Verdict.MET, Verdict.MISSED),
        (Spread(4, 3, 5), Verdict.MISSED, Verdict.MET),
        (Spread(2, 1, 3), Verdict.UNCLEAR, Verdict.UNCLEAR),
    ],
)
def test_a_target_is_met_only_when_every_run_says_so(figure: Spread, most: Verdict, least: Verdict) -> None:
    assert at_most(figure, 2) == most
    assert at_least(figure, 2.5) == least


def test_a_chart_is_well_formed_and_leaves_out_what_has_no_logarithm() -> None:
    drawn = chart("p < q & r", "streams", "ms", [Line("a & b", "#000", [(1, 0.0), (20, 3.0), (100, 40.0)])])
    root = ET.fromstring(drawn)  # noqa: S314 - made here
    (line,) = root.iter("{http://www.w3.org/2000/svg}polyline")
    assert len(line.attrib["points"].split()) == 2
