"""One case walked through the product's API as its founder would, and what came of it."""

import asyncio
import time
from typing import Any

import psycopg

from benchmarks.evaluation.cases import Case
from benchmarks.evaluation.scores import Outcome, Read
from benchmarks.http_client import HttpClient

ENDED = ("advised", "failed", "canceled")
LONGEST = 1800.0  # seconds that a case may take: slow models on small machines


async def walk(http: HttpClient, database: str, case: Case) -> Outcome:
    """Ask, answer, wait for the advice. A matter that does not end within `LONGEST` is an outcome, too."""
    began = time.monotonic()
    made = await http.call("POST", "/api/v1/matters", {"question": case.question})
    matter = await _until_ended(http, database, case, made["id"], began + LONGEST)
    advice = await http.call("GET", f"/api/v1/matters/{made['id']}/advice") if matter["advice"] else {"checks": []}
    keys = await asyncio.to_thread(_keys, database, made["id"])
    judged = await asyncio.to_thread(_judged, database, made["id"])
    usage = matter["usage"]
    return Outcome(
        case=case,
        status=matter["status"],
        judged=judged,
        keys=tuple(keys.values()),
        read={fact["key"]: _read(fact) for fact in matter["facts"] if fact["status"] == "known"},
        verdicts=tuple(check["verdict"] for check in advice["checks"]),
        uncited=not any(source.startswith("P") for check in advice["checks"] for source in check["sources"]),
        calls=usage["calls"],
        tokens=usage["prompt_tokens"] + usage["completion_tokens"],
        seconds=time.monotonic() - began,
    )


async def _until_ended(http: HttpClient, database: str, case: Case, matter: str, give_up: float) -> dict[str, Any]:
    while True:
        found: dict[str, Any] = await http.call("GET", f"/api/v1/matters/{matter}")
        if found["status"] in ENDED or time.monotonic() > give_up:
            return found
        waiting = [question for question in found["questions"] if question["status"] == "awaiting_founder"]
        keys = await asyncio.to_thread(_keys, database, matter) if waiting else {}
        for question in waiting:
            path = f"/api/v1/matters/{matter}/questions/{question['id']}/answer"
            await http.call("POST", path, _answer(case, keys[question["id"]], question["round"]))
        await asyncio.sleep(0.2)


def _answer(case: Case, key: str, round_: int) -> dict[str, Any]:
    """The labelled words; who is asked once more does not know, so that a case ends."""
    labelled = case.answers.get(key)
    return {"answer": labelled.words} if labelled and round_ == 1 else {"unknown": True}


def _read(fact: dict[str, Any]) -> Read:
    return Read(fact["value"], fact["unit"])


def _keys(database: str, matter: str) -> dict[str, str]:
    """The fact that each question asks for, by the question's id: the API does not say it."""
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT id, key FROM matters_question WHERE matter_id = %s", [matter])
        return {str(pk): key for pk, key in rows}


def _judged(database: str, matter: str) -> dict[str, bool]:
    """Each candidate among the playbooks, and whether the model found it relevant."""
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            """SELECT p.slug, (s.result->>'relevant')::boolean FROM matters_step s
                 JOIN playbooks_playbookversion v ON v.id = s.subject::bigint
                 JOIN playbooks_playbook p ON p.id = v.playbook_id
                WHERE s.matter_id = %s AND s.kind = 'judge_relevance' AND s.state = 'done'""",
            [matter],
        )
        return dict(rows.fetchall())
