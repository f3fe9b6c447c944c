"""The numbers of `/metrics`: read from the rows when they are asked for, so that they are nobody's to keep in order."""

from collections import Counter
from collections.abc import Mapping

from django.conf import settings
from django.db import connection
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from matters.ledger import BESIDE
from matters.states import MatterStatus, WaitingFor
from matters.stuck import Cause, stuck_matters
from workers.pipeline import KINDS

_KINDS = (*KINDS, *BESIDE)
_STATUSES = [str(status) for status in MatterStatus]
# Name, words, labels, the values of a single label that are shown with 0 too, and the rows. What is open lies in
# partial indexes, and calls are counted for an hour: none of it grows with the matters of the past but their count.
_NUMBERS: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...], str], ...] = (
    (
        "matterstream_steps_due",
        "Steps that may be claimed now",
        ("kind",),
        _KINDS,
        """SELECT kind, count(*) FROM matters_step
            WHERE state IN ('ready', 'running') AND due_at <= clock_timestamp() GROUP BY kind""",
    ),
    (
        "matterstream_oldest_due_step_seconds",
        "For so long the oldest step that may be claimed now has been due",
        ("kind",),
        _KINDS,
        """SELECT kind, extract(epoch FROM clock_timestamp() - min(due_at))::float8 FROM matters_step
            WHERE state IN ('ready', 'running') AND due_at <= clock_timestamp() GROUP BY kind""",
    ),
    (
        "matterstream_leases_run_out",
        "Steps whose worker has given no sign of life for STEP_LEASE_SECONDS, and which nobody has taken over yet",
        ("kind",),
        _KINDS,
        """SELECT kind, count(*) FROM matters_step
            WHERE state IN ('ready', 'running') AND state = 'running' AND due_at <= clock_timestamp() GROUP BY kind""",
    ),
    (
        "matterstream_matters",
        "Matters by status",
        ("status",),
        tuple(_STATUSES),
        "SELECT status, count(*) FROM matters_matter GROUP BY status",
    ),
    (
        "matterstream_matters_waiting",
        "Matters by what they wait for",
        ("waiting_for",),
        tuple(str(reason) for reason in WaitingFor),
        """SELECT waiting_for, count(*) FROM matters_matter
            WHERE status IN ('queued', 'researching', 'gathering', 'awaiting_founder', 'advising')
              AND waiting_for IS NOT NULL GROUP BY waiting_for""",
    ),
    (
        "matterstream_deliveries_pending",
        "Webhooks that are to be sent, by whether they may be sent now or wait for their next attempt",
        ("when",),
        ("now", "later"),
        """SELECT CASE WHEN due_at <= clock_timestamp() THEN 'now' ELSE 'later' END, count(*) FROM matters_delivery
            WHERE status = 'pending' GROUP BY 1""",
    ),
    (
        "matterstream_llm_calls",
        "Calls to language models in the last hour, by kind of step and outcome",
        ("kind", "outcome"),
        (),
        """SELECT kind, outcome, count(*) FROM matters_llmcall
            WHERE at > now() - interval '1 hour' GROUP BY kind, outcome""",
    ),
)
_MODELS = """
SELECT model, count(*) FROM matters_llmcall WHERE at > now() - interval '1 hour' AND outcome <> 'cached' GROUP BY model
"""


def numbers() -> bytes:
    """All of them as Prometheus text. Raises DatabaseError."""
    registry = CollectorRegistry()
    with connection.cursor() as cursor:
        for name, words, labels, zeros, sql in _NUMBERS:
            gauge = Gauge(name, words, labels, registry=registry)
            for value in zeros:
                gauge.labels(value).set(0)
            cursor.execute(sql)
            for *values, number in cursor.fetchall():
                gauge.labels(*values).set(number)
        cursor.execute(_MODELS)
        calls = dict(cursor.fetchall())
    _show(
        registry,
        "matterstream_stuck_matters",
        "Matters that neither ended, nor visibly wait for anything, nor move on",
        "cause",
        dict.fromkeys(map(str, Cause), 0) | Counter(str(stuck.cause) for stuck in stuck_matters()),
    )
    _show(
        registry,
        "matterstream_llm_calls_without_price",
        "Calls in the last hour to models that LLM_PRICES does not have: no budget binds them",
        "model",
        {model: count for model, count in calls.items() if model not in settings.LLM_PRICES},
    )
    return generate_latest(registry)


def _show(registry: CollectorRegistry, name: str, words: str, label: str, counts: Mapping[str, int]) -> None:
    gauge = Gauge(name, words, (label,), registry=registry)
    for value, count in counts.items():
        gauge.labels(value).set(count)
