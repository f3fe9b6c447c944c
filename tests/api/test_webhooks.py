"""Receivers of webhooks by REST: who may add, see and remove what, and what is refused when it is given."""

import json
import uuid
from typing import Any

import pytest
from django.db import connections
from django.http import HttpResponse
from pytest_django import Settings

from companies.addresses import ForbiddenAddress
from companies.models import ApiKey, Company, WebhookEndpoint, WebhookSecret
from matters.models import Delivery, IdempotencyRecord, Matter
from matters.webhooks import callback
from tests import rows
from tests.api.answers import fields_of, read_problem
from tests.api.conftest import MATTERS, Program
from tests.threads import looking_up

pytestmark = pytest.mark.django_db
BATCHES, ENDPOINTS, DELIVERIES = "/api/v1/batches", "/api/v1/webhook-endpoints", "/api/v1/deliveries"
URL = "https://8.8.8.8/hook"  # needs no looking up


def added(api: Program, **fields: Any) -> Any:
    response = api.post(ENDPOINTS, {"url": URL} | fields)
    assert response.status_code == 201, response.content
    return json.loads(response.content)


def items(response: HttpResponse) -> list[Any]:
    assert response.status_code == 200, response.content
    return list(json.loads(response.content)["items"])


def test_an_endpoint_shows_its_secret_once_and_stores_it_sealed(api: Program) -> None:
    response = api.post(ENDPOINTS, {"url": URL})
    endpoint = json.loads(response.content)
    secret = endpoint.pop("secret")
    assert secret.startswith("whsec_")
    assert endpoint["events"] is None
    assert response["Location"].endswith(f"{ENDPOINTS}/{endpoint['id']}")
    assert items(api.get(ENDPOINTS)) == [endpoint]
    assert json.loads(api.get(f"{ENDPOINTS}/{endpoint['id']}").content) == endpoint
    row = WebhookEndpoint.objects.get()
    assert row.signing_secrets() == [secret]
    assert row.secret is not None
    assert secret not in row.secret.token


def test_a_new_secret_leaves_the_one_before_for_a_day_and_no_third(api: Program) -> None:
    endpoint = added(api)
    here = f"{ENDPOINTS}/{endpoint['id']}/rotate-secret"
    second, third = (json.loads(api.post(here).content) for _ in range(2))
    assert len({endpoint["secret"], second["secret"], third["secret"]}) == 3
    assert second["previous_secret_until"] is not None
    assert WebhookEndpoint.objects.get().signing_secrets() == [third["secret"], second["secret"]]


def test_the_default_secret_is_shown_by_its_rotation_alone(api: Program, company: Company) -> None:
    first, second = (json.loads(api.post("/api/v1/webhook-secret/rotate").content) for _ in range(2))
    assert first["previous_secret_until"] is None
    assert second["previous_secret_until"] is not None
    assert WebhookSecret.objects.get(company=company).signing_secrets() == [second["secret"], first["secret"]]


def test_a_removed_endpoint_is_gone_with_what_was_to_be_sent_to_it(api: Program, company: Company) -> None:
    here = f"{ENDPOINTS}/{added(api, events=['matter.updated'])['id']}"
    rows.submitted(company)
    assert Delivery.objects.count() == 1
    response = api.send("DELETE", here)
    assert (response.status_code, response.content) == (204, b"")
    assert not Delivery.objects.exists()
    read_problem(api.get(here), 404)
    read_problem(api.send("DELETE", here), 404)


def test_a_foreign_endpoint_or_delivery_answers_as_a_missing_one(
    api: Program, stranger: Program, company: Company
) -> None:
    endpoint = added(api, events=["matter.updated"])["id"]
    matter = rows.submitted(company)
    delivery = Delivery.objects.get().pk
    for method, path in (
        ("GET", f"{ENDPOINTS}/%s"), ("DELETE", f"{ENDPOINTS}/%s"), ("POST", f"{ENDPOINTS}/%s/rotate-secret"),
        ("GET", f"{ENDPOINTS}/%s/deliveries"), ("POST", f"{DELIVERIES}/%s/resend"), ("GET", f"{MATTERS}/%s/deliveries"),
    ):  # fmt: skip
        own = delivery if DELIVERIES in path else matter.pk if MATTERS in path else endpoint
        foreign, missing = (read_problem(stranger.send(method, path % pk), 404) for pk in (own, uuid.uuid4()))
        assert foreign["detail"] == missing["detail"]
    assert items(stranger.get(ENDPOINTS)) == []
    assert WebhookEndpoint.objects.exists()


