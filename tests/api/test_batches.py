"""A batch: all or nothing, quick, and each of its matters as if it had come alone."""

import json
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import transaction

from companies.models import Company, WebhookEndpoint
from matters.models import Batch, Delivery, Event, IdempotencyRecord, Matter, Step
from matters.services import lock_matter
from matters.turns import SPACING
from tests import rows
from tests.api.answers import fields_of, read_problem
from tests.api.conftest import MATTERS, Program
from tests.api.test_webhooks import ENDPOINTS, URL
from tests.threads import at_once, in_background

pytestmark = pytest.mark.django_db
BATCHES = "/api/v1/batches"
QUESTION = {"question": "How?"}


def sent(api: Program, *matters: Any, **headers: str) -> Any:
    response = api.post(BATCHES, {"matters": matters}, **headers)
    assert response.status_code == 202, response.content
    return json.loads(response.content)


def take(matter: str, *ways: str, **fields: int) -> None:
    """As if workers had brought it there."""
    for status in ways:
        assert Matter.objects.filter(pk=matter).update(status=status, **fields) == 1


TO_ADVICE = ("researching", "advising", "advised")


def shown(api: Program, batch: Any) -> Any:
    response = api.get(f"{BATCHES}/{batch['id']}")
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def test_it_answers_with_each_matter_in_the_order_sent(api: Program) -> None:
    response = api.post(BATCHES, {"matters": [QUESTION | {"custom_id": "a"}, QUESTION, QUESTION | {"custom_id": "a"}]})
    batch = json.loads(response.content)
    assert response["Location"].endswith(f"{BATCHES}/{batch['id']}")
    assert (batch["status"], batch["total"], batch["progress"], batch["canceled_at"]) == ("processing", 3, 0, None)
    assert batch["counts"]["queued"] == 3
    assert batch["counts"]["advised"] == 0
    assert [(i["index"], i["custom_id"], i["status"]) for i in batch["items"]] == [
        (0, "a", "queued"), (1, None, "queued"), (2, "a", "queued"),
    ]  # fmt: skip
    assert shown(api, batch) == batch
    for item in batch["items"]:
        assert json.loads(api.get(f"{MATTERS}/{item['id']}").content)["priority"] == "batch"


def test_a_thousand_are_stored_as_if_each_had_come_alone(
    api: Program, company: Company, django_assert_max_num_queries: Any
) -> None:
    alone = rows.submitted(company, priority="batch")
    with django_assert_max_num_queries(40):
        batch = sent(api, *[{"question": f"Question {n}?", "metadata": {"n": n}} for n in range(1_000)])
    assert batch["counts"]["queued"] == 1_000
    assert Step.objects.filter(kind="plan_search", key="plan_search", state="ready", version=1).count() == 1_001
    matters = list(Matter.objects.exclude(pk=alone.pk).order_by("turn"))
    assert [m.metadata["n"] for m in matters] == list(range(1_000)), "their turns are in the order they came"
    turns = [alone.turn, *(m.turn for m in matters)]
    assert {after - before for before, after in pairwise(turns)} == {timedelta(seconds=SPACING)}
    assert set(Step.objects.values_list("turn", flat=True)) == set(turns)
    assert {m.event_number for m in matters} == {1}
    events = Event.objects.exclude(matter=alone).values_list("number", "type", "data", "to_status", "why")
    (of_one,) = Event.objects.filter(matter=alone).values_list("number", "type", "data", "to_status", "why")
    assert len(events) == 1_000
    assert all(event == of_one for event in events)


def test_interactive_matters_of_a_batch_line_up_with_the_others(api: Program, company: Company) -> None:
    sent(api, *[QUESTION | {"priority": "interactive"}] * 3)
    turns = sorted(Matter.objects.values_list("turn", flat=True))
    assert {after - before for before, after in pairwise(turns)} == {timedelta(seconds=SPACING)}
    assert rows.submitted(company).turn >= turns[-1] + timedelta(seconds=SPACING)


