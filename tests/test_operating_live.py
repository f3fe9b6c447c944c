"""A running product as its operator sees it: one trace from the POST to the last chunk, one `/metrics` for all of its
processes, a killed worker that is seen and whose work is taken over, and nowhere a word of a founder's.
"""

import json
import re
import subprocess
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from config.embedded.postgres import binary
from tests.api.transports import by_sse, text_of
from tests.databases import drop_database
from tests.fakes.otlp_receiver import Receiver, otlp_receiver
from tests.processes import Installation, wait_until
from tests.sensitive import places_with
from tests.test_journey import answer_all, wait_for_status

pytestmark = pytest.mark.xdist_group("operating")
CANARY = "Quetzalcoatlus"
# Where content belongs. Everywhere else the canary is a leak.
OWN_PLACES = re.compile(
    r"(matters_(matter|question|fact|event|step|llmcalltext|companyfact\w*)|advice_\w+)\.|advice\.\w+$"
)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with otlp_receiver() as running:
        yield running


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("operating")
    with Installation(folder, workers=2, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url) as running:
        yield running


def metric(product: Installation, name: str) -> list[str]:
    text = product.api.get("/metrics").raise_for_status().text
    return [line for line in text.splitlines() if line.startswith(f"matterstream_{name}")]


def value(product: Installation, start: str) -> float:
    (line,) = metric(product, start)
    return float(line.rpartition(" ")[2])


def test_a_matter_leaves_one_trace_numbers_that_agree_and_no_word_outside_its_rows(
    product: Installation, receiver: Receiver
) -> None:
    product.llm.set(questions=1, text_size=1_500, chunk=30, interval=0.01)
    body = {"question": f"May we let {CANARY} go?", "metadata": {"note": CANARY}}
    matter = product.api.post("/api/v1/matters", json=body).raise_for_status().json()["id"]
    wait_for_status(product, matter, "awaiting_founder")
    answer_all(product, matter, f"Yes, {CANARY}.")
    assert len(text_of(list(by_sse(product, matter, "")))) == 1_500
    trace = matter.replace("-", "")
    wanted = {"submit", "step plan_search", "step draft_advice", "llm call", "stream"}
    wait_until(lambda: wanted <= receiver.names(trace), "the spans have come")
    assert CANARY.encode() not in receiver.raw
    calls = [span for span in receiver.spans if span.name == "llm call"]
    steps = {span.span_id for span in receiver.spans if span.name.startswith("step ")}
    assert {span.parent_span_id for span in calls} <= steps, "a call stands in its step"

    ((stored,),) = product.sql("SELECT count(*) FROM matters_llmcall WHERE outcome = 'ok'")
    shown = [float(line.rpartition(" ")[2]) for line in metric(product, "llm_calls{") if 'outcome="ok"' in line]
    assert sum(shown) == stored
    assert value(product, 'processes{kind="worker"}') == 2
    assert value(product, 'processes{kind="web"}') == 1
    assert CANARY not in product.api.get("/metrics").text

    assert [p for p in places_with({CANARY}, product, matter) if not OWN_PLACES.search(p)] == []
    logs = [log.read_text(errors="replace") for log in product.folder.glob("*.log")]
    lines = [json.loads(line) for log in logs for line in log.splitlines() if line.startswith("{")]
    assert any(line["event"].startswith("Task draft_advice") for line in lines)


def rows_of(database: str) -> dict[str, str]:
    """By table, a checksum over all of its rows."""
    with psycopg.connect(database.partition("?")[0]) as conn:
        named = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        checksum = "SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {} AS t"
        tables = [table for (table,) in conn.execute(named).fetchall()]
        read = {table: conn.execute(sql.SQL(checksum).format(sql.Identifier(table))) for table in tables}
        return {table: (cursor.fetchone() or ("",))[0] for table, cursor in read.items()}


def test_a_backup_of_the_running_product_restores_every_row(product: Installation) -> None:
    dump, server = product.folder / "matterstream.dump", product.database_url.partition("?")[0]
    restored = server.rpartition("/")[0] + "/restored"
    for command in (
        ("pg_dump", "--format=custom", f"--file={dump}", server),
        ("createdb", f"--maintenance-db={server}", "restored"),
        ("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={restored}", str(dump)),
    ):
        subprocess.run([str(binary(command[0])), *command[1:]], check=True, capture_output=True)
    try:
        there, here = rows_of(restored), rows_of(product.database_url)
        living = {"matters_processreport", "django_session"}  # what a running product renews
        assert {t: rows for t, rows in there.items() if t not in living} == {
            t: rows for t, rows in here.items() if t not in living
        }
        assert there["advice_attempt"], "there was nothing to restore"
    finally:
        drop_database(restored)


def test_a_killed_worker_is_seen_and_its_work_is_taken_over(product: Installation) -> None:
    product.llm.set(replies={"judge_relevance": {"relevant": False}}, text_size=3_000, chunk=10, interval=0.02)
    matter = product.api.post("/api/v1/matters", json={"question": "How?"}).json()["id"]
    holds = "SELECT 1 FROM matters_step WHERE matter_id = %s AND kind = 'draft_advice' AND state = 'running'"
    wait_until(lambda: product.sql(holds, matter), "the advice is being written")
    for worker in product.workers:
        worker.kill()
    product.start_worker()
    wait_until(lambda: value(product, 'processes{kind="worker"}') == 1, "the killed ones are not counted any more", 60)
    silent = [line for line in metric(product, "process_seen_seconds") if 'kind="worker"' in line]
    assert len(silent) == 3, "a worker that was killed is still seen, by its silence"
    wait_for_status(product, matter, "advised")
