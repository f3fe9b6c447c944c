"""A matter leaves one trace from the POST to the last chunk, and no word of its founder's outside of its own rows: not
in logs, metrics, Redis, Flower's pages, traces or e-mails.
"""

import json
import re

import pytest

from config.celery import app
from tests.api.transports import by_sse, text_of
from tests.databases import FOUNDER
from tests.fakes.otlp_receiver import Receiver
from tests.flower import Flower
from tests.operating.counted_rows import shown
from tests.processes import Installation, wait_until
from tests.sensitive import mails, places_with
from tests.test_journey import answer_all, matter_of, wait_for_status

pytestmark = pytest.mark.xdist_group("operating")
CANARY = "Quetzalcoatlus"
# Where content belongs. Everywhere else the canary is a leak.
OWN_PLACES = re.compile(
    r"(matters_(matter|question|fact|event|step|llmcalltext|companyfact\w*)|advice_\w+)\.|advice\.\w+$"
)


def leaks(product: Installation, matter: str, flower: Flower) -> list[str]:
    """Where the canary is, and must not be."""
    return [place for place in places_with({CANARY}, product, matter, flower.pages()) if not OWN_PLACES.match(place)]


def test_a_matter_leaves_one_trace_and_no_word_outside_its_rows(
    product: Installation, receiver: Receiver, flower: Flower
) -> None:
    product.llm.set(questions=1, text=f"Let {CANARY} go. " * 100, chunk=30, interval=0.01)
    body = {"question": f"May we let {CANARY} go?", "metadata": {"note": CANARY}}
    matter = product.api.post("/api/v1/matters", json=body).raise_for_status().json()["id"]
    wait_for_status(product, matter, "awaiting_founder")
    answer_all(product, matter, f"Yes, {CANARY}.")
    assert text_of(list(by_sse(product, matter, ""))).count(CANARY) == 100
    trace = matter.replace("-", "")
    wanted = {"submit", "step plan_search", "step draft_advice", "llm call", "stream"}
    wait_until(lambda: wanted <= receiver.names(trace), "the spans have come")
    assert CANARY.encode() not in receiver.raw
    calls = [span for span in receiver.spans if span.name == "llm call"]
    steps = {span.span_id for span in receiver.spans if span.name.startswith("step ")}
    assert {span.parent_span_id for span in calls} <= steps, "a call stands in its step"

    numbers = shown(product)
    assert (numbers["processes", "worker"], numbers["processes", "web"]) == (2, 1)
    assert CANARY not in product.api.get("/metrics").text

    wait_until(
        lambda: {"draft_advice", "normalise_answer"} <= set(flower.tasks().values()), "Flower heard of its tasks"
    )
    assert leaks(product, matter, flower) == []
    logs = [log.read_text(errors="replace") for log in product.folder.glob("*.log")]
    lines = [json.loads(line) for log in logs for line in log.splitlines() if line.startswith("{")]
    done = {(line["matter"], line["kind"]) for line in lines if line["event"] == "done"}
    assert {(matter, "plan_search"), (matter, "draft_advice")} <= done, "a matter's steps can't be followed in the log"


SHIFTED = """
UPDATE matters_matter SET created_by_id = (SELECT id FROM companies_user WHERE email = %s),
       completed_at = completed_at - interval '4 minutes';
"""
MAILS = {
    "Your matter on Matterstream has stopped",
    "Your matter on Matterstream is waiting for you",
    "Your advice on Matterstream is ready",
    "A question for you on Matterstream",
    "A reminder from Matterstream: your answer is needed",
}
SECOND = "A second reminder from Matterstream: your answer is needed"
NO_CALLS = "Matterstream: no calls to llm"


def test_no_e_mail_has_a_word_of_a_matter(product: Installation, flower: Flower) -> None:
    product.llm.set(questions=2, text=f"Let {CANARY} go.", fail_next=[{"kind": "bad_request", "schema": "plan_search"}])

    def submit() -> str:
        return str(product.api.post("/api/v1/matters", json={"question": f"May we let {CANARY} go?"}).json()["id"])

    wait_for_status(product, submit(), "failed")
    advised, asked = submit(), submit()
    for matter in (advised, asked):
        wait_for_status(product, matter, "awaiting_founder")
    answer_all(product, advised, f"Yes, {CANARY}.")
    question = matter_of(product, asked)["questions"][0]["id"]
    path = f"/api/v1/matters/{asked}/questions/{question}/assign"
    product.api.post(path, json={"email": FOUNDER}).raise_for_status()
    wait_for_status(product, advised, "advised")

    # They were submitted by the founder, who went away; that was a while ago, and the assignment a day.
    product.sql(SHIFTED, FOUNDER)
    product.sql("UPDATE matters_event SET at = at - interval '4 minutes'")
    remind_after(product, hours=25)
    wait_until(lambda: subjects(product) >= MAILS, "everybody was sent what they are told")
    remind_after(product, hours=48)
    wait_until(lambda: SECOND in subjects(product), "the founder was reminded again")
    product.llm.set(fail_next=[{"kind": "unauthorised", "schema": "plan_search"}])
    refused = submit()
    wait_until(lambda: NO_CALLS in subjects(product), "staff were told that the key is refused")
    assert any("gave up" in subject for subject in subjects(product)), subjects(product)
    assert leaks(product, advised, flower) == []

    product.api.post(f"/api/v1/matters/{refused}/cancel").raise_for_status()
    product.sql("DELETE FROM matters_breaker")


def remind_after(product: Installation, hours: int) -> None:
    """So many hours later, who was asked is reminded."""
    product.sql("UPDATE matters_question SET assigned_at = assigned_at - make_interval(hours => %s)", hours)
    with app.connection_for_write(product.env["REDIS_URL"]) as connection:
        app.send_task("remind", connection=connection)


def subjects(product: Installation) -> set[str]:
    return {str(mail["Subject"]) for mail in mails(product)}
