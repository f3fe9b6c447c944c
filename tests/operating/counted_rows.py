"""What `/metrics` shows, and the same counted from the rows, more simply than the product does."""

import statistics
from collections.abc import Mapping
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.processes import Installation

Numbers = dict[tuple[str, ...], float]  # by the metric's name and the values of its labels, in the order of their names

GROWING = {
    "llm_calls": "SELECT kind, outcome, count(*) FROM matters_llmcall GROUP BY 1, 2",
    "llm_tokens": """SELECT model, 'prompt', sum(prompt_tokens) FROM matters_llmcall GROUP BY 1
                     UNION ALL SELECT model, 'completion', sum(completion_tokens) FROM matters_llmcall GROUP BY 1""",
    "llm_cost_dollars": "SELECT model, sum(cost) FROM matters_llmcall GROUP BY 1",
    "dead_letters": "SELECT kind, count(*) FROM matters_step WHERE state = 'dead' GROUP BY 1",
}
MOVING = {
    "steps_due": """SELECT kind, count(*) FROM matters_step
                     WHERE state IN ('ready', 'running') AND due_at <= clock_timestamp() GROUP BY 1""",
    "leases_run_out": """SELECT kind, count(*) FROM matters_step
                          WHERE state = 'running' AND due_at <= clock_timestamp() GROUP BY 1""",
    "matters": "SELECT status, count(*) FROM matters_matter GROUP BY 1",
    "matters_waiting": """SELECT waiting_for, count(*) FROM matters_matter
                           WHERE status NOT IN ('advised', 'failed', 'canceled') AND waiting_for IS NOT NULL
                           GROUP BY 1""",
    "advice_streaming": """SELECT a.model, count(*) FROM advice_attempt a JOIN matters_matter m ON m.id = a.matter_id
                            WHERE m.status = 'advising' AND a.status = 'streaming' GROUP BY 1""",
}
MEDIANS = {
    "llm_call_seconds": """SELECT kind, '0.5', array_agg(latency_ms / 1000.0::float8) FROM matters_llmcall
                            WHERE outcome = 'ok' GROUP BY 1""",
    "step_seconds": """SELECT kind, '0.5', array_agg(extract(epoch FROM finished_at - created_at)::float8)
                         FROM matters_step WHERE state = 'done' GROUP BY 1""",
}
# A chunk's row is gone when its advice is whole: so it is counted when it comes.
_CHUNKS = """
CREATE SEQUENCE chunks_that_came;
CREATE FUNCTION count_chunk() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN PERFORM nextval(''chunks_that_came''); RETURN NULL; END';
CREATE TRIGGER counted AFTER INSERT ON advice_chunk FOR EACH ROW EXECUTE FUNCTION count_chunk();
"""


def count_chunks(product: Installation) -> None:
    """Count every chunk that is stored from now on."""
    product.sql(_CHUNKS)


def chunks_that_came(product: Installation) -> int:
    """So many rows of chunks were stored in all."""
    return int(product.sql("SELECT last_value - CASE WHEN is_called THEN 0 ELSE 1 END FROM chunks_that_came")[0][0])


def shown(product: Installation) -> Numbers:
    """Every number of `/metrics`, without the names' `matterstream_`."""
    text = product.api.get("/metrics").raise_for_status().text
    return {
        (
            sample.name.removeprefix("matterstream_"),
            *(label for _, label in sorted(sample.labels.items())),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def counted(product: Installation, queries: Mapping[str, str]) -> Numbers:
    """The same from the rows; what is 0 is left out."""
    return {
        (name, *map(str, labels)): float(statistics.median(number) if isinstance(number, list) else number)
        for name, query in queries.items()
        for *labels, number in product.sql(query)
        if number
    }


def only(numbers: Numbers, queries: Mapping[str, Any]) -> Numbers:
    """Those of `numbers` that `queries` count, but for zeros and other quantiles."""
    return {key: number for key, number in numbers.items() if key[0] in queries and number and key[-1] != "0.95"}
