"""Every address with an id, in turn: a foreign id is answered exactly as a missing one, whoever asks.

The addresses come from Django's resolver and from the OpenAPI document. A new one fails here until it has an id of its
own in `existing`, and for as long as somebody else's id is answered otherwise than one that nobody has.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import pytest
from allauth.account.internal.userkit import user_id_to_str
from allauth.mfa.models import Authenticator
from asgiref.sync import iscoroutinefunction
from django.db import connection
from django.test import AsyncClient, Client
from django.urls import URLResolver, get_resolver
from django.utils import timezone
from pytest_django import Settings

from advice.models import ShareLink
from companies.connection_services import NewConnection, connect
from companies.connections import Method, Provider
from companies.encryption import Sealed
from companies.members import invite
from companies.models import ApiKey, Company, Membership, User, WebhookEndpoint, hash_token
from config.api import api
from documents.models import Document, DocumentContent
from matters.models import Batch, CompanyFact, Delivery, Fact, Step
from matters.states import QuestionStatus, StepState
from tests.advice.conftest import Loop
from tests.rows import append, begun, gathering

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
METHODS = ("get", "post", "put", "patch", "delete")
MISSING: dict[str, Callable[[], str]] = {
    "uuid": lambda: str(uuid4()),
    "id": lambda: str(uuid4()),
    "int": lambda: "987654321",
    "str": lambda: "987654321",
}
# Who knows these may come in: they are secrets that were sent by e-mail, not ids. The admin is for staff, who see all.
BY_SECRET = {"accounts/confirm-email/", "accounts/password/reset/key/", "invitations/", "shared/", "unsubscribe/"}
NO_IDS = {"provider"}  # of a short list that everybody knows
NOT_OURS = ("admin/", "static/")
BODIES: list[dict[str, Any]] = [{}, {"answer": "Yes"}, {"role": "member"}]
# What an address must be sent before it looks at its id, and beside the bodies above.
ITS_OWN: dict[str, dict[str, Any]] = {
    "assign": {"email": "nobody@example.com"},
    "settle": {"value": "another"},
    "settle/": {"choice": "another", "value": "another"},
    "issuer": {"issuer_id": "4021"},
    "issuer/": {"issuer": "4021"},
}


@pytest.fixture
def loop() -> Iterator[Loop]:
    running = Loop()
    yield running
    running.close()


@dataclass(frozen=True)
class Address:
    """An address as it is written in the resolver, with its ids: their names and kinds."""

    route: str
    ids: tuple[tuple[str, str], ...]
    is_async: bool

    def filled(self, values: dict[str, str]) -> str:
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values[found[1]], self.route)


def addresses(resolver: URLResolver | None = None, before: str = "") -> Iterator[Address]:
    """Every address with an id."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = before + str(entry.pattern).removeprefix("^").removesuffix("$")
        if route.startswith(NOT_OURS) or any(route.startswith(start) for start in BY_SECRET if start != route):
            continue
        if isinstance(entry, URLResolver):
            yield from addresses(entry, route)
        elif found := re.findall(r"<(?:(\w+):)?(\w+)>", route):
            assert "(?P" not in route, f"{route} is a regular expression: write it as a path, so that it is looked at"
            if ids := tuple((name, kind or "str") for kind, name in found if name not in NO_IDS):
                yield Address(route, ids, iscoroutinefunction(entry.callback))


ADDRESSES = [address for address in addresses() if not address.is_async]
STREAMS = [address for address in addresses() if address.is_async]


@pytest.fixture
def existing(company: Company, founder: User, settings: Settings) -> dict[str, str]:
    """An id of the founder's for each that an address may name. No provider is there."""
    settings.CARTA_BASE_URL = settings.CARTA_TOKEN_URL = "http://127.0.0.1:1"
    return ids_of(company, founder)


