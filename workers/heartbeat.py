"""One thread per worker process that keeps its leases, ends calls that nobody wants, and wakes it for parked steps."""

import heapq
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from django.conf import settings
from django.db import connection

from matters.wakeup import publish_hints
from workers.claims import Claim, renew_leases, still_mine
from workers.clients.llm import Call

logger = logging.getLogger(__name__)
TICK_SECONDS = 0.5  # a cancel reaches a running call within this and one query


class Heartbeat:
    """Knows the claims that this process works on, and the steps it has parked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[tuple[int, int], tuple[Claim, Call]] = {}  # by step and epoch
        self._parked: list[tuple[float, str, int]] = []
        self._renewed_at = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat_until_stopped, name="heartbeat", daemon=True)
        self._thread.start()

    @contextmanager
    def holding(self, claim: Claim) -> Iterator[Call]:
        """Keep `claim`'s lease while inside; the call that is given ends when the step is not the claim's any more."""
        call, mine = Call(), (claim.step_id, claim.epoch)
        with self._lock:
            self._running[mine] = (claim, call)
        try:
            yield call
        finally:
            with self._lock:
                del self._running[mine]

    def running(self) -> int:
        """How many steps this process works on."""
        return len(self._running)

    def wake_in(self, seconds: float, kind: str, step_id: int) -> None:
        """Wake a worker for a parked step when it is due, so that a pause of a second is not the sweeper's ten."""
        with self._lock:
            heapq.heappush(self._parked, (time.monotonic() + seconds, kind, step_id))

    def cancel_all(self, reason: str) -> None:
        """End every call of this process; its steps are parked by those that made them."""
        with self._lock:
            calls = [call for _claim, call in self._running.values()]
        for call in calls:
            call.cancel(reason)

    def close(self) -> None:
        """End the thread. A worker's ends with its process; this is for who makes many, as tests do."""
        self._stop.set()
        self._thread.join(timeout=5)

    def _beat_until_stopped(self) -> None:
        while not self._stop.wait(TICK_SECONDS):
            try:
                with closing(connection):
                    self._beat()
            except Exception as error:  # whatever it is: without the next beat every step here would be taken over
                logger.warning("a heartbeat failed: %r", error)

    def _beat(self) -> None:
        now = time.monotonic()
        with self._lock:
            running = list(self._running.values())
            due = []
            while self._parked and self._parked[0][0] <= now:
                due.append(heapq.heappop(self._parked)[1:])
        publish_hints(due)
        if not running:
            return
        claims = [claim for claim, _call in running]
        if now - self._renewed_at >= settings.STEP_LEASE_SECONDS / 3:
            mine, self._renewed_at = renew_leases(claims), now
        else:
            mine = still_mine(claims)
        for claim, call in running:
            if (claim.step_id, claim.epoch) not in mine:
                call.cancel("the step is not wanted any more")
