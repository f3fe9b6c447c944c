"""What the supervisor is told about a process: data only, so that tests bring children of their own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from signal import SIGTERM, Signals


class Stage(IntEnum):
    """When a child is ended: lower first. The seconds are for all children of a stage together."""

    FRONT = 1  # web, Flower, beat: no new work comes in
    WORK = 2  # workers finish or lay down what they hold
    MODEL = 3
    BROKER = 4
    DATABASE = 5  # last, for everybody above writes to it


STOP_SECONDS = {Stage.FRONT: 5.0, Stage.WORK: 12.0, Stage.MODEL: 2.0, Stage.BROKER: 4.0, Stage.DATABASE: 6.0}


@dataclass(frozen=True)
class Child:
    """A process to run: kept alive by `Supervisor.start`, or run once by `Supervisor.run_once`."""

    name: str
    command: tuple[str, ...]
    stage: Stage
    environment: Mapping[str, str] = field(default_factory=dict)
    """Its whole environment."""
    stop_signal: Signals = SIGTERM
    pass_fds: tuple[int, ...] = ()
    before: Callable[[], None] | None = None
    """Called in a thread before each start; what it raises counts as a death."""
    is_ready: Callable[[], bool] | None = None
    """Asked in a thread until it is true; without it, and without `ready_words`, it is ready once started."""
    ready_words: str = ""
    """What the line holds in which it says that it is ready."""
