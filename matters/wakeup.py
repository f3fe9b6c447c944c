"""Telling a worker that there is work. Only a hint: what is due is read from the ledger, and the sweeper asks again."""

import functools
import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import uuid4

from celery import current_app
from django.db import transaction
from kombu.exceptions import LimitExceeded

logger = logging.getLogger(__name__)
PAUSE_SECONDS = 1.0  # after a failed hint none is tried for so long: a broker that is down must not slow requests
TURN_SECONDS = 1.0  # for so long does a thread wait for one of the connections that the process's threads share
_quiet_until = 0.0
Hint = tuple[str, int]  # a kind of step, and the step's id for Flower's eyes


@dataclass
class Withheld:
    """The hint that a worker's thread keeps to itself: it looks for such a step next, and needs no message for that."""

    queue: str
    hint: Hint | None = None

    def take_from(self, hints: list[Hint]) -> list[Hint]:
        """Keep the first of `hints` that a worker of the queue could take; returns the others."""
        place = next((n for n, (kind, _id) in enumerate(hints) if queue_of(kind) == self.queue), None)
        if self.hint is not None or place is None:
            return hints
        self.hint = hints[place]
        return hints[:place] + hints[place + 1 :]


_withheld: ContextVar[Withheld | None] = ContextVar("_withheld", default=None)


@contextmanager
def withholding(kind: str) -> Iterator[Withheld]:
    """Inside, the first hint for the queue that `kind` comes by is not sent. Whoever withholds it sees to it."""
    withheld = Withheld(queue_of(kind))
    token = _withheld.set(withheld)
    try:
        yield withheld
    finally:
        _withheld.reset(token)


def wake_workers(steps: Iterable[Hint]) -> None:
    """Once the transaction has committed, send a message for each (kind, step id). Never raises for a dead broker."""
    wanted = list(steps)
    transaction.on_commit(lambda: _publish_others(wanted))


def _publish_others(hints: list[Hint]) -> None:
    withheld = _withheld.get()
    publish_hints(withheld.take_from(hints) if withheld else hints)


def publish_hints(steps: Iterable[Hint], queue: str | None = None) -> None:
    """Send the messages now. The id is for Flower's eyes; the worker claims the best due step of the kind.

    `queue`: for all of them, whatever queue their kinds come by.
    """
    global _quiet_until
    hints = list(steps)
    if not hints or _is_quiet():
        return
    try:
        _send(hints, queue)
    except LimitExceeded:  # the broker is not the one to blame, so the others go on
        logger.warning(
            "no connection to the broker was free within %.0f s, the sweeper will wake workers", TURN_SECONDS
        )
    except (
        Exception
    ) as error:  # whatever the broker's client raises: the step is stored, and the sweeper will ask again
        _quiet_until = time.monotonic() + PAUSE_SECONDS
        logger.warning("broker unreachable, the sweeper will wake the workers: %s", error)


def _send(hints: list[Hint], queue: str | None) -> None:
    """By one connection: `send_task` looks up its settings and routes anew for each message, and takes three times the
    CPU (0.8 ms). Where all are in use it waits for one; nothing is sent where the broker was found down meanwhile.
    Raises LimitExceeded, and whatever the broker's client raises."""
    with current_app.pool.acquire(block=True, timeout=TURN_SECONDS) as connection:
        if _is_quiet():
            return
        producer = current_app.amqp.Producer(connection)  # type: ignore[arg-type] # the stubs: a pool of producers
        for kind, step_id in hints:
            message = current_app.amqp.as_task_v2(
                str(uuid4()), kind, (step_id,), argsrepr=f"[{step_id}]", kwargsrepr="{}", ignore_result=True
            )
            producer.publish(
                message.body,
                routing_key=queue or queue_of(kind),
                headers=message.headers,
                serializer="json",
                retry=False,
                **message.properties,
            )


def _is_quiet() -> bool:
    return time.monotonic() < _quiet_until


@functools.cache
def queue_of(kind: str) -> str:
    """The queue that `CELERY_TASK_ROUTES` names for a task."""
    return str(current_app.amqp.router.route({}, kind)["queue"].name)
