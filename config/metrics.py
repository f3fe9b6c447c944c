"""The numbers of `/metrics`: read from the rows when they are asked for, so that they are nobody's to keep in order."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import accumulate

from django.conf import settings
from django.db import connection
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from matters.breakers import open_breakers
from matters.language_models import model_label
from matters.ledger import BESIDE
from matters.processes import GONE_AFTER, ProcessReport, reports
from matters.states import MatterStatus, WaitingFor
from matters.stuck import Cause, stuck_matters
from workers.pipeline import KINDS
from workers.writer import BatchSizes

_KINDS = (*KINDS, *BESIDE)
_STATUSES = [str(status) for status in MatterStatus]
# One row for each, in the form (…, quantile, value).
_QUANTILES = """unnest(ARRAY['0.5', '0.95']),
                  unnest(percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY {}))"""
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
    (
        "matterstream_llm_call_seconds",
        "How long calls to language models took in the last hour, those from the cache left out",
        ("kind", "quantile"),
        (),
        f"""SELECT kind, {_QUANTILES.format("latency_ms / 1000.0")} FROM matters_llmcall
            WHERE at > now() - interval '1 hour' AND outcome = 'ok' GROUP BY kind""",  # noqa: S608 - of this file alone
    ),
    (
        "matterstream_step_seconds",
        "From when a step was wanted to its end, of those done in the last hour: all waiting included",
        ("kind", "quantile"),
        (),
        f"""SELECT kind, {_QUANTILES.format("extract(epoch FROM finished_at - created_at)::float8")} FROM matters_step
            WHERE finished_at > now() - interval '1 hour' AND state = 'done' GROUP BY kind""",  # noqa: S608 - of this file alone
    ),
    (
        "matterstream_llm_tokens",
        "Tokens of the last hour's calls, by model and side",
        ("model", "side"),
        (),
        """SELECT model, side, sum(tokens) FROM matters_llmcall,
                  LATERAL (VALUES ('prompt', prompt_tokens), ('completion', completion_tokens)) AS used (side, tokens)
            WHERE at > now() - interval '1 hour' GROUP BY model, side""",
    ),
    (
        "matterstream_llm_cost_dollars",
        "What the last hour's calls cost by LLM_PRICES, by model",
        ("model",),
        (),
        "SELECT model, sum(cost) FROM matters_llmcall WHERE at > now() - interval '1 hour' GROUP BY model",
    ),
    (
        "matterstream_dead_letters",
        "Steps that gave up and wait for a person",
        ("kind",),
        _KINDS,
        "SELECT kind, count(*) FROM matters_step WHERE state = 'dead' GROUP BY kind",
    ),
    (
        "matterstream_advice_streaming",
        "Advice that is being written now, by model",
        ("model",),
        (),
        """SELECT a.model, count(*) FROM matters_matter m JOIN advice_attempt a ON a.matter_id = m.id
            WHERE m.status = 'advising' AND a.status = 'streaming' GROUP BY a.model""",
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
                shown = (model_label(v) if label == "model" else v for label, v in zip(labels, values, strict=True))
                gauge.labels(*shown).inc(float(number))
        cursor.execute(_MODELS)
        unpriced = Counter[str]()
        for model, count in cursor.fetchall():
            if model not in settings.LLM_PRICES:
                unpriced[model_label(model)] += count
    _show(
        registry,
        "matterstream_stuck_matters",
        "Matters that neither ended, nor visibly wait for anything, nor move on",
        "cause",
        dict.fromkeys(map(str, Cause), 0) | Counter(str(stuck.cause) for stuck in stuck_matters()),
    )
    _show(
        registry,
        "matterstream_breaker_open",
        "1 while the provider, or a model of the operator's, is asked nothing but by a probe a minute; how many others",
        "breaker",
        open_breakers(),
    )
    _show(
        registry,
        "matterstream_llm_calls_without_price",
        "Calls in the last hour to models that LLM_PRICES does not have: no budget binds them",
        "model",
        unpriced,
    )
    registry.register(_Processes())
    return generate_latest(registry)


class _Processes(Collector):
    """What web and worker processes last said of themselves. Those that are gone have a time since, and no numbers."""

    def collect(self) -> Iterator[Metric]:
        seen = GaugeMetricFamily(
            "matterstream_process_seen_seconds", "For so long a process has said nothing", labels=["kind", "process"]
        )
        alive = GaugeMetricFamily("matterstream_processes", "Processes that live, by kind", labels=["kind"])
        sockets = GaugeMetricFamily(
            "matterstream_open_streams", "Open WebSockets and SSE responses", labels=["transport", "process"]
        )
        watched = GaugeMetricFamily("matterstream_watched_matters", "Matters that somebody watches", labels=["process"])
        lag = GaugeMetricFamily(
            "matterstream_notify_lag_seconds", "How long the last notification took to be heard", labels=["process"]
        )
        running = GaugeMetricFamily("matterstream_steps_running", "Steps in work", labels=["process"])
        batches = HistogramMetricFamily(
            "matterstream_writer_batch_streams", "Streams whose text was stored in one statement", labels=["process"]
        )
        counts: Counter[str] = Counter(dict.fromkeys(map(str, ProcessReport.Kind), 0))
        for process, silence in reports():
            name, numbers = process.name, process.numbers
            seen.add_metric([process.kind, name], silence)
            if silence > GONE_AFTER.total_seconds():
                continue
            counts[process.kind] += 1
            for transport, number in sorted(numbers.get("open", {}).items()):
                sockets.add_metric([transport, name], number)
            for family, value in ((watched, "watched"), (lag, "notify_lag"), (running, "steps_running")):
                if (number := numbers.get(value)) is not None:
                    family.add_metric([name], number)
            if "batches" in numbers:
                batches.add_metric([name], _buckets(numbers["batches"]), numbers["streams"])
        for kind, count in counts.items():
            alive.add_metric([kind], count)
        yield from (alive, seen, sockets, watched, lag, running, batches)


def _buckets(counts: list[int]) -> list[tuple[str, float]]:
    """Cumulative, as Prometheus has them."""
    bounds = [*map(str, BatchSizes.BOUNDS), "+Inf"]
    return list(zip(bounds, accumulate(map(float, counts)), strict=True))


def _show(registry: CollectorRegistry, name: str, words: str, label: str, counts: Mapping[str, int]) -> None:
    gauge = Gauge(name, words, (label,), registry=registry)
    for value, count in counts.items():
        gauge.labels(value).set(count)
