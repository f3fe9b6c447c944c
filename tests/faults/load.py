"""Matters that are submitted, answered and followed as clients do it, who ride over every fault until the end."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import uuid4

import httpx2
from websockets.exceptions import WebSocketException

from matters.states import ENDED
from tests.api.transports import Event, by_poll, by_sse, by_websocket
from tests.faults.breakable import Breakable
from tests.processes import Installation, wait_until

BREAKS = (httpx2.HTTPError, OSError, WebSocketException)  # TimeoutError is an OSError
PAUSE_SECONDS = 0.2  # of a client before it tries again
QUESTION = "We hired the wrong person as CTO and must let them go: how?"
WAYS: tuple[Callable[[Installation, str, str], Iterator[Event]], ...] = (by_sse, by_websocket, by_poll)
MATTERS = "/api/v1/matters"


@dataclass(frozen=True)
class Call:
    """One try of a POST: how long it took, and what came: a status, or the name of the error."""

    seconds: float
    outcome: int | str


@dataclass
class Viewer:
    """A client with one matter: its key, what it was answered, and every event that it was shown, in their order."""

    key: str
    number: int
    matter: str = ""  # its id, once it was accepted
    calls: list[Call] = field(default_factory=list)  # of the submission
    events: list[Event] = field(default_factory=list)
    breaks: int = 0  # how often what it read broke off or was refused
    refusals: set[int] = field(default_factory=set)  # statuses that are no success
    status: str = ""  # of the matter, as the newest event says

    @property
    def cursor(self) -> str:
        return str(self.events[-1]["id"]) if self.events else ""

    @property
    def way(self) -> Callable[[Installation, str, str], Iterator[Event]]:
        return WAYS[self.number % len(WAYS)]


class Load:
    """`with Load(product, 8) as load: …break something…; load.wait_until_ended(60)`: eight viewers of as many matters.

    Each submits its matter with a key of its own until that is accepted, reads its events by SSE, WebSocket or poll
    from its last cursor on, and answers what is asked. On entering all are accepted.
    """

    def __init__(self, product: Breakable, matters: int = 8) -> None:
        self.product, self.viewers = product, list[Viewer]()
        self.name = uuid4().hex[:8]
        self.calls_before, self.claims_lost_before = product.llm.counts()["calls"], product.claims_lost
        self._first = matters
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self.submit(self._first)
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(timeout=1)  # one that still waits for an event ends with the product

    @property
    def accepted(self) -> list[Viewer]:
        return [viewer for viewer in self.viewers if viewer.matter]

    def submit(self, count: int, seconds: float = 60) -> list[Viewer]:
        """So many matters more, all at once; returns when every one is accepted."""
        new = self.begin(count)
        wait_until(lambda: all(v.matter for v in new), "every matter is accepted", seconds)
        return new

    def begin(self, count: int) -> list[Viewer]:
        """So many matters more; returns before they are accepted."""
        new = [Viewer(f"{self.name}-{n}", n) for n in range(len(self.viewers), len(self.viewers) + count)]
        self.viewers += new
        for viewer in new:
            self._threads.append(threading.Thread(target=self._live, args=[viewer], daemon=True))
            self._threads[-1].start()
        return new

    def ended(self) -> list[Viewer]:
        """Whose viewers have seen the end."""
        return [viewer for viewer in self.viewers if viewer.status in ENDED]

    def wait_until_ended(self, seconds: float) -> None:
        """Until every viewer has seen the end of its matter, but no longer: the accounting says what is missing."""
        ends_at = time.monotonic() + seconds
        while len(self.ended()) < len(self.viewers) and time.monotonic() < ends_at:
            time.sleep(0.05)

    def going_on(self) -> list[Viewer]:
        """Whose matters have not ended, as far as they know."""
        return [viewer for viewer in self.viewers if viewer.status not in ENDED]

    def wait_for_text(self, count: int = 2, seconds: float = 60) -> None:
        """Until the viewers of `count` matters are being shown text; with too few left, more are submitted."""
        if len(self.going_on()) < count:
            self.submit(count)
        wait_until(
            lambda: sum(_is_shown_text(v) for v in self.viewers) >= min(count, len(self.going_on())),
            f"{count} advices are being read",
            seconds,
        )

    def _live(self, viewer: Viewer) -> None:
        self._submit(viewer)
        while viewer.status not in ENDED and not self._over.is_set():
            try:
                for event in viewer.way(self.product, viewer.matter, viewer.cursor):
                    self._see(viewer, event)
            except BREAKS as error:
                viewer.breaks += 1
                self._note(viewer, error)

    def _submit(self, viewer: Viewer) -> None:
        """The same key until it is accepted: whatever became of the first try, there is one matter."""
        body = {"question": QUESTION, "metadata": {"load": self.name, "number": viewer.number}}
        while not viewer.matter and not self._over.is_set():
            began = time.monotonic()
            try:
                response = self.product.api.post(MATTERS, json=body, headers={"Idempotency-Key": viewer.key})
                viewer.calls.append(Call(time.monotonic() - began, response.status_code))
                response.raise_for_status()
                viewer.matter = str(response.json()["id"])
            except BREAKS as error:
                if not isinstance(error, httpx2.HTTPStatusError):
                    viewer.calls.append(Call(time.monotonic() - began, type(error).__name__))
                self._note(viewer, error)

    def _see(self, viewer: Viewer, event: Event) -> None:
        if event["type"] == "question.updated" and event["data"]["status"] == "awaiting_founder":
            self._answer(viewer, event["data"])
        viewer.events.append(event)
        if event["type"] == "matter.updated":
            viewer.status = event["data"]["status"]

    def _answer(self, viewer: Viewer, question: dict[str, Any]) -> None:
        """Until it is taken, or (409) was taken before by a call whose answer never came."""
        path = f"{MATTERS}/{viewer.matter}/questions/{question['question']}/answer"
        body = {"answer": "Yes, since May 2024.", "round": question["round"]}
        while not self._over.is_set():
            try:
                response = self.product.api.post(path, json=body)
                if response.status_code != 409:
                    response.raise_for_status()
            except BREAKS as error:
                self._note(viewer, error)
            else:
                return

    def _note(self, viewer: Viewer, error: BaseException) -> None:
        if isinstance(error, httpx2.HTTPStatusError):
            viewer.refusals.add(error.response.status_code)
        self._over.wait(PAUSE_SECONDS)


def _is_shown_text(viewer: Viewer) -> bool:
    return viewer.status not in ENDED and bool(viewer.events) and viewer.events[-1]["type"] == "advice.delta"
