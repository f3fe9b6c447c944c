"""The figures that the product is held to, made of what was measured."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from benchmarks.campaign import Results
from benchmarks.figures import Spread, Verdict, at_least, at_most, ratio, spread
from benchmarks.measuring import MatterRun, StreamRun

T = TypeVar("T", StreamRun, MatterRun)
MANY = 100  # from so many streams on the peer falls behind, and the product must not
FLAT = 1.5  # times as slow may the last quarter of a long answer be


@dataclass(frozen=True)
class Row:
    """One line of the table. `bound` and `aim` are the words of the targets, empty where there is none."""

    measure: str
    unit: str
    ours: Spread
    theirs: Spread | None = None
    floor: Spread | None = None
    times: Spread | None = None
    bound: str = ""
    verdict: Verdict | None = None
    aim: str = ""
    aim_verdict: Verdict | None = None


def rows(results: Results) -> list[Row]:
    """All lines for which there are figures."""
    found: list[Row] = []
    for count in _counts(results.streams):
        found += _latency(results.streams, count)
    for count in sorted({run.matters for run in results.matters}):
        found += _whole(results.matters, count)
    for count in _counts(results.streams):
        found += _costs([run for run in results.streams if run.streams == count], count, 0.1)
    for count in _counts(results.wide):
        found += _costs([run for run in results.wide if run.streams == count], count, 0.05)
    return [*found, *_crowds(results), *_in_flight(results), *_longs(results)]


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _counts(runs: Iterable[StreamRun]) -> list[int]:
    return sorted({run.streams for run in runs})


def _of(runs: Iterable[T], side: str, figure: Callable[[T], float]) -> Spread | None:
    values = [figure(run) for run in runs if run.side == side]
    return spread(values) if values else None


def _latency(runs: list[StreamRun], count: int) -> list[Row]:
    mine = [run for run in runs if run.streams == count]
    many = count >= MANY
    p50 = _compared(
        f"chunk latency p50, {_number(count, 'stream')}", "ms", mine, lambda run: run.p50, 0.03 if many else 0.35
    )
    p99 = _compared(
        f"chunk latency p99, {_number(count, 'stream')}", "ms", mine, lambda run: run.p99, _p99_bound(count)
    )
    return [_above_floor(row, many) for row in (p50, p99) if row is not None]


def _p99_bound(count: int) -> float | None:
    if count >= MANY:
        return 0.05
    return 1.0 if count > 1 else None


def _above_floor(row: Row, many: bool) -> Row:
    """Adds the aim: near the floor at the median of few streams, below 50 ms at the 99th of many."""
    if "p99" in row.measure:
        if many:
            return _aiming(row, "< 50 ms", at_most(row.ours, 50))
        return _aiming(row, "≤ 0.5×", at_most(row.times, 0.5)) if row.times and row.bound else row
    if row.floor is None or many:
        return row
    above = Spread(row.ours.median - row.floor.median, row.ours.low - row.floor.high, row.ours.high - row.floor.low)
    return _aiming(row, "≤ 3 ms above the floor", at_most(above, 3))


def _aiming(row: Row, aim: str, verdict: Verdict) -> Row:
    return replace(row, aim=aim, aim_verdict=verdict)


def _compared(
    measure: str, unit: str, runs: list[T], figure: Callable[[T], float], bound: float | None, aim: float | None = None
) -> Row | None:
    """A line whose target is a ratio to the peer; None where the product has no figure."""
    ours, theirs = _of(runs, "product", figure), _of(runs, "peer", figure)
    if ours is None:
        return None
    times = ratio(ours, theirs) if theirs else None
    return Row(
        measure=measure,
        unit=unit,
        ours=ours,
        theirs=theirs,
        floor=_of(runs, "floor", figure),
        times=times,
        bound=f"≤ {bound:g}×" if bound is not None else "",
        verdict=at_most(times, bound) if times and bound is not None else None,
        aim=f"≤ {aim:g}×" if aim is not None else "",
        aim_verdict=at_most(times, aim) if times and aim is not None else None,
    )


def _whole(runs: list[MatterRun], count: int) -> list[Row]:
    mine = [run for run in runs if run.matters == count]
    over = _compared(
        f"submit → complete over the critical path, {_number(count, 'matter')}",
        "ms",
        mine,
        lambda r: r.overhead_p50,
        1,
        0.5,
    )
    per_call = _compared(
        f"our CPU per call, {_number(count, 'matter')}",
        "ms",
        mine,
        lambda run: run.cpu * 1000 / max(1, run.calls),
        None,
    )
    told = (
        _compared(f"calls per matter, {_number(count, 'matter')}", "", mine, lambda run: run.calls / run.matters, None),
        _compared(
            f"commits per matter, {_number(count, 'matter')}", "", mine, lambda run: run.commits / run.matters, None
        ),
        _compared(
            f"PostgreSQL CPU per matter, {_number(count, 'matter')}",
            "ms",
            mine,
            lambda r: r.cpu_postgres * 1000 / r.matters,
            None,
        ),
    )
    found = [row for row in (over, *told) if row is not None]
    if per_call is not None:
        bounded = replace(per_call, bound="≤ 12 ms", verdict=at_most(per_call.ours, 12))
        found.append(_aiming(bounded, "≤ 6 ms", at_most(per_call.ours, 6)))
    return found


def _costs(runs: list[StreamRun], count: int, wal_bound: float) -> list[Row]:
    """WAL and CPU of PostgreSQL for one answer. The floor writes neither rows nor answers."""
    answers = [run for run in runs if run.side != "floor"]
    size = f"{runs[0].size * runs[0].chunks / 1000:g} KB"
    wal = _compared(
        f"WAL per answer of {size}, {_number(count, 'stream')}",
        "KB",
        answers,
        lambda r: r.wal / r.streams / 1000,
        wal_bound,
    )
    cpu = _compared(
        f"PostgreSQL CPU per answer of {size}, {_number(count, 'stream')}", "ms", answers,
        lambda run: run.cpu_postgres * 1000 / run.streams, 0.4, 0.1,
    )  # fmt: skip
    return [row for row in (wal, cpu) if row is not None]


def _crowds(results: Results) -> list[Row]:
    ours = next((crowd for crowd in results.crowds if crowd.side == "product"), None)
    theirs = next((crowd for crowd in results.crowds if crowd.side == "peer"), None)
    if ours is None:
        return []
    words = f"{ours.viewers:,} viewers"
    connections = _pair(
        f"PostgreSQL connections, {words}", "", ours.connections, theirs.connections if theirs else None
    )
    waiting = Row(
        measure=f"web memory per viewer before the text, {words}",
        unit="KB",
        ours=_once(ours.waiting / 1000),
        theirs=_once(theirs.waiting / 1000) if theirs else None,
    )
    most = _pair(
        f"web memory per viewer at its most, {words}",
        "KB",
        ours.memory / 1000,
        theirs.memory / 1000 if theirs else None,
    )
    memory = _aiming(most, "≤ 40 KB", at_most(most.ours, 40))
    finished = Row(
        measure=f"viewers that read the whole text, {words}",
        unit="",
        ours=_once(ours.finished),
        theirs=_once(theirs.finished) if theirs else None,
        bound="all",
        verdict=at_least(_once(ours.finished), ours.viewers),
    )
    return [connections, waiting, memory, finished]


def _pair(measure: str, unit: str, ours: float, theirs: float | None) -> Row:
    """A line of figures that were taken once, held to those of the peer."""
    other = _once(theirs) if theirs is not None else None
    times = ratio(_once(ours), other) if other else None
    verdict = at_most(times, 1) if times else None
    return Row(measure, unit, _once(ours), other, times=times, bound="≤ 1×", verdict=verdict)


def _once(value: float) -> Spread:
    return Spread(float(value), float(value), float(value))


def _in_flight(results: Results) -> list[Row]:
    found = results.in_flight
    if found is None:
        return []
    carried = _once(found.per_second * found.latency)
    bound = 0.9 * found.threads
    measure = f"calls carried by a worker process of {found.threads} threads (calls/s × latency)"
    return [Row(measure, "", carried, bound=f"≥ {bound:g}", verdict=at_least(carried, bound))]


def _longs(results: Results) -> list[Row]:
    found = []
    for answer in results.longs:
        flat = answer.last_quarter_p50 / max(answer.first_quarter_p50, 0.001)
        if answer.side == "product":
            verdict = Verdict.MET if answer.completed and flat <= FLAT else Verdict.MISSED
            measure = f"{answer.characters / 1000:.0f} KB answer: latency of its last quarter ÷ first"
            found.append(Row(measure, "×", _once(flat), bound=f"complete, ≤ {FLAT:g}", verdict=verdict))
    return found
