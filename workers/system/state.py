"""What runs and what needs a person, as it is now. Nothing here has a word of a founder's."""

from dataclasses import dataclass
from typing import Any

import redis
from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from matters.ledger import BESIDE
from matters.models import Breaker, ProcessReport, Step
from matters.processes import GONE_AFTER, reports
from matters.states import StepState
from matters.stuck import Stuck, stuck_matters
from workers.pipeline import KINDS

SHOWN = 20  # dead letters and stuck matters on the page; the rest are counted
_QUEUE = """
SELECT kind, count(*) FILTER (WHERE due_at <= clock_timestamp()),
       count(*) FILTER (WHERE state = 'running' AND due_at > clock_timestamp()),
       count(*) FILTER (WHERE state = 'running' AND due_at <= clock_timestamp()),
       extract(epoch FROM clock_timestamp() - min(due_at) FILTER (WHERE due_at <= clock_timestamp()))::float8
  FROM matters_step WHERE state IN ('ready', 'running') GROUP BY kind
"""


@dataclass(frozen=True)
class Service:
    """A server or a kind of process, and whether it is in order."""

    name: str
    is_well: bool
    words: str


@dataclass(frozen=True)
class Running:
    """A process as it last said. `silence`: for how long it has said nothing, in seconds."""

    kind: str
    name: str
    silence: float
    numbers: dict[str, Any]

    @property
    def is_gone(self) -> bool:
        """Killed, most likely: whoever ends in order takes its row away."""
        return self.silence > GONE_AFTER.total_seconds()

    @property
    def words(self) -> str:
        """What it is doing, or was when it was last heard."""
        if "steps_running" in self.numbers:
            return _counted(self.numbers["steps_running"], "step", " in progress")
        streams = self.numbers.get("open", {})
        return _counted(sum(streams.values()), "open stream") if streams else ""


def _counted(number: int, thing: str, rest: str = "") -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}{rest}"


@dataclass(frozen=True)
class Queue:
    """The steps of one kind: due, in work, and left behind by workers that are gone. `age`: of the oldest due one."""

    kind: str
    due: int = 0
    working: int = 0
    left_behind: int = 0
    age: float | None = None


@dataclass(frozen=True)
class SystemState:
    """Everything that the page shows of now."""

    services: list[Service]
    running: list[Running]
    queues: list[Queue]
    dead: list[Step]
    dead_count: int
    breakers: list[Breaker]
    stuck: list[Stuck]
    stuck_count: int
    left_behind: int


def system_state() -> SystemState:
    """Look at it. Raises DatabaseError: then nothing can be said."""
    running, queues, stuck, dead = _running(), _queues(), stuck_matters(), dead_letters()
    return SystemState(
        services=_services(running),
        running=running,
        queues=queues,
        dead=list(dead[:SHOWN]),
        dead_count=dead.count(),
        breakers=list(Breaker.objects.order_by("opened_at")),
        stuck=stuck[:SHOWN],
        stuck_count=len(stuck),
        left_behind=sum(queue.left_behind for queue in queues),
    )


def dead_letters() -> QuerySet[Step]:
    """The steps that gave up, newest first."""
    return Step.objects.filter(state=StepState.DEAD).order_by("-finished_at", "-pk")


def _running() -> list[Running]:
    return [Running(report.kind, report.name, silence, report.numbers) for report, silence in reports()]


def _queues() -> list[Queue]:
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE)
        found = {row[0]: Queue(*row) for row in cursor.fetchall()}
    return [found.get(kind, Queue(kind)) for kind in (*KINDS, *BESIDE)]


def _services(running: list[Running]) -> list[Service]:
    return [_postgresql(), _redis(), *(_kind(kind, running) for kind in ProcessReport.Kind)]


def _postgresql() -> Service:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT current_setting('server_version'), count(*), current_setting('max_connections')
                 FROM pg_stat_activity WHERE backend_type = 'client backend'"""
        )
        version, used, most = cursor.fetchone() or ("", 0, "")
    return Service("PostgreSQL", True, f"{version.partition(' ')[0]}, {used} of {most} connections in use")


def _redis() -> Service:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as broker:
            broker.ping()
    except (redis.RedisError, OSError) as error:
        return Service("Redis", False, f"is not responding ({type(error).__name__}); steps wait for the sweeper")
    return Service("Redis", True, "answers")


def _kind(kind: ProcessReport.Kind, running: list[Running]) -> Service:
    own = [process for process in running if process.kind == kind]
    gone = sum(process.is_gone for process in own)
    alive = len(own) - gone
    if kind == ProcessReport.Kind.BEAT:  # seen by what it has workers do
        return Service("beat", alive > 0, "is heard" if alive else "is not heard: does it run, and do workers?")
    words = f"{alive} alive" + (f", {gone} gone within the hour" if gone else "")
    return Service(f"{kind} processes", alive > 0, words)
