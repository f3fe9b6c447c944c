"""The faults of many viewers: the web process killed under 300 sockets, and viewers who never read."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import ClassVar

from tests.api.transports import text_of
from tests.faults.breakable import Breakable, ask_little
from tests.faults.crowd import Crowd, Deaf, Seat, resident_megabytes
from tests.faults.load import Load
from tests.processes import wait_until

CLOSED_WITHIN = 15.0  # seconds
BUSY = 2  # times that long on a busy machine; who is not closed by the time limit would stay for minutes
LONGEST_GAP = 10.0  # seconds in which others are shown nothing
# Who does not read is to cost a buffer and a page, however long the text: they were 41 MB for 200 viewers of
# the text below, 44 of one three times as long. The whole text would be 150 MB here.
GROWTH, GROWTH_EACH = 20.0, 0.3  # MB
TEXT = "𝄞 nine words that refer to no source at all. " * 16_000  # 750 KB; with no source there is nothing to be checked


@dataclass(frozen=True)
class WebKilled:
    """All come again, from their cursors."""

    sockets: int = 300

    @property
    def name(self) -> str:
        return f"SIGKILL the web process with {self.sockets} sockets"

    def strike(self, product: Breakable, load: Load) -> None:
        ask_little(product)
        product.llm.set(text_size=8_000, chunk=200, interval=0.35)  # fourteen seconds
        matters = [viewer.matter for viewer in load.submit(4)]
        with Crowd(product, matters, self.sockets) as crowd:
            wait_until(lambda: all(s.reads_text or s.ended for s in crowd.seats), "everybody is shown text", 60)
            assert sum(s.reads_text for s in crowd.seats) > self.sockets / 2, "most texts have ended before"
            assert product.web is not None
            product.web.kill()
            product.restart_web()
            wait_until(lambda: all(s.ended for s in crowd.seats), "everybody has seen the end", 120)
        ask_little(product)
        assert sum(s.breaks > 0 for s in crowd.seats) > self.sockets / 2, "nobody's socket broke"
        assert_whole(product, crowd.seats)


@dataclass
class NeverRead:
    """So many viewers who never read, beside eight who do."""

    deaf: int = 200
    others: ClassVar[int] = 8
    figures: str = ""

    @property
    def name(self) -> str:
        return f"viewers who never read: {self.deaf}"

    def strike(self, product: Breakable, load: Load) -> None:
        ask_little(product)
        product.llm.set(text=TEXT, chunk=4_000, interval=0.12)  # twenty-two seconds
        (viewer,) = load.submit(1)
        assert product.web is not None
        with Crowd(product, [viewer.matter], self.others) as crowd:
            wait_until(lambda: all(len(s.ages) > 10 for s in crowd.seats), "the others are shown text", 60)
            joined, before = time.monotonic(), resident_megabytes(product.web.pid)
            deaf = Deaf(product, viewer.matter, self.deaf)
            try:
                closed_after, most = watch(product.web.pid, deaf)
            finally:
                deaf.close()
            wait_until(lambda: all(s.ended for s in crowd.seats), "the others have seen the end", 90)
        product.llm.set(text=None)
        ask_little(product)
        self.figures = (
            f"closed after {closed_after[True]:.1f} s (WebSocket) and {closed_after[False]:.1f} s (SSE); "
            f"memory {before:.0f} MB and at most {most - before:.1f} MB more; the others' text was "
            f"{p95(crowd.seats, 0, joined) * 1000:.0f} ms old before and {p95(crowd.seats, joined) * 1000:.0f} ms since"
            f" (p95), with a gap of at most {longest_gap(crowd.seats):.1f} s"
        )
        sys.stdout.write(f"{self.name}: {self.figures}\n")
        assert max(closed_after.values()) < BUSY * CLOSED_WITHIN, self.figures
        assert most - before < GROWTH + GROWTH_EACH * self.deaf, self.figures
        assert longest_gap(crowd.seats) < LONGEST_GAP, self.figures
        assert not sum(s.breaks for s in crowd.seats), "somebody who reads was shut out"
        assert_whole(product, crowd.seats)


def watch(pid: int, deaf: Deaf) -> tuple[dict[bool, float], float]:
    """After how many seconds the last was closed, by WebSocket (True) and SSE, and the most memory meanwhile, in MB."""
    began, most = time.monotonic(), resident_megabytes(pid)
    closed_after = {True: 0.0, False: 0.0}
    wait_until(deaf.served, "they are served", 10)
    while still := deaf.served():
        most = max(most, resident_megabytes(pid))
        for by_socket in {by_socket for _port, by_socket in still}:
            closed_after[by_socket] = time.monotonic() - began
        assert max(closed_after.values()) < 4 * CLOSED_WITHIN, f"{len(still)} who never read are still served"
        time.sleep(0.1)
    return closed_after, most


def p95(seats: Sequence[Seat], since: float, until: float = float("inf")) -> float:
    """How old text was when it came, in seconds; 5 % was older. Times of time.monotonic."""
    ages = [age for seat in seats for at, age in seat.ages if since <= at < until]
    return quantiles(ages, n=20)[-1]


def longest_gap(seats: Sequence[Seat]) -> float:
    """The longest time between two pieces of text, in seconds."""
    return max(later[0] - sooner[0] for s in seats for sooner, later in zip(s.ages, s.ages[1:], strict=False))


def assert_whole(product: Breakable, seats: Sequence[Seat]) -> None:
    """Everybody was shown every event once, and the stored text."""
    for matter in {seat.matter for seat in seats}:
        ((number, text),) = product.sql(
            """SELECT a.number, a.text FROM advice_attempt a WHERE a.matter_id = %s AND a.status = 'complete'""", matter
        )
        for seat in (s for s in seats if s.matter == matter):
            assert text_of(seat.events, attempt=number) == text, "somebody's text is not the stored one"
            ids = [event["id"] for event in seat.events]
            assert len(set(ids)) == len(ids), "somebody was shown a cursor twice"