def ids_of(company: Company, founder: User) -> dict[str, str]:
    matter = gathering(company, 1, QuestionStatus.AWAITING_FOUNDER)
    attempt, now = begun(matter), timezone.now()
    append(attempt, "Secret words.")
    share = ShareLink.objects.create(attempt=attempt, sha256=hash_token(company.slug), created_at=now, expires_at=now)
    document = Document.objects.create(
        matter=matter, name="secret.txt", media_type="text/plain", size=6, sha256=hash_token("secret"), pages=1
    )
    DocumentContent.objects.create(document=document, bytes=b"secret")
    times = {"gathered_at": now, "stale_at": now, "created_at": now}
    fact = CompanyFact.objects.create(company=company, matter=matter, key="k", kind="text", value="secret", **times)
    answered = {"question": matter.questions.get(), "key": "k", "value": "secret", "source": "founder"}
    Fact.objects.create(matter=matter, company_fact=fact, **answered)
    credentials = Sealed.of({"client_id": "secret", "client_secret": "secret"})
    connected = connect(company.pk, NewConnection(Provider.CARTA, Method.CLIENT_CREDENTIALS, credentials), None)
    step = Step.objects.create(matter=matter, kind="k", key="k", due_at=timezone.now(), state=StepState.DEAD)
    colleague = User.objects.create_user(f"colleague@{company.slug}.example", PASSWORD)
    member = Membership.objects.create(company=company, user=colleague)
    invite(company, founder, f"invited@{company.slug}.example", "member")
    passkey = Authenticator.objects.create(user=founder, type="webauthn", data={"name": "Secret", "credential": {}})
    endpoint = WebhookEndpoint.objects.create(
        company=company, url="https://8.8.8.8/", secret=Sealed.of("whsec_" + "a" * 32)
    )
    event = matter.events.latest("number")
    delivery = Delivery.objects.create(event=event, endpoint=endpoint, due_at=now, created_at=now)
    return {
        "batch_id": str(Batch.objects.create(company=company).pk),
        "endpoint_id": str(endpoint.pk),
        "delivery_id": str(delivery.pk),
        "matter_id": str(matter.pk),
        "question_id": str(matter.questions.get().pk),
        "step_id": str(step.pk),
        "member_id": str(member.pk),
        "invitation_id": str(company.invitations.get().pk),
        "key_id": str(ApiKey.issue(company, ["read"])[0].pk),
        "pk": str(passkey.pk),
        "share_id": str(share.pk),
        "document_id": str(document.pk),
        "fact_id": str(fact.pk),
        "connection_id": str(connected.pk),
    }


def nobody() -> Client:
    return Client()


def member() -> Client:
    return signed_in("member")


def owner() -> Client:
    return signed_in("owner")


def staff() -> Client:
    return browser_of(User.objects.create_superuser("staff@example.com", PASSWORD))


def key() -> Client:
    _row, token = ApiKey.issue(other_company(), ["read", "write", "admin"])
    return Client(headers={"Authorization": f"Bearer {token}"})


def signed_in(role: str) -> Client:
    user = User.objects.create_user(f"{role}@other.example", PASSWORD)
    Membership.objects.create(company=other_company(), user=user, role=role)
    return browser_of(user)


def browser_of(user: User) -> Client:
    """Signed in just now, so that nothing asks for the password once more."""
    browser = Client()
    browser.force_login(user)
    session = browser.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session["account_authentication_methods_user"] = user_id_to_str(user)
    session.save()
    return browser


def other_company() -> Company:
    return Company.objects.get_or_create(slug="other", defaults={"name": "Other, Inc."})[0]


def asked(client: Client, method: str, path: str, body: dict[str, Any]) -> tuple[int, bytes, str]:
    """Status, body and where it leads, without what differs each time: ids of requests, tokens of forms, the path."""
    as_json = {"content_type": "application/json"} if path.startswith("/api/") and method != "get" else {}
    response = getattr(client, method)(path, body, **as_json)
    content = b"a stream" if response.streaming else response.content
    content = re.sub(rb'"request_id": ?"\w+"|value="[A-Za-z0-9]{64}"', b"", content)
    leads_to = unquote(response.headers.get("Location", "")).replace(path, "")
    for asked_for in re.findall(r"/([0-9a-f-]{36}|\d+)(?=/)", path):  # the page of a form is of the same ids
        leads_to = leads_to.replace(asked_for, "")
    return response.status_code, content.replace(path.encode(), b""), leads_to


