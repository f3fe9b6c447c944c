"""The table says what was measured against what, and refuses to conclude from a busy machine."""

import asyncio
import subprocess
import sys
from dataclasses import replace

from benchmarks.campaign import Results
from benchmarks.extremes import Crowd, watching
from benchmarks.figures import Verdict
from benchmarks.measuring import MatterRun, StreamRun
from benchmarks.proc import cpu_seconds, resident_bytes
from benchmarks.report import noise, remarks, table
from benchmarks.targets import rows

OURS = StreamRun(
    side="product", streams=20, viewers=1, size=15, chunks=400, p50=2.0, p99=10.0, first_quarter_p50=2.0,
    last_quarter_p50=2.0, unfinished=0, seconds=10.0, cpu=1.0, cpu_postgres=0.5, wal=2e6, commits=900.0, late_p99=0.5,
    foreign=0.01,
)  # fmt: skip
PEER = replace(OURS, side="peer", p50=20.0, p99=40.0, cpu_postgres=5.0, wal=40e6)
FLOOR = replace(OURS, side="floor", p50=1.0, p99=4.0)


def test_figures_are_compared_with_the_peer_and_held_to_their_targets() -> None:
    found = {row.measure: row for row in rows(Results(streams=[OURS, PEER, FLOOR]))}
    p50 = found["chunk latency p50, 20 streams"]
    assert p50.times is not None
    assert (p50.times.median, p50.verdict, p50.aim_verdict) == (0.1, Verdict.MET, Verdict.MET)
    wal = found["WAL per answer of 6 KB, 20 streams"]
    assert (wal.ours.median, wal.verdict) == (100.0, Verdict.MET)
    assert found["PostgreSQL CPU per answer of 6 KB, 20 streams"].verdict == Verdict.MET


def test_runs_that_disagree_leave_a_target_unclear() -> None:
    slow = replace(OURS, p50=19.0)
    found = {row.measure: row for row in rows(Results(streams=[OURS, PEER, slow, PEER]))}
    assert found["chunk latency p50, 20 streams"].verdict == Verdict.UNCLEAR


def test_without_the_peer_the_product_stands_alone() -> None:
    printed = table(Results(streams=[OURS, FLOOR]))
    assert "| chunk latency p50, 20 streams | 2 ms |  |  | 1 ms |" in printed


def test_cpu_is_told_for_each_call_of_the_model() -> None:
    run = MatterRun("product", 2, 900.0, 950.0, 0, calls=84, cpu=0.84, cpu_postgres=0.1, commits=300.0, foreign=0.0)
    found = {row.measure: row for row in rows(Results(matters=[run]))}
    per_call = found["our CPU per call, 2 matters"]
    assert (round(per_call.ours.median, 6), per_call.verdict, per_call.aim_verdict) == (10, Verdict.MET, Verdict.MISSED)


def test_the_memory_of_viewers_is_held_to_the_peers_while_they_read_and_not_before() -> None:
    ours = Crowd("product", 1_000, 39_000.0, 40_000.0, 10, 1_000, 4.0, 9.0)
    theirs = replace(ours, side="peer", waiting=9_000.0, memory=43_000.0, connections=13)
    found = {row.measure: row for row in rows(Results(crowds=[ours, theirs]))}
    before = found["web memory per viewer before the text, 1,000 viewers"]
    most = found["web memory per viewer at its most, 1,000 viewers"]
    assert (before.ours.median, before.bound) == (39.0, "")
    assert (most.ours.median, most.verdict, most.aim_verdict) == (40.0, Verdict.MET, Verdict.MET)


def test_the_most_memory_is_looked_for_while_the_text_is_read() -> None:
    """A process takes forty megabytes and gives them back, all in the time that is watched."""
    # What the process does is rest: each time for longer than the pause between two looks at it.
    code = "import time; time.sleep(0.5); b = bytearray(40_000_000); time.sleep(0.5); del b; time.sleep(0.5)"

    async def watch() -> tuple[int, int, int]:
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
        before = resident_bytes([child.pid])
        return before, *await watching(child.pid, child.wait())

    before, ended_with, most = asyncio.run(watch())
    assert ended_with == 0
    assert most - before > 40_000_000


def test_a_process_that_has_ended_holds_no_memory_and_used_no_time() -> None:
    """The process may end between the look at who is there and the look at what each holds."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert resident_bytes([child.pid]) == 0
    assert cpu_seconds([child.pid]) == 0


def test_a_busy_machine_is_named_as_such() -> None:
    assert noise(Results(streams=[OURS, PEER])) == []
    late, busy = replace(OURS, late_p99=40.0), replace(OURS, foreign=0.6)
    assert len(noise(Results(streams=[late, busy]))) == 2
    assert any("TOO NOISY" in line for line in remarks(Results(streams=[busy]), ""))


def test_texts_that_were_not_finished_are_told() -> None:
    assert "peer: 3 unfinished of 20 streams" in remarks(Results(streams=[replace(PEER, unfinished=3)]), "")
