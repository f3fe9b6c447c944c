"""The whole way with real processes: POST, pipeline, worker, receiver; and a worker that is killed in the middle."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.fakes.receiver import Receiver, after, status
from tests.processes import Installation, wait_until
from tests.test_journey import answer_all, matter_of, poll_all, wait_for_status

pytestmark = pytest.mark.xdist_group("webhooks")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("webhooks"), WEBHOOK_ALLOW_PRIVATE="1") as running:
        running.llm.set(interval=0, text_size=600)
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def submitted(product: Installation, **fields: Any) -> str:
    answer = product.api.post("/api/v1/matters", json={"question": "May we end the contract of our CTO?"} | fields)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def all_delivered(product: Installation, path: str) -> bool:
    return {delivery["status"] for delivery in product.api.get(path).json()["items"]} == {"delivered"}


def test_the_end_of_a_matter_reaches_endpoint_and_webhook_url(product: Installation, receiver: Receiver) -> None:
    secret = product.api.post("/api/v1/webhook-secret/rotate").json()["secret"]
    endpoint = product.api.post("/api/v1/webhook-endpoints", json={"url": f"{receiver.url}/company"}).json()
    matter = submitted(product, webhook_url=f"{receiver.url}/matter", callback_headers={"X-Tenant": "acme"})
    wait_until(lambda: len(receiver.received) == 2, "both are told of the questions", 60)
    while matter_of(product, matter)["status"] != "advised":
        answer_all(product, matter)
        wait_for_status(product, matter, "awaiting_founder", "advised", seconds=60)
    here = f"/api/v1/matters/{matter}/deliveries"
    wait_until(lambda: all_delivered(product, here), "both are told of the advice", 60)
    events = {event["id"]: event for event in poll_all(product, matter)}
    sent = []
    for got in receiver.received:
        event = Webhook(secret if got.path.endswith("matter") else endpoint["secret"]).verify(
            got.body, dict(got.headers)
        )
        assert events[event["id"]] == event, "the same object as by poll"
        sent.append((got.path, event["type"]))
    ends = ("matter.updated", "advice.completed")
    assert set(sent) == {(f"/hook/{to}", end) for to in ("company", "matter") for end in ends}
    product.api.delete(f"/api/v1/webhook-endpoints/{endpoint['id']}")


def test_a_worker_that_is_killed_in_the_middle_delivers_again(product: Installation, receiver: Receiver) -> None:
    receiver.answers.append(after(30, status(200)))
    matter = submitted(product, webhook_url=receiver.url)
    wait_until(lambda: receiver.received, "the receiver is asked", 60)
    for worker in product.workers:
        worker.kill()
    product.workers.clear()
    product.sql("UPDATE matters_delivery SET due_at = now() WHERE status = 'pending'")  # its time passes
    product.start_worker()
    wait_until(lambda: len(receiver.received) == 2, "another worker sends it", 60)
    first, second = receiver.received
    assert first.header("webhook-id") == second.header("webhook-id")
    assert json.loads(first.body) == json.loads(second.body)
    here = f"/api/v1/matters/{matter}/deliveries"
    wait_until(lambda: all_delivered(product, here), "it is delivered")
    (delivery,) = product.api.get(here).json()["items"]
    assert (delivery["id"], delivery["attempts"]) == (first.header("webhook-id"), 2)