def test_reading_and_changing_need_their_scopes(company: Company) -> None:
    reader, writer = (
        Program(Authorization=f"Bearer {ApiKey.issue(company, [scope])[1]}") for scope in ("read", "write")
    )
    endpoint = added(writer)["id"]
    read_problem(writer.get(ENDPOINTS), 403)
    assert items(reader.get(ENDPOINTS))
    for method, path in (
        ("POST", ENDPOINTS), ("DELETE", f"{ENDPOINTS}/{endpoint}"), ("POST", f"{ENDPOINTS}/{endpoint}/rotate-secret"),
        ("POST", "/api/v1/webhook-secret/rotate"), ("POST", f"{DELIVERIES}/{uuid.uuid4()}/resend"),
    ):  # fmt: skip
        read_problem(reader.send(method, path), 403)


def test_a_company_has_at_most_twenty_endpoints(api: Program, stranger: Program) -> None:
    for _ in range(20):
        added(api)
    assert "Remove one" in read_problem(api.post(ENDPOINTS, {"url": URL}), 409)["detail"]
    added(stranger)


@pytest.mark.parametrize("events", [[], ["advice.delta"], ["no.such"], "advice.completed", [None], [1], {}])
def test_types_that_are_none_are_refused(api: Program, events: object) -> None:
    problem = read_problem(api.post(ENDPOINTS, {"url": URL, "events": events}), 400)
    assert fields_of(problem)[0].startswith("events")


def test_a_type_that_stands_there_twice_is_one(api: Program) -> None:
    assert added(api, events=["matter.failed", "matter.failed"])["events"] == ["matter.failed"]


FORBIDDEN = [
    "http://127.0.0.1/", "http://localhost:8000/", "http://169.254.169.254/latest", "http://[::1]/", "http://0x7f.1/",
    "http://2130706433/", "http://[64:ff9b::a9fe:a9fe]/", "http://10.0.0.1/", "ftp://8.8.8.8/", "no url", "", 1, None,
    "https://u:p@8.8.8.8/", "https://8.8.8.8/\r\nX: y", "https://8.8.8.8:0/", "https://8.8.8.8/" + "x" * 2048,
    "https://a\x00.example/", "https://a\ud800.example/",
]  # fmt: skip


@pytest.mark.parametrize("url", FORBIDDEN)
def test_a_forbidden_address_is_refused_when_it_is_given(api: Program, url: object) -> None:
    assert fields_of(read_problem(api.post(ENDPOINTS, {"url": url}), 400)) == ["url"]
    if url not in ("", None):  # which are none
        problem = read_problem(api.post(MATTERS, {"question": "How?", "webhook_url": url}), 400)
        assert fields_of(problem) == ["webhook_url"]
    assert not Matter.objects.exists()
    assert not WebhookEndpoint.objects.exists()


