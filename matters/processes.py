"""What runs: every web and worker process says every few seconds that it lives, and what it is doing.

One row for each process, which takes it away when it ends. A row that nobody renews is that of a process that was
killed, or can't reach the database. Nothing depends on these rows but what operators are shown.
"""

import atexit
import json
import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, connection, models
from django.db.models import ExpressionWrapper, F
from django.db.models.functions import Now

logger = logging.getLogger(__name__)
REPORT_SECONDS = 5.0
GONE_AFTER = timedelta(seconds=20)  # three reports, and a database that takes its time
FORGOTTEN_AFTER = timedelta(hours=1)
_BEAT = uuid.UUID(int=0)  # beat writes no row: the worker that it tells to sweep writes this one

Numbers = Mapping[str, Any]


class ProcessReport(models.Model):
    """The last that a process said of itself. Only PostgreSQL's clock counts."""

    class Kind(models.TextChoices):
        WEB = "web"
        WORKER = "worker"
        BEAT = "beat"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    host = models.CharField(max_length=200, blank=True)
    pid = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    numbers = models.JSONField(default=dict, help_text="What it counts, by the name of the metric; never content")

    class Meta:
        verbose_name_plural = "system: what runs, and what needs a person"

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".rstrip()

    @property
    def name(self) -> str:
        """Host and pid; empty for beat, which is seen only by what it has workers do."""
        return f"{self.host}:{self.pid}" if self.pid else ""


_REPORT = """
INSERT INTO matters_processreport (id, kind, host, pid, started_at, seen_at, numbers)
VALUES (%(id)s, %(kind)s, %(host)s, %(pid)s, clock_timestamp(), clock_timestamp(), %(numbers)s::jsonb)
ON CONFLICT (id) DO UPDATE SET seen_at = EXCLUDED.seen_at, numbers = EXCLUDED.numbers
"""


class Reporter:
    """A thread that reports for this process until it ends. `numbers` gives what there is to say, quickly."""

    def __init__(self, kind: ProcessReport.Kind, numbers: Callable[[], Numbers]) -> None:
        self._id, self._kind, self._numbers = uuid.uuid4(), kind, numbers
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def close(self) -> None:
        """End the thread, and take the row away: a process that ended is not one that was killed."""
        atexit.unregister(self.close)
        self._stop.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        waiting = 0.0
        while not self._stop.wait(waiting):
            waiting = REPORT_SECONDS
            self._do(self._report)
        self._do(lambda: ProcessReport.objects.filter(pk=self._id).delete())

    def _do(self, what: Callable[[], object]) -> None:
        try:
            what()
        except DatabaseError as error:
            logger.warning("this process can't be reported: %s", error)
        finally:
            connection.close()

    def _report(self) -> None:
        _store(self._id, self._kind, socket.gethostname()[:200], os.getpid(), self._numbers())


def note_beat() -> None:
    """Beat lives: a worker was told to do what only beat tells it."""
    _store(_BEAT, ProcessReport.Kind.BEAT, "", 0, {})


def _store(pk: uuid.UUID, kind: str, host: str, pid: int, numbers: Numbers) -> None:
    values: dict[str, Any] = {"id": pk, "kind": str(kind), "host": host, "pid": pid, "numbers": json.dumps(numbers)}
    with connection.cursor() as cursor:
        cursor.execute(_REPORT, values)


def reports() -> list[tuple[ProcessReport, float]]:
    """Every process with a row, and for how many seconds it has said nothing."""
    silence = ExpressionWrapper(Now() - F("seen_at"), output_field=models.DurationField())
    rows = ProcessReport.objects.annotate(silence=silence).order_by("kind", "host", "pid")
    return [(report, max(0.0, report.silence.total_seconds())) for report in rows]


def forget_processes() -> int:
    """Remove the rows of those that have been gone for `FORGOTTEN_AFTER`; returns how many."""
    return ProcessReport.objects.filter(seen_at__lt=Now() - FORGOTTEN_AFTER).delete()[0]
