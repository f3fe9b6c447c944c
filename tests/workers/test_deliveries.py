"""Webhooks from the event to the receiver: which are stored, what is sent, and what becomes of what is not taken."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from pytest_django import Settings
from standardwebhooks import Webhook, WebhookVerificationError

from advice.cursor import Cursor
from advice.stream import Page, read_page
from companies.encryption import Sealed
from companies.models import Company, WebhookEndpoint, WebhookSecret
from companies.webhooks import new_secret
from matters.models import Delivery, Event, Matter
from matters.questions.answering import answer_question
from matters.services import fail_matter, lock_matter
from matters.states import MatterStatus, QuestionStatus
from matters.webhooks.deliveries import ReceiverDisabled, resend
from tests import rows
from tests.disputes import say
from tests.fakes.receiver import Receiver, status
from tests.pools import close_async_pool
from tests.threads import at_once
from workers import deliveries, runtime
from workers.clients.webhook import Outcome
from workers.deliveries import PAUSES, deliver_due, deliver_next, pause_after, sweep_deliveries

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    with Receiver() as running:
        yield running
    runtime.heartbeat().close()  # it may have been asked to wake somebody
    runtime.heartbeat.cache_clear()
    deliveries._under_way.clear()


def endpoint_of(company: Company, receiver: Receiver, events: list[str] | None = None) -> WebhookEndpoint:
    return WebhookEndpoint.objects.create(
        company=company, url=receiver.url, events=events, secret=Sealed.of(new_secret())
    )


def to_its_end(company: Company, **fields: Any) -> Matter:
    """A matter on the whole way: it asks, is answered, and is advised."""
    matter = rows.gathering(company, 1, QuestionStatus.AWAITING_FOUNDER)
    Matter.objects.filter(pk=matter.pk).update(**fields)
    for to in (MatterStatus.AWAITING_FOUNDER, MatterStatus.GATHERING, MatterStatus.ADVISING):
        rows.move(matter, to)
    attempt = rows.begun(matter)
    rows.append(attempt, "Pay them [P1].")
    rows.advised(matter, attempt)
    return matter


def bodies(receiver: Receiver) -> list[Any]:
    return [json.loads(got.body) for got in receiver.received]


def polled(matter: Matter) -> dict[str, Any]:
    """Every event of a matter as a poll reads it, by id."""

    async def read() -> Page:
        try:
            return await read_page(matter.pk, Cursor())
        finally:
            await close_async_pool()

    return {event["id"]: event for event in (json.loads(item.json) for item in asyncio.run(read()).items)}


def test_an_endpoint_is_sent_the_ends_just_as_every_reader_gets_them(company: Company, receiver: Receiver) -> None:
    endpoint = endpoint_of(company, receiver)
    matter = to_its_end(company)
    assert deliver_due() == 2
    ends = bodies(receiver)
    assert [(e["type"], e["data"].get("status")) for e in ends] == [
        ("matter.updated", "awaiting_founder"), ("advice.completed", "complete"),
    ]  # fmt: skip
    seen = polled(matter)
    assert [seen[end["id"]] for end in ends] == ends, "the same object, with the same cursor"
    for got in receiver.received:
        Webhook(endpoint.signing_secrets()[0]).verify(got.body, dict(got.headers))
    assert set(Delivery.objects.values_list("status", "attempts", "last_status_code")) == {("delivered", 1, 204)}
    assert deliver_due() == 0


def test_a_receiver_that_answers_one_question_for_each_event_comes_to_the_end(
    company: Company, receiver: Receiver
) -> None:
    endpoint_of(company, receiver)
    matter = rows.gathering(company, 2, QuestionStatus.AWAITING_FOUNDER)
    rows.move(matter, MatterStatus.AWAITING_FOUNDER)
    for question in matter.questions.order_by("position"):
        assert deliver_due() == 1, "nobody says that the answer was read and more is asked"
        assert bodies(receiver)[-1]["data"]["status"] == "awaiting_founder"
        answer_question(matter.pk, question.pk, "Yes")
        question.refresh_from_db()
        say(question, "Yes")
    matter.refresh_from_db()
    assert (matter.status, deliver_due()) == (MatterStatus.ADVISING, 0)


def test_a_failure_is_an_end(company: Company, receiver: Receiver) -> None:
    endpoint_of(company, receiver)
    error = {"code": "fault", "message": "It is our fault.", "retryable": True}
    with transaction.atomic():
        fail_matter(lock_matter(rows.submitted(company).pk), error, "for a test")
    deliver_due()
    assert [(e["type"], e["data"]) for e in bodies(receiver)] == [("matter.failed", error)]


def test_an_endpoint_that_names_types_is_sent_all_of_these(company: Company, receiver: Receiver) -> None:
    endpoint_of(company, receiver, ["matter.updated", "advice.started"])
    matter = to_its_end(company)
    deliver_due()
    wanted = [e for e in polled(matter).values() if e["type"] in ("matter.updated", "advice.started")]
    assert sorted(bodies(receiver), key=lambda e: str(e["at"])) == wanted


def test_a_matters_own_url_gets_its_headers_and_the_companys_default_secret(
    company: Company, receiver: Receiver
) -> None:
    to_its_end(company, webhook_url=receiver.url, callback_headers=Sealed.of({"X-Tenant": "acme"}))
    deliver_due()
    assert [e["type"] for e in bodies(receiver)] == ["matter.updated", "advice.completed"]
    secret = WebhookSecret.objects.get(company=company).signing_secrets()[0]
    for got in receiver.received:
        assert got.header("x-tenant") == "acme"
        Webhook(secret).verify(got.body, dict(got.headers))


def test_others_are_not_told(company: Company, receiver: Receiver) -> None:
    """Neither endpoints of other companies, nor disabled ones, nor anybody where nobody asked."""
    endpoint_of(Company.objects.create(name="Other", slug="other"), receiver)
    WebhookEndpoint.objects.filter(pk=endpoint_of(company, receiver).pk).update(disabled_at=Now())
    to_its_end(company)
    assert not Delivery.objects.exists()


def test_a_delivery_is_stored_with_its_event_or_not_at_all(company: Company, receiver: Receiver) -> None:
    endpoint_of(company, receiver, ["matter.updated"])
    matter = rows.submitted(company)
    before = Delivery.objects.count()
    with transaction.atomic():
        rows.happened(matter)
        assert Delivery.objects.count() == before + 1
        transaction.set_rollback(True)
    assert Delivery.objects.count() == before == Event.objects.count() == 1


def test_during_a_rotation_two_secrets_verify_and_afterwards_one(company: Company, receiver: Receiver) -> None:
    endpoint = endpoint_of(company, receiver, ["matter.updated"])
    (old,) = endpoint.signing_secrets()
    new = endpoint.rotate()
    rows.submitted(company)
    deliver_due()
    got = receiver.received[0]
    for secret in (old, new):
        Webhook(secret).verify(got.body, dict(got.headers))
    WebhookEndpoint.objects.update(previous_secret_until=Now())
    rows.submitted(company)
    deliver_due()
    got = receiver.received[1]
    Webhook(new).verify(got.body, dict(got.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(got.body, dict(got.headers))


def let_pauses_pass() -> None:
    Delivery.objects.filter(status="pending").update(due_at=Now())


def test_what_is_refused_is_sent_again_with_the_same_id_and_another_time(
    company: Company, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = endpoint_of(company, receiver, ["matter.updated"])
    receiver.answers.extend([status(500), status(302, Location=receiver.url)])
    rows.submitted(company)
    assert deliver_due() == 1
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.last_status_code, delivery.last_error) == ("pending", 500, "It answered 500.")
    assert delivery.due_at > Event.objects.get().at + timedelta(seconds=PAUSES[0] / 2)
    assert deliver_due() == 0, "it waits"
    for _ in range(2):
        let_pauses_pass()
        deliver_due()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, delivery.last_error) == ("delivered", 3, "")
    assert len({got.header("webhook-id") for got in receiver.received}) == 1
    assert receiver.received[0].header("webhook-id") == str(delivery.pk)
    for got in receiver.received:
        Webhook(endpoint.signing_secrets()[0]).verify(got.body, dict(got.headers))


def test_after_about_a_day_it_is_given_up_and_can_be_sent_anew(company: Company, receiver: Receiver) -> None:
    endpoint_of(company, receiver, ["matter.updated"])
    receiver.answers.extend(status(503) for _ in range(9))
    rows.submitted(company)
    for _ in range(9):
        let_pauses_pass()
        deliver_due()
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.attempts, len(receiver.received)) == ("failed", 9, 9)
    assert 20 * 3_600 < sum(PAUSES) < 28 * 3_600
    let_pauses_pass()
    assert deliver_due() == 0
    resend(delivery.pk)
    deliver_due()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("delivered", 1)
    assert len({got.header("webhook-id") for got in receiver.received}) == 1


def test_pauses_grow_with_jitter_and_a_receivers_wish_goes_before() -> None:
    failed = Outcome(503, "It answered 503.", 1)
    for attempt, pause in enumerate(PAUSES, 1):
        given = pause_after(attempt, failed)
        assert given is not None
        assert 0.8 * pause <= given <= 1.2 * pause
    assert pause_after(len(PAUSES) + 1, failed) is None
    assert len({pause_after(1, failed) for _ in range(20)}) > 10
    assert pause_after(1, Outcome(429, "It answered 429.", 1, retry_after=900)) == 900
    assert pause_after(1, Outcome(429, "It answered 429.", 1, retry_after=10**9)) == 43_200


def test_410_disables_the_endpoint_and_what_waits_for_it(company: Company, receiver: Receiver) -> None:
    endpoint = endpoint_of(company, receiver, ["matter.updated"])
    receiver.answers.append(status(410))
    for _ in range(3):
        rows.submitted(company)
    deliver_due()
    assert len(receiver.received) == 1
    assert set(Delivery.objects.values_list("status", flat=True)) == {"failed"}
    endpoint.refresh_from_db()
    assert endpoint.disabled_at is not None
    assert endpoint.disabled_reason == "It answered 410."
    with pytest.raises(ReceiverDisabled):
        resend(Delivery.objects.all()[0].pk)
    rows.submitted(company)
    assert Delivery.objects.count() == 3


def test_a_forbidden_address_is_an_attempt_that_failed(
    company: Company, receiver: Receiver, settings: Settings
) -> None:
    """The name was fine when it was given, and leads to this machine when it is dialled."""
    settings.WEBHOOK_ALLOW_PRIVATE = False
    endpoint_of(company, receiver, ["matter.updated"])
    rows.submitted(company)
    deliver_due()
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.last_error) == ("pending", "Webhooks are sent to public addresses only.")
    assert receiver.received == []


def test_the_late_outcome_of_a_worker_that_was_slow_is_not_noted(company: Company, receiver: Receiver) -> None:
    endpoint_of(company, receiver, ["matter.updated"])
    rows.submitted(company)
    claim = deliveries._claim()
    assert claim is not None
    assert deliver_due() == 0, "it is another's for a while"
    let_pauses_pass()
    assert deliver_due() == 1, "a worker that died in the middle is followed by another"
    deliveries._note(claim, Outcome(500, "It answered 500.", 1))
    assert Delivery.objects.get().status == "delivered"


def test_an_error_of_ours_holds_up_nobody_else(company: Company, receiver: Receiver, settings: Settings) -> None:
    broken = endpoint_of(company, receiver, ["matter.updated"])
    WebhookEndpoint.objects.filter(pk=broken.pk).update(secret=Sealed("no token"))
    rows.submitted(company)
    endpoint_of(company, receiver, ["matter.updated"])
    rows.submitted(company)
    assert deliver_due() == 3
    assert len(receiver.received) == 1
    errors = set(Delivery.objects.filter(endpoint=broken).values_list("status", "last_error"))
    assert errors == {("pending", "An error of ours kept it from being sent.")}


def test_a_delivery_whose_workers_all_die_is_given_up(company: Company, receiver: Receiver) -> None:
    endpoint_of(company, receiver, ["matter.updated"])
    rows.submitted(company)
    Delivery.objects.update(attempts=len(PAUSES) + 1)
    deliver_due()
    delivery = Delivery.objects.get()
    assert (delivery.status, receiver.received) == ("failed", [])
    assert "died" in delivery.last_error


def test_four_workers_at_once_send_each_delivery_once(company: Company, receiver: Receiver) -> None:
    endpoint_of(company, receiver, ["matter.updated"])
    for _ in range(12):
        rows.submitted(company)

    def work() -> int:
        sent = 0
        while deliver_next():
            sent += 1
        return sent

    assert sum(at_once(*[work] * 4)) == 12
    assert len({got.header("webhook-id") for got in receiver.received}) == len(receiver.received) == 12


def other_company() -> Company:
    return Company.objects.create(name="Other", slug="other")


def claimed() -> deliveries.Claim:
    claim = deliveries._claim()
    assert claim is not None, "something is due, and nobody is given it"
    return claim


def claims_until_none_is_left() -> list[deliveries.Claim]:
    claims = []
    while claim := deliveries._claim():
        claims.append(claim)
    return claims


def test_one_company_s_forty_deliveries_do_not_put_off_another_one_s_only_one(
    company: Company, receiver: Receiver
) -> None:
    endpoint_of(company, receiver, ["matter.updated"])
    for _ in range(40):
        rows.submitted(company)
    other = other_company()
    endpoint_of(other, receiver, ["matter.updated"])
    only = rows.submitted(other)
    assert deliver_due() == 41
    sent = [event["matter"] for event in bodies(receiver)]
    assert sent.index(str(only.pk)) <= 1, "the other company waits behind the first one's backlog"


def test_the_company_that_holds_the_fewest_slots_is_next(company: Company, receiver: Receiver) -> None:
    """One's receiver hangs and the other's is quick, so taking turns alone would give the first nearly all slots."""
    other = other_company()
    for each in (company, other):
        endpoint_of(each, receiver, ["matter.updated"])
        for _ in range(4):
            rows.submitted(each)
    hanging, quick = claimed(), claimed()
    assert {hanging.company, quick.company} == {str(company.pk), str(other.pk)}
    for _ in range(3):
        deliveries._under_way.remove(quick.receiver)
        after, quick = quick, claimed()
        assert quick.company == after.company, "the company whose receiver hangs is given a second slot"
    deliveries._under_way.remove(quick.receiver)
    assert claimed().company == hanging.company, "nobody else has anything due"


def test_a_receiver_that_hangs_holds_a_few_slots_and_leaves_the_rest(company: Company, receiver: Receiver) -> None:
    hanging = endpoint_of(company, receiver, ["matter.updated"])
    for _ in range(2 * deliveries.SLOTS):
        rows.submitted(company)
    quick = endpoint_of(company, receiver, ["matter.updated"])
    rows.submitted(company)
    claims = claims_until_none_is_left()
    held = Counter(claim.endpoint_id for claim in claims)
    assert held == {hanging.pk: deliveries.MOST_OF_ONE, quick.pk: 1}
    assert 2 * deliveries.MOST_OF_ONE < deliveries.SLOTS, "one receiver may hold most slots"
    deliveries._under_way.remove(next(claim.receiver for claim in claims if claim.endpoint_id == hanging.pk))
    assert [claim.endpoint_id for claim in claims_until_none_is_left()] == [hanging.pk], "its next one is sent then"


def test_threads_that_claim_at_once_give_one_receiver_no_more_than_its_slots(
    company: Company, receiver: Receiver
) -> None:
    endpoint_of(company, receiver, ["matter.updated"])
    for _ in range(20):
        rows.submitted(company)
    claims = [claim for claim in at_once(*[deliveries._claim] * 12) if claim]
    assert len(claims) == len({claim.delivery_id for claim in claims}) == deliveries.MOST_OF_ONE


class Turn:
    """In the place of the lock of who chooses: whether those who come for it hold a connection to PostgreSQL."""

    def __init__(self) -> None:
        self.held: list[bool] = []

    def __enter__(self) -> None:
        self.held.append(connection.connection is not None)

    def __exit__(self, *_error: object) -> None:
        pass


def test_nobody_who_waits_for_their_turn_to_choose_keeps_a_connection(
    company: Company, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker has a few for all its threads: if those who wait have them all, who has the turn gets none."""
    turn = Turn()
    monkeypatch.setattr(deliveries, "_choosing", turn)
    endpoint_of(company, receiver, ["matter.updated"])
    for _ in range(3):
        rows.submitted(company)
    assert deliver_due() == 3
    assert turn.held == [False] * 4, "each thread that delivers waits for the others, steps with them, for 15 s"