def test_a_name_that_leads_to_a_forbidden_address_is_refused(api: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def allowed_addresses(host: str, _seconds: float, *, allow_private: bool) -> list[Any]:
        if host.startswith("unknown"):
            raise OSError("no such name")
        raise ForbiddenAddress("Webhooks are sent to public addresses only.")

    monkeypatch.setattr(callback, "allowed_addresses", allowed_addresses)
    inside = {"question": "How?", "webhook_url": "https://inside.example.com/"}
    assert fields_of(read_problem(api.post(ENDPOINTS, {"url": "https://inside.example.com/"}), 400)) == ["url"]
    assert fields_of(read_problem(api.post(MATTERS, inside), 400)) == ["webhook_url"]
    batch = {"matters": [{"question": "How?"}, inside]}
    assert fields_of(read_problem(api.post(BATCHES, batch), 400)) == ["matters.1.webhook_url"]
    assert not Matter.objects.exists()
    added(api, url="https://unknown.example.com/")


HOOKS = "https://hooks.example.com/"
SUBMISSIONS = pytest.mark.parametrize(
    ("path", "body"),
    [
        (MATTERS, {"question": "How?", "webhook_url": HOOKS}),
        (BATCHES, {"matters": [{"question": "How?", "webhook_url": HOOKS}]}),
    ],
)


@SUBMISSIONS
def test_an_answer_to_a_key_does_not_change_with_where_a_name_leads(
    api: Program, monkeypatch: pytest.MonkeyPatch, path: str, body: Any
) -> None:
    leads: list[Any] = []

    def allowed_addresses(_host: str, _seconds: float, *, allow_private: bool) -> list[Any]:
        if leads:
            raise ForbiddenAddress("Webhooks are sent to public addresses only.")
        return []

    monkeypatch.setattr(callback, "allowed_addresses", allowed_addresses)
    first = api.post(path, body, Idempotency_Key="k")
    assert first.status_code == 202, first.content
    leads.append("inside")
    assert api.post(path, body, Idempotency_Key="k").content == first.content
    read_problem(api.post(MATTERS, {"question": "When?", "webhook_url": HOOKS}, Idempotency_Key="k"), 422)
    read_problem(api.post(path, body, Idempotency_Key="another"), 400)
    IdempotencyRecord.objects.update(created_at="2026-01-01T00:00:00Z")
    read_problem(api.post(path, body, Idempotency_Key="k"), 400)
    assert Matter.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@SUBMISSIONS
def test_no_connection_is_held_while_a_name_is_looked_up(
    api: Program, monkeypatch: pytest.MonkeyPatch, path: str, body: Any
) -> None:
    own, held = connections["default"], list[Any]()

    def allowed_addresses(_host: str, _seconds: float, *, allow_private: bool) -> list[Any]:
        held.append(own.connection)
        return []

    monkeypatch.setattr(callback, "allowed_addresses", allowed_addresses)
    for key in ({}, {"Idempotency_Key": "k"}):
        assert api.post(path, body, **key).status_code == 202
    added(api, url=HOOKS)
    assert held == [None] * 3, "a session, and what it locks, waits for a name server"


@pytest.mark.usefixtures("hanging_names")
def test_a_batch_of_names_that_hang_is_taken_and_leaves_few_threads(
    api: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callback, "LOOK_UP_SECONDS", 0.2)
    matters = [{"question": "How?", "webhook_url": f"https://hooks{n}.example.com/"} for n in range(1_000)]
    assert api.post(BATCHES, {"matters": matters}).status_code == 202
    assert len(looking_up()) <= callback.LOOK_UPS_AT_ONCE, "there is a thread for each of its names"


def test_private_addresses_can_be_allowed(api: Program, settings: Settings) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    added(api, url="http://127.0.0.1:8000/")
    read_problem(api.post(ENDPOINTS, {"url": "http://169.254.169.254/"}), 400)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "b\r\nwebhook-signature: v1,x"}, {"X-A\r\nHost": "b"}, {"X-A": "b\nc"}, {"X-A": "\x00"}, {"X-A": "é"},
        {"webhook-signature": "v1,x"}, {"Webhook-Id": "1"}, {"Host": "a"}, {"Transfer-Encoding": "chunked"},
        {"Content-Length": "0"}, {"Authorization": "Bearer x"}, {"X_A": "b"}, {"X-": "b"}, {"X-A:": "b"}, {" X-A": "b"},
        {"X-A": "b", "x-a": "c"}, {"X-A": "x" * 1_001}, {"X-" + "a" * 99: "b"}, {"X-A": 1}, {"X-A": None}, {"": "b"},
        {f"X-{n}": "b" for n in range(11)}, [], "X-A: b",
    ],
)  # fmt: skip
def test_headers_that_could_become_others_are_refused(api: Program, headers: object) -> None:
    body = {"question": "How?", "webhook_url": URL, "callback_headers": headers}
    assert fields_of(read_problem(api.post(MATTERS, body), 400))[0].startswith("callback_headers")
    assert not Matter.objects.exists()


