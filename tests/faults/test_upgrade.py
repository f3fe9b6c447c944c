"""An upgrade as docs/operating tells it, amid twenty streaming matters: every process is replaced, nothing is lost."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.frames import CloseCode

from config.run import children
from tests.api.transports import by_sse, by_websocket
from tests.databases import ROOT
from tests.faults.accounting import account_for
from tests.faults.breakable import Breakable, ask_questions
from tests.faults.faults import STOP_SECONDS
from tests.faults.load import BREAKS, Load
from tests.processes import Process, wait_until
from tests.test_journey import submit, wait_for_status

pytestmark = pytest.mark.xdist_group("faults: upgrade")
STREAMING = 20
# 150 s: longer than the new workers take to come, on however busy a machine; the old ones then let it go on for 10 s.
SLOW = {"text_size": 1_500, "chunk": 10, "interval": 1.0}
QUICK = {"text_size": 1_500, "chunk": 40, "interval": 0.05}
_WATCHED = """
SELECT 1 FROM matters_processreport
 WHERE pid = %s AND (numbers ->> 'watched')::int = 1 AND (numbers #>> '{open,sse}')::int = 1
   AND (numbers #>> '{open,websocket}')::int = 1
"""


def set_up(product: Breakable) -> None:
    subprocess.run(
        [sys.executable, "-m", *children.setup()], cwd=ROOT, env=product.env, check=True, capture_output=True
    )


def replace_web_and_beat(product: Breakable) -> None:
    assert product.web is not None
    product.web.stop(STOP_SECONDS)
    product.restart_web()
    assert product.beat is not None
    product.beat.stop(STOP_SECONDS)
    product.start_beat()


def upgrade(product: Breakable, load: Load) -> None:
    """While `STREAMING` matters are being read new workers come; when those are ready, the old ones are told to end."""
    load.wait_for_text(STREAMING)
    set_up(product)
    old, product.workers = product.workers, list[Process]()
    product.start_workers(len(old))
    product.llm.set(**QUICK)
    with ThreadPoolExecutor(len(old)) as pool:
        ending = [pool.submit(worker.stop, STOP_SECONDS) for worker in old]
        load.submit(4)
        replace_web_and_beat(product)
        assert max(ended.result() for ended in ending) <= STOP_SECONDS


def test_an_upgrade_amid_twenty_streaming_matters_loses_nothing(product: Breakable) -> None:
    product.llm.forget_calls()
    product.llm.set(**SLOW)
    with Load(product, STREAMING) as load:
        upgrade(product, load)
        load.wait_until_ended(60)
    account = account_for(product, load)
    account.assert_nothing_lost()
    assert account.ended == account.accepted
    assert account.calls == account.bound, "each call is on record"

    matters = [viewer.matter for viewer in load.viewers]
    attempts = product.sql(
        "SELECT status, sha256 FROM advice_attempt WHERE matter_id = ANY(%s::uuid[]) ORDER BY number", matters
    )
    calls = product.llm.calls()
    whole = {call["sha256"] for call in calls if call["name"] == "stream" and call["finish_reason"] == "stop"}
    complete = [sha256 for status, sha256 in attempts if status == "complete"]
    assert len(complete) == len(matters)
    assert set(complete) == whole, "an advice is what the model sent, byte for byte"
    assert [status for status, _ in attempts if status != "complete"] == ["superseded"] * STREAMING
    twice = product.sql(
        "SELECT kind, count(*) - 1 FROM matters_llmcall WHERE matter_id = ANY(%s::uuid[])"
        " GROUP BY step_id, kind HAVING count(*) > 1",
        matters,
    )
    assert twice == [("draft_advice", 1)] * STREAMING, "nothing was called twice but the advices that were cut"


def test_a_web_process_that_is_told_to_end_answers_who_waits_cuts_streams_and_tells_sockets(product: Breakable) -> None:
    ask_questions(product)
    matter = submit(product)
    wait_for_status(product, matter, "awaiting_founder")
    events = f"/api/v1/matters/{matter}/events"
    cursor = product.api.get(events, params={"limit": 500}).json()["cursor"]
    web = product.web
    assert web is not None
    with ThreadPoolExecutor(3) as pool, product.client(product.api_key) as other:
        watching = pool.submit(lambda: list(by_websocket(product, matter, cursor)))
        polling = pool.submit(other.get, events, params={"after": cursor, "wait": 30})
        streaming = pool.submit(lambda: list(by_sse(product, matter, cursor)))
        wait_until(lambda: product.sql(_WATCHED, web.pid), "all three are waiting, says the web process")
        web.stop(STOP_SECONDS)
        try:
            answer = polling.result(timeout=STOP_SECONDS)
            assert (answer.status_code, answer.headers["connection"]) == (200, "close")
            assert answer.json() == {"events": [], "cursor": cursor, "done": False}
            with pytest.raises(BREAKS):  # one that ended in order would say that there is nothing more
                streaming.result(timeout=STOP_SECONDS)
            with pytest.raises(ConnectionClosedError) as closed:
                watching.result(timeout=STOP_SECONDS)
            assert closed.value.rcvd is not None, "its reader can't tell a restart from a broken line"
            assert closed.value.rcvd.code == CloseCode.SERVICE_RESTART
        finally:
            product.restart_web()