@pytest.mark.parametrize("who", [nobody, member, owner, staff, key])
def test_a_foreign_id_is_answered_exactly_as_a_missing_one(existing: dict[str, str], who: Callable[[], Client]) -> None:
    client = who()
    for address in ADDRESSES:
        unknown = [name for name, _ in address.ids if name not in existing]
        assert not unknown, f"{address.route}: give `ids_of` an id for {unknown}"
        assert_told_nothing(client, address, existing, {name: MISSING[kind]() for name, kind in address.ids})


@pytest.mark.parametrize("who", [owner, key])
def test_a_foreign_id_below_an_own_one_is_answered_exactly_as_a_missing_one(
    existing: dict[str, str], who: Callable[[], Client]
) -> None:
    client = who()
    own = ids_of(other_company(), User.objects.create_user("founder@other.example", PASSWORD))
    nested = [address for address in ADDRESSES if len(address.ids) > 1]
    assert nested
    for address in nested:
        last, kind = address.ids[-1]
        assert_told_nothing(client, address, own | {last: existing[last]}, own | {last: MISSING[kind]()})


def bodies_of(address: Address) -> list[dict[str, Any]]:
    """What is posted to an address."""
    end = address.route.rpartition("/")[2] or address.route.rsplit("/", 2)[1] + "/"
    return [*BODIES, *([ITS_OWN[end]] if end in ITS_OWN else [])]


def assert_told_nothing(client: Client, address: Address, foreign: dict[str, str], missing: dict[str, str]) -> None:
    for method in METHODS:
        for body in bodies_of(address) if method == "post" else [{}]:
            answer = asked(client, method, address.filled(foreign), body)
            expected = asked(client, method, address.filled(missing), body)
            assert answer == expected, f"{method} {address.route} tells that this id exists"
            assert answer[0] in (302, 400, 401, 403, 404, 405), f"{method} {address.route}: {answer[0]}"


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: address.route)
def test_the_ids_of_this_test_are_ids_of_something(
    existing: dict[str, str], founder: User, company: Company, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without this, an id that nobody has on either side would make the test above pass."""
    monkeypatch.setattr(connection, "close", lambda: None)  # before a provider is asked: it would end the test's own
    browser = browser_of(founder)
    program = Client(headers={"Authorization": f"Bearer {ApiKey.issue(company, ['read', 'write', 'admin'])[1]}"})
    missing = {name: MISSING[kind]() for name, kind in address.ids}
    for client in (browser, program):
        for method in ("get", "post", "delete"):
            for body in bodies_of(address):
                own = asked(client, method, address.filled(existing), body)
                if own != asked(client, method, address.filled(missing), body):
                    return
    pytest.fail(f"{address.route} answers the owner of the id as if it did not exist")


def test_a_foreign_stream_is_answered_exactly_as_a_missing_one(
    transactional_db: None, loop: Loop, existing: dict[str, str], founder: User
) -> None:
    """These read by connections of their own, which see only what is committed."""
    own = browser_of(founder)
    strangers = [who() for who in (nobody, owner, staff, key)]
    assert STREAMS
    for address in STREAMS:
        path, nowhere = (address.filled({"matter_id": value}) for value in (existing["matter_id"], str(uuid4())))
        assert loop.run(streamed(own, path))[0] == 200, f"{address.route}: this id is of something"
        for client in strangers:
            assert loop.run(streamed(client, path)) == loop.run(streamed(client, nowhere))


async def streamed(client: Client, path: str) -> tuple[int, bytes]:
    """Status and body by the same session or key, on an event loop."""
    authorization = client.defaults.get("HTTP_AUTHORIZATION")
    browser = AsyncClient(headers={"Authorization": authorization} if authorization else None)
    browser.cookies = client.cookies
    response: Any = await browser.get(path)
    content = b"a stream" if response.streaming else response.content
    return response.status_code, re.sub(rb'"request_id": ?"\w+"', b"", content)


def test_every_address_of_the_openapi_document_is_among_them() -> None:
    known = {"/" + re.sub(r"<(\w+:)?(\w+)>", r"{\2}", address.route) for address in (*ADDRESSES, *STREAMS)}
    described = {path for path in api.get_openapi_schema()["paths"] if "{" in path}
    assert described
    assert described <= known