def test_a_receiver_is_sent_first_what_was_due_first(company: Company, receiver: Receiver) -> None:
    endpoint_of(company, receiver, ["matter.updated"])
    matters = [rows.submitted(company) for _ in range(3)]
    for minutes, matter in enumerate(matters, 1):
        Delivery.objects.filter(event__matter=matter).update(due_at=Now() - timedelta(minutes=minutes))
    deliver_due()
    assert [event["matter"] for event in bodies(receiver)] == [str(matter.pk) for matter in reversed(matters)]


def test_the_urls_of_a_host_are_one_receiver_of_their_company(company: Company) -> None:
    def receiver_of(company: Company, url: str) -> str:
        matter = rows.submitted(company, webhook_url=url)
        with transaction.atomic():
            fail_matter(lock_matter(matter.pk), {"code": "fault", "message": "", "retryable": True}, "for a test")
        return Delivery.objects.get(event__matter=matter).receiver

    here = receiver_of(company, "https://hooks.example.com/a/b")
    for url in ("https://Hooks.Example.com", "https://hooks.example.com?a=/", "http://hooks.example.com/"):
        assert receiver_of(company, url) == here, url
    assert receiver_of(other_company(), "https://hooks.example.com/a/b") != here
    others = {receiver_of(company, f"https://hooks{n}.example.com/a/b") for n in range(40)}
    assert 4 < len(others) <= 16, "hosts are told apart, and few enough to be looked at by each claim"


