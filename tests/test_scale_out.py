"""Two web processes and three workers that meet in PostgreSQL and Redis only: the bytes are the same everywhere."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx2

from config.run import children
from tests.api.transports import Event, Served, by_poll, by_sse, by_websocket, text_of
from tests.processes import Installation, Process, free_port, wait_until

MATTERS, WAYS = 6, (by_poll, by_sse, by_websocket)


@dataclass
class OtherWeb:
    """A second web process of an installation."""

    api: httpx2.Client
    api_key: str
    port: int


@contextmanager
def another_web(product: Installation) -> Iterator[OtherWeb]:
    port = free_port()
    process = Process(
        "web2", children.serve("127.0.0.1", port), product.env | {"PORT": str(port)}, product.folder / "web2.log"
    )
    headers = {"Authorization": f"Bearer {product.api_key}"}
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as api:
            wait_until(partial(is_ready, api), "the second web process is ready", 60)
            yield OtherWeb(api, product.api_key, port)
    finally:
        process.kill()


def is_ready(api: httpx2.Client) -> bool:
    with contextlib.suppress(httpx2.HTTPError):
        return api.get("/readyz").status_code == 200
    return False


def follow(way: Any, door: Served, matter: str) -> list[Event]:
    """All events, answering what is asked by the way."""
    events: list[Event] = []
    for event in way(door, matter, ""):
        events.append(event)
        data = event["data"]
        if event["type"] == "question.updated" and data["status"] == "awaiting_founder":
            path = f"/api/v1/matters/{matter}/questions/{data['question']}/answer"
            answered = door.api.post(path, json={"answer": "Yes, since May 2024.", "round": data["round"]})
            assert answered.status_code in (200, 409), answered.text  # 409: by who follows at the other web process
    return events


def test_two_web_processes_and_three_workers_show_the_same_bytes(tmp_path: Path) -> None:
    with Installation(tmp_path, workers=3, streaming=2, threads=8) as product, another_web(product) as other:
        product.llm.set(questions=3, text_size=3_000, chunk=30, interval=0.02, reply_delay=0.1)
        doors: tuple[Served, ...] = (product, other)
        matters = [
            doors[n % 2].api.post("/api/v1/matters", json={"question": f"May we let our CTO go? Case {n}"}).json()["id"]
            for n in range(MATTERS)
        ]
        with ThreadPoolExecutor(2 * MATTERS) as pool:
            reading = [
                (matter, pool.submit(follow, WAYS[(n + m) % len(WAYS)], door, matter))
                for n, matter in enumerate(matters)
                for m, door in enumerate(doors)
            ]
            read = [(matter, events.result(timeout=90)) for matter, events in reading]

        for matter, events in read:
            ((stored,),) = product.sql("SELECT text FROM advice_attempt WHERE matter_id = %s", matter)
            assert len(stored) == 3_000
            assert text_of(events) == stored
            shown = [(e["type"], e["data"]) for e in events if e["type"] != "advice.delta"]
            assert shown == product.sql(
                "SELECT type, data FROM matters_event WHERE matter_id = %s ORDER BY number", matter
            )
        idle = [worker.name for worker in product.workers if not worker.says('"event": "done"')]
        assert not idle, f"{idle} did nothing"
