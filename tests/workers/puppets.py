"""Workers that stop wherever they ask the model, until the test says what it answers: histories can be told exactly.

All but the model is real: a worker is a thread that runs `run_step` as Celery's would.
"""

import threading
from collections.abc import Iterator, Mapping
from queue import Queue
from types import TracebackType
from typing import Any, Self

from tests.fakes.llm.answers import reply_text
from workers.claims import Claim, claim_step
from workers.clients.llm import Reply, Usage
from workers.tasks import run_step

PATIENCE = 60.0  # seconds, for a machine that is busy
Order = BaseException | str | None  # what the model does: raise it, say it, or answer as it should
USAGE = Usage(10, 10)


class KilledError(BaseException):
    """The worker's process is gone: nothing of ours catches it."""


class Puppet:
    """One worker. `asking`: it waits for the model; `claim`: what it last took, None where there was nothing."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asking = False
        self.at_once = False  # answer as it should, without waiting for an order
        self.claim: Claim | None = None
        self.calls = 0  # of this claim
        self.fault: BaseException | None = None
        self._said: Queue[bool] = Queue()
        self._orders: Queue[Order] = Queue()

    def take(self, kind: str) -> None:
        """Deliver a hint: it runs until it asks the model or is done."""
        self.claim, self.calls = None, 0
        threading.Thread(target=self._run, args=[kind], name=self.name, daemon=True).start()
        self._listen()

    def tell(self, order: Order) -> None:
        """Let the model answer; it runs until it asks again or is done."""
        self._orders.put(order)
        self._listen()

    def ask(self, *, is_call: bool) -> str | None:
        """In the worker's thread: what the model says. None: as it should."""
        self.calls += is_call
        if self.at_once:
            return None
        self._said.put(True)
        order = self._orders.get(timeout=PATIENCE)
        if isinstance(order, BaseException):
            raise order
        return order

    def _listen(self) -> None:
        self.asking = self._said.get(timeout=PATIENCE)
        if self.fault is not None:
            raise self.fault

    def _run(self, kind: str) -> None:
        _here.puppet = self
        try:
            run_step(kind)
        except KilledError:
            pass
        except BaseException as fault:
            self.fault = fault
        finally:
            self._said.put(False)


class _Here(threading.local):
    puppet: Puppet


_here = _Here()


def claiming(kind: str) -> Claim | None:
    """In the place of `claim_step`: the same, remembered."""
    _here.puppet.claim = claim_step(kind)
    return _here.puppet.claim


class PuppetModel:
    """In the place of the model's client."""

    def __init__(self, replies: dict[str, Any]) -> None:
        self._replies = replies

    def complete(
        self, messages: list[Any], *, model: str, schema_name: str, schema: Mapping[str, Any], call: object
    ) -> Reply:
        said = _here.puppet.ask(is_call=True)
        wanted = {"json_schema": {"name": schema_name, "schema": schema}}
        body = {"messages": messages, "response_format": wanted}
        text = reply_text(body, questions=1, replies=self._replies) if said is None else said
        return Reply(text, "stop", USAGE, model, "request", 1.0)

    def stream(self, messages: list[Any], *, model: str, call: object) -> "PuppetStream":
        _here.puppet.ask(is_call=True)
        return PuppetStream()


class PuppetStream:
    """An advice in two pieces; between them the test has its say."""

    finish_reason, usage, request_id = "stop", USAGE, "request"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Nothing is open."""

    def __iter__(self) -> Iterator[str]:
        yield "Notice runs from the day "
        _here.puppet.ask(is_call=False)
        yield "on which it is received [P1]."
