"""Read this first: a question goes in, questions are answered, advice comes out, through the real processes."""

import hashlib
import json
from typing import Any

import pytest

from tests.processes import Installation, wait_until

pytestmark = pytest.mark.xdist_group("journey")
QUESTION = "We hired the wrong person as CTO and must let them go: how?"


def submit(product: Installation, question: str = QUESTION, **fields: Any) -> str:
    response = product.api.post("/api/v1/matters", json={"question": question, **fields})
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


def matter_of(product: Installation, matter: str) -> dict[str, Any]:
    response = product.api.get(f"/api/v1/matters/{matter}")
    assert response.status_code == 200, response.text
    return dict(response.json())


def wait_for_status(product: Installation, matter: str, *statuses: str, seconds: float = 30) -> dict[str, Any]:
    def reached() -> dict[str, Any] | None:
        found = matter_of(product, matter)
        assert found["status"] in statuses or found["status"] not in ("failed", "advised", "canceled"), found
        return found if found["status"] in statuses else None

    return dict(wait_until(reached, f"the matter is {' or '.join(statuses)}", seconds))


def answer_all(product: Installation, matter: str, answer: str = "Yes, since May 2024.") -> None:
    for question in matter_of(product, matter)["questions"]:
        if question["status"] == "awaiting_founder":
            path = f"/api/v1/matters/{matter}/questions/{question['id']}/answer"
            response = product.api.post(path, json={"answer": answer})
            assert response.status_code == 200, response.text


def poll_all(product: Installation, matter: str) -> list[dict[str, Any]]:
    """Every event, by long poll, until nothing can follow."""
    events: list[dict[str, Any]] = []
    cursor, done = "", False
    while not done:
        response = product.api.get(f"/api/v1/matters/{matter}/events", params={"after": cursor, "wait": 20})
        assert response.status_code == 200, response.text
        page = response.json()
        events += page["events"]
        cursor, done = page["cursor"], page["done"]
    return events


def text_of(events: list[dict[str, Any]], version: int = 1, attempt: int = 1) -> str:
    """The text that the deltas of an attempt make; fails where one leaves a gap or overlaps."""
    text = ""
    for event in events:
        data = event["data"]
        if event["type"] == "advice.delta" and (data["version"], data["attempt"]) == (version, attempt):
            assert data["offset"] == len(text), "a delta leaves a gap or overlaps"
            text += data["text"]
    return text


def test_a_question_becomes_advice_whose_every_word_is_stored(installation: Installation) -> None:
    matter = submit(installation)
    waiting = wait_for_status(installation, matter, "awaiting_founder")
    assert len(waiting["questions"]) == 12
    assert waiting["waiting_for"] == "founder"
    answer_all(installation, matter)

    events = poll_all(installation, matter)
    text = text_of(events)
    completed = [e["data"] for e in events if e["type"] == "advice.completed"]
    assert [e["type"] for e in events[-2:]] == ["advice.completed", "matter.updated"]
    assert len(completed) == 1
    assert completed[0]["length"] == len(text)
    assert completed[0]["sha256"] == hashlib.sha256(text.encode()).hexdigest()

    advised = wait_for_status(installation, matter, "advised")
    assert advised["progress"] == 100
    assert advised["advice"] == {"version": 1, "attempt": 1, "status": "complete", "length": len(text)}
    assert len(advised["facts"]) == 12
    # plan, judge x candidates, derive, 12 x (route, ask, normalise), draft
    judged = installation.sql(
        "SELECT count(*) FROM matters_step WHERE matter_id = %s AND kind = 'judge_relevance'", matter
    )
    assert advised["usage"]["calls"] == 39 + judged[0][0]
    stored = installation.sql("SELECT text FROM advice_attempt WHERE matter_id = %s", matter)
    assert stored == [(text,)]
    assert installation.sql("SELECT count(*) FROM advice_chunk") == [(0,)], "chunks are folded at the end"
    assert installation.api.get(f"/api/v1/matters/{matter}/advice").json()["content"] == text


def test_the_same_bytes_come_by_poll_and_by_sse(installation: Installation) -> None:
    matter = submit(installation)
    wait_for_status(installation, matter, "awaiting_founder")
    answer_all(installation, matter)
    by_sse: list[dict[str, Any]] = []
    with installation.api.stream("GET", f"/api/v1/matters/{matter}/events/stream", timeout=60) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        for line in response.iter_lines():
            by_sse += [json.loads(line[5:])] if line.startswith("data:") else []
    assert text_of(by_sse) == text_of(poll_all(installation, matter)) != ""