@pytest.mark.parametrize(
    ("matters", "field"),
    [
        ([], "matters"), (None, "matters"), ({}, "matters"), ("x", "matters"), ([QUESTION] * 1_001, "matters"),
        ([QUESTION] * 3 + [{"question": " "}], "matters.3.question"), ([QUESTION, {}], "matters.1.question"),
        ([QUESTION, 1], "matters.1"), ([QUESTION | {"custom_id": "x" * 256}], "matters.0.custom_id"),
        ([QUESTION | {"custom_id": 7}], "matters.0.custom_id"), ([QUESTION | {"color": 1}], "matters.0.color"),
        ([QUESTION | {"webhook_url": "http://127.0.0.1/"}], "matters.0.webhook_url"),
        ([QUESTION | {"webhook_url": URL, "callback_headers": {"Host": "a"}}], "matters.0.callback_headers"),
    ],
)  # fmt: skip
def test_one_that_is_wrong_refuses_all_and_is_named(api: Program, matters: object, field: str) -> None:
    problem = read_problem(api.post(BATCHES, {"matters": matters}), 400)
    assert fields_of(problem) == [field]
    assert not Matter.objects.exists()
    assert not Batch.objects.exists()


def test_what_fails_in_the_middle_stores_nothing(api: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("matters.batches.services.insert_first_steps", broken)
    read_problem(api.post(BATCHES, {"matters": [QUESTION]}), 500)
    assert not any(model.objects.exists() for model in (Matter, Batch, Event, IdempotencyRecord))


@pytest.mark.django_db(transaction=True)
def test_its_body_may_have_sixteen_megabytes_and_not_more(api: Program) -> None:
    """Beyond that 413; and only a batch's."""
    limit = 16 * 1024 * 1024
    body = json.dumps({"matters": [QUESTION]}).encode()
    assert api.post(BATCHES, body + b" " * (limit - len(body))).status_code == 202
    read_problem(api.post(BATCHES, body + b" " * (limit - len(body) + 1)), 413)
    read_problem(api.post(MATTERS, b" " * (64 * 1024 + 1)), 413)


@pytest.mark.parametrize(
    "body",
    [
        {f"field{n}": n for n in range(5_001)},
        {"matters": [QUESTION | {f"field{n}": 1 for n in range(50)}] * 3},
        {"matters": [QUESTION | {"webhook_url": URL, "callback_headers": {f"X-{n}": n for n in range(4_000)}}]},
        {"matters": [{"question": 1}] * 1_000},
    ],
    ids=["names", "fields", "headers", "questions"],
)
def test_thousands_of_mistakes_are_answered_in_short(api: Program, body: Any) -> None:
    problem = read_problem(api.post(BATCHES, body), 400)
    assert len(problem.get("errors", ())) <= 100
    assert len(problem["detail"]) < 20_000


def test_the_same_key_makes_one_batch_and_one_answer(api: Program) -> None:
    body = {"matters": [QUESTION, QUESTION]}
    first, again = (api.post(BATCHES, body, Idempotency_Key="k") for _ in range(2))
    assert (first.status_code, first.content, first["Location"]) == (202, again.content, again["Location"])
    read_problem(api.post(BATCHES, {"matters": [QUESTION]}, Idempotency_Key="k"), 422)
    read_problem(api.post(MATTERS, QUESTION, Idempotency_Key="k"), 422)
    assert (Batch.objects.count(), Matter.objects.count()) == (1, 2)


def test_counts_progress_and_status_follow_the_matters(api: Program) -> None:
    batch = sent(api, *[QUESTION] * 4)
    ids = [item["id"] for item in batch["items"]]
    take(ids[0], *TO_ADVICE)
    take(ids[1], "failed")
    take(ids[2], "researching", "gathering", steps_done=5, steps_total=10)
    now = shown(api, batch)
    assert now["counts"] == dict.fromkeys(now["counts"], 0) | dict.fromkeys(
        ("advised", "failed", "gathering", "queued"), 1
    )
    assert (now["status"], now["progress"]) == ("processing", (100 + 100 + 50 + 0) // 4)
    take(ids[2], *TO_ADVICE[1:])
    take(ids[3], *TO_ADVICE)
    assert (shown(api, batch)["status"], shown(api, batch)["progress"]) == ("completed", 100)


def test_cancel_stops_what_has_not_ended(api: Program, company: Company) -> None:
    batch = sent(api, *[QUESTION] * 4)
    take(batch["items"][0]["id"], *TO_ADVICE)
    take(batch["items"][3]["id"], "researching")
    other = rows.submitted(company)
    response = api.post(f"{BATCHES}/{batch['id']}/cancel")
    stopped = json.loads(response.content)
    assert response.status_code == 202
    assert [item["status"] for item in stopped["items"]] == ["advised", "canceled", "canceled", "canceled"]
    for item in stopped["items"][1:]:
        last = Event.objects.filter(matter=item["id"]).order_by("number").last()
        assert last is not None
        assert (last.number, last.data["status"], last.to_status) == (2, "canceled", "canceled")
    assert stopped["status"] == "canceled"
    assert stopped["canceled_at"] is not None
    assert not Step.objects.filter(matter__in=[i["id"] for i in stopped["items"][1:]], state="ready").exists()
    again = api.post(f"{BATCHES}/{batch['id']}/cancel")
    assert (again.status_code, json.loads(again.content)) == (200, stopped)
    other.refresh_from_db()
    assert other.status == "queued"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", ["queued", "researching"])
def test_cancel_says_how_many_it_did_not_stop_since_somebody_keeps_them_locked(api: Program, status: str) -> None:
    batch = sent(api, *[QUESTION] * 3)
    kept = batch["items"][1]["id"]
    if status != "queued":
        take(kept, status)
    with transaction.atomic():
        lock_matter(kept)
        response = in_background(lambda: api.post(f"{BATCHES}/{batch['id']}/cancel")).result(timeout=30)
    problem = read_problem(response, 503)
    assert "1 of its matters are locked by somebody else; all others are stopped" in problem["detail"]
    assert response["Retry-After"]
    assert [item["status"] for item in shown(api, batch)["items"]] == ["canceled", status, "canceled"]
    assert api.post(f"{BATCHES}/{batch['id']}/cancel").status_code == 202
    assert shown(api, batch)["counts"]["canceled"] == 3


def test_what_has_ended_by_itself_was_not_canceled(api: Program) -> None:
    batch = sent(api, QUESTION)
    take(batch["items"][0]["id"], *TO_ADVICE)
    response = api.post(f"{BATCHES}/{batch['id']}/cancel")
    assert (response.status_code, json.loads(response.content)["status"]) == (200, "completed")


def test_a_foreign_batch_answers_as_a_missing_one(api: Program, stranger: Program) -> None:
    batch = sent(api, QUESTION)["id"]
    read_problem(stranger.get(f"{BATCHES}/{batch}"), 404)
    read_problem(stranger.post(f"{BATCHES}/{batch}/cancel"), 404)
    assert json.loads(stranger.get(BATCHES).content) == {"items": [], "next": None}
    assert Matter.objects.get().status == "queued"


def test_batches_are_listed_newest_first_without_their_matters(api: Program) -> None:
    batches = [sent(api, QUESTION) for _ in range(3)]
    page = json.loads(api.get(BATCHES, limit=2).content)
    rest = json.loads(api.get(BATCHES, limit=2, cursor=page["next"]).content)
    for batch in batches:
        del batch["items"]
    assert page["items"] + rest["items"] == batches[::-1]
    assert rest["next"] is None


def test_dedupe_finds_earlier_matters_and_those_of_the_same_batch(api: Program, company: Company) -> None:
    earlier = json.loads(api.post(MATTERS, QUESTION | {"dedupe": "a"}).content)["id"]
    batch = sent(api, *[QUESTION | {"dedupe": name} for name in ("a", "b", "b")], QUESTION)
    ids = [item["id"] for item in batch["items"]]
    assert ids[0] == earlier
    assert ids[1] == ids[2]
    assert len(set(ids)) == 3
    assert Matter.objects.count() == Step.objects.count() == 3
    api.post(f"{BATCHES}/{batch['id']}/cancel")
    assert [item["status"] for item in shown(api, batch)["items"]] == ["queued", "canceled", "canceled", "canceled"]


def test_its_events_are_sent_by_webhook_as_all_others(api: Program) -> None:
    api.post(ENDPOINTS, {"url": URL, "events": ["matter.updated"]})
    api.post(ENDPOINTS, {"url": URL})
    sent(api, *[QUESTION] * 5)
    assert Delivery.objects.count() == 5
    assert not Delivery.objects.filter(endpoint__events=None).exists()
    assert WebhookEndpoint.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_batches_at_once_share_no_turn_and_find_each_others_names(api_key: str) -> None:
    programs = [Program(Authorization=f"Bearer {api_key}") for _ in range(2)]
    matters = [QUESTION | {"dedupe": "same"}, QUESTION | {"priority": "interactive"}]
    batches = at_once(*[lambda program=p: sent(program, *matters) for p in programs])
    assert len({batch["items"][0]["id"] for batch in batches}) == 1
    assert Matter.objects.count() == 3
    assert len(set(Matter.objects.values_list("turn", flat=True))) == 3