def test_what_a_release_before_stored_is_sent(company: Company, receiver: Receiver) -> None:
    """Its statements know no receiver, and may still run beside ours."""
    endpoint_of(company, receiver, ["matter.updated"])
    rows.submitted(company)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO matters_delivery
                      (id, event_id, endpoint_id, status, due_at, attempts, epoch, last_error, created_at)
               SELECT gen_random_uuid(), event_id, endpoint_id, status, due_at, attempts, epoch, last_error, created_at
                 FROM matters_delivery"""
        )
    assert deliver_due() == 2
    assert len(receiver.received) == 2


def rows_read(plan: dict[str, Any]) -> float:
    """Of deliveries, by the whole of an analysed plan."""
    own = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0) if "Relation Name" in plan else 0
    return float(own * plan["Actual Loops"]) + sum(map(rows_read, plan.get("Plans", [])))


@pytest.mark.parametrize("pending", ["due", "not due yet"])
def test_a_claim_reads_a_few_rows_of_a_long_queue(company: Company, receiver: Receiver, pending: str) -> None:
    """Also where PostgreSQL last counted when nothing was waiting: a wrong index would be read to its end."""
    endpoint_of(company, receiver, ["matter.updated"])
    rows.submitted(company)
    long = """INSERT INTO matters_delivery
                     (id, event_id, receiver, status, due_at, attempts, epoch, last_error, created_at)
              SELECT gen_random_uuid(), event_id, left(receiver, -2) || 10 + n %% 20, 'pending',
                     %s::timestamptz + n * interval '1 second', 0, 0, '', now()
                FROM matters_delivery, generate_series(1, 10000) n WHERE endpoint_id IS NOT NULL"""
    with connection.cursor() as cursor:
        cursor.execute(long, ["2026-01-01T00:00Z"])
        cursor.execute("UPDATE matters_delivery SET status = 'delivered'")
        cursor.execute("VACUUM ANALYZE matters_delivery")
        cursor.execute(long, ["2026-01-01T00:00Z" if pending == "due" else "2999-01-01T00:00Z"])
        values: dict[str, Any] = {"under_way": [], "full": [], "last": "", "lease": 25.0}
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {deliveries._CLAIM}", values)
        (plan,) = cursor.fetchone()
    read = rows_read((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
    assert read < 100, f"a claim among 10,000 of 20 receivers read {read:g} rows"


def test_the_sweeper_finds_what_no_message_came_for(
    company: Company, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hints: list[Any] = []
    monkeypatch.setattr(deliveries, "publish_hints", hints.extend)
    endpoint_of(company, receiver, ["matter.updated"])
    rows.submitted(company)
    assert sweep_deliveries() == 0, "its own message is under way"
    Delivery.objects.update(due_at=Now() - timedelta(minutes=1))
    assert sweep_deliveries() == 1
    assert hints == [("deliver_webhook", 0)]
