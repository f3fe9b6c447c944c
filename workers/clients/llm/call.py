"""The handle of one running call: what another thread needs to end it, and what the transport needs to bound it.

A thread blocked in `recv` cannot be interrupted, and closing its file descriptor does not wake it; shutting the socket
down does. So the transport tells the call which connection carries it, and `cancel` shuts that connection down. A
connection returns to the pool when its call ends: one lock over all calls decides whose it is, so that a late cancel
never hits the next call on the same connection.
"""

import threading
import time
from typing import Protocol

from workers.clients.llm.errors import Code
from workers.clients.llm.reply import Timeouts

_ownership = threading.Lock()


class Connection(Protocol):
    """A connection of the transport, as far as a call is concerned."""

    owner: "Call | None"
    is_shut: bool

    def shut_down(self) -> None: ...


class _Running(threading.local):
    call: "Call"


class Call:
    """One call to the model, or several one after another (a repair attempt): a cancel ends the present one and those
    to come. Make one, give it to `LLMClient.complete` or `.stream`, keep it where the canceling thread finds it."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.sent = False
        self.expired: Code | None = None
        self._connection: Connection | None = None
        self._timeouts = Timeouts()
        self._ends_at = self._waits_until = float("inf")
        self._waits_anew = False

    @property
    def canceled(self) -> bool:
        return self.reason is not None

    def cancel(self, reason: str = "canceled") -> None:
        """End the call from any thread: its blocked read returns at once and it raises LLMCanceled(reason).

        The first reason stays. After the call's end it does nothing (but a further call on this handle is refused).
        """
        with _ownership:
            if self.reason is None:
                self.reason = reason
            if self._connection is not None and self._connection.owner is self:
                self._connection.shut_down()

    def begin(self, timeouts: Timeouts, *, streaming: bool) -> None:
        """Start the clocks, and make this the call that the connections used by this thread belong to."""
        now = time.monotonic()
        self.sent, self.expired, self._timeouts = False, None, timeouts
        self._ends_at = now + timeouts.total
        self._waits_until = now + timeouts.first_content if streaming else float("inf")
        self._waits_anew = False
        _running.call = self

    def own(self, connection: Connection) -> bool:
        """Take the connection for this call. False: a late cancel of the call before shut it down, take another."""
        with _ownership:
            if connection.is_shut and connection.owner is not self:
                return False
            connection.owner, self._connection = self, connection
            if self.canceled:
                connection.shut_down()
            return True

    def end(self) -> None:
        with _ownership:
            self._connection = None

    def got_content(self) -> None:
        """Text came. The next limit runs from when more is asked for, so a slow reader is not the model's fault."""
        self._waits_anew = True

    def wait_no_longer_than(self, seconds: float) -> None:
        """All the text is here; only the end of the stream (usage, [DONE]) is awaited."""
        self._waits_anew, self._waits_until = False, time.monotonic() + seconds

    def seconds_left(self) -> float:
        """How long the next read may block; at most 0 once a limit has passed."""
        now = time.monotonic()
        if self._waits_anew:
            self._waits_anew, self._waits_until = False, now + self._timeouts.between_contents
        return min(self._ends_at, self._waits_until) - now

    def expire(self) -> None:
        """A read ran into the limit given by `seconds_left`; remember which."""
        self.expired = Code.TIMED_OUT if self._ends_at <= self._waits_until else Code.STALLED


_running = _Running()


def running_call() -> Call:
    """The call that this thread is making; AttributeError if it never made one."""
    return _running.call