def test_headers_and_url_are_kept_and_shown_nowhere(api: Program) -> None:
    headers = {f"X-{n}": "a b~" for n in range(10)}
    body = {"question": "How?", "webhook_url": URL, "callback_headers": headers}
    accepted = json.loads(api.post(MATTERS, body).content)
    matter = Matter.objects.get()
    assert matter.callback_headers is not None
    assert (matter.webhook_url, matter.callback_headers.open()) == (URL, headers)
    shown = api.get(f"{MATTERS}/{accepted['id']}").content.decode()
    assert URL not in shown
    assert "a b~" not in shown


def test_headers_without_a_url_are_refused(api: Program) -> None:
    body = {"question": "How?", "callback_headers": {"X-A": "b"}}
    assert fields_of(read_problem(api.post(MATTERS, body), 400)) == ["callback_headers"]


def test_deliveries_are_listed_by_endpoint_and_by_matter_and_sent_anew(api: Program, company: Company) -> None:
    endpoint = added(api, events=["matter.updated"])["id"]
    matters = [rows.submitted(company) for _ in range(3)]
    Matter.objects.filter(pk=matters[0].pk).update(webhook_url=URL)
    Delivery.objects.update(status="failed", attempts=9, last_status_code=503, last_error="It answered 503.")
    listed = items(api.get(f"{ENDPOINTS}/{endpoint}/deliveries"))
    assert [d["matter"] for d in listed] == [str(m.pk) for m in reversed(matters)]
    assert {(d["type"], d["status"], d["attempts"], d["next_attempt_at"]) for d in listed} == {
        ("matter.updated", "failed", 9, None)
    }
    again = json.loads(api.post(f"{DELIVERIES}/{listed[0]['id']}/resend").content)
    assert (again["id"], again["status"], again["attempts"]) == (listed[0]["id"], "pending", 0)
    assert again["next_attempt_at"] is not None
    assert items(api.get(f"{MATTERS}/{matters[2].pk}/deliveries")) == [again]
    WebhookEndpoint.objects.update(disabled_at="2026-01-01T00:00:00Z")
    read_problem(api.post(f"{DELIVERIES}/{listed[1]['id']}/resend"), 409)


def test_the_same_name_finds_the_matter_that_has_not_ended(api: Program, stranger: Program) -> None:
    def submitted(program: Program, **fields: Any) -> str:
        response = program.post(MATTERS, {"question": "How?"} | fields)
        assert response.status_code == 202, response.content
        return str(json.loads(response.content)["id"])

    first = submitted(api, dedupe="cto")
    assert submitted(api, dedupe="cto", question="Another?", priority="batch") == first
    by_words = submitted(api, dedupe=True)
    assert submitted(api, dedupe=True) == by_words
    others = [
        submitted(api), submitted(api), submitted(api, dedupe=False), submitted(api, dedupe="CTO"),
        submitted(api, dedupe=True, question="When?"), submitted(api, dedupe="How?"), submitted(stranger, dedupe="cto"),
    ]  # fmt: skip
    assert len({first, by_words, *others}) == 9
    assert api.post(f"{MATTERS}/{first}/cancel").status_code == 202
    assert submitted(api, dedupe="cto") not in {first, *others}, "an ended matter answers for nobody"


@pytest.mark.parametrize("dedupe", ["", "x" * 256, 1, [], "a\x00"])
def test_a_dedupe_that_is_none_is_refused(api: Program, dedupe: object) -> None:
    problem = read_problem(api.post(MATTERS, {"question": "How?", "dedupe": dedupe}), 400)
    assert fields_of(problem)[0].startswith("dedupe")
    assert not Matter.objects.exists()
