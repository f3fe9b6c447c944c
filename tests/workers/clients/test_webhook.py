"""One POST to a receiver: what it carries, where it goes, and that nothing a receiver does holds it up."""

import base64
import datetime
import json
import ssl
from collections.abc import Iterator
from email.utils import format_datetime
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from standardwebhooks import Webhook, WebhookVerificationError

from tests.fakes.receiver import Answer, Receiver, after, cut, dripping, endless, status
from tests.processes import free_port
from workers.clients.webhook import Outcome, client, post

SECRETS = [f"whsec_{base64.b64encode(bytes([n]) * 32).decode()}" for n in (1, 2)]
BODY = json.dumps({"type": "advice.completed", "data": {"text": "Grüße 😀"}}, ensure_ascii=False)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def loopback(_host: str, _seconds: float) -> list[IPv4Address]:
    return [IPv4Address("127.0.0.1")]


def sent(url: str, **options: Any) -> Outcome:
    given: dict[str, Any] = {
        "webhook_id": "a-1", "secrets": SECRETS[:1], "headers": {}, "find_addresses": loopback,
    }  # fmt: skip
    return post(url, BODY, **(given | options))


def test_a_library_verifies_what_it_signs(receiver: Receiver) -> None:
    outcome = sent(receiver.url, headers={"X-Tenant": "acme", "x-token": "a b"})
    assert (outcome.status, outcome.error, outcome.is_delivered) == (204, "", True)
    (got,) = receiver.received
    assert got.body == BODY.encode()
    assert Webhook(SECRETS[0]).verify(got.body, dict(got.headers)) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRETS[1]).verify(got.body, dict(got.headers))
    assert got.header("webhook-id") == "a-1"
    assert (got.header("content-type"), got.header("x-tenant"), got.header("x-token")) == (
        "application/json", "acme", "a b",
    )  # fmt: skip
    assert got.header("host") == f"127.0.0.1:{receiver.port}"


def test_two_secrets_make_two_signatures_and_each_is_enough(receiver: Receiver) -> None:
    sent(receiver.url, secrets=SECRETS)
    (got,) = receiver.received
    signatures = got.header("webhook-signature").split(" ")
    assert len(signatures) == 2
    assert all(signature.startswith("v1,") for signature in signatures)
    for secret in SECRETS:
        Webhook(secret).verify(got.body, dict(got.headers))


@pytest.mark.parametrize("code", [301, 302, 307, 308, 400, 404, 410, 500, 503])
def test_anything_but_2xx_is_not_delivered_and_no_redirect_is_followed(receiver: Receiver, code: int) -> None:
    receiver.answers.append(status(code, Location=receiver.url + "/elsewhere"))
    outcome = sent(receiver.url)
    assert (outcome.status, outcome.error) == (code, f"It answered {code}.")
    assert receiver.paths() == ["/hook"]


def test_retry_after_is_seconds_or_a_date(receiver: Receiver) -> None:
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=10)
    values = ["120", format_datetime(soon, usegmt=True), "-1", "soon", "Mon, 99 Foo 2026 00:00:00 GMT", "9" * 5_000]
    receiver.answers.extend(status(503, Retry_After=value) for value in values)
    seconds, until, at_once, *nothing = [sent(receiver.url).retry_after for _ in values]
    assert seconds == 120
    assert until is not None
    assert 500 < until <= 600
    assert at_once == 0
    assert nothing == [None, None, None]


@pytest.mark.parametrize("answer", [after(3, status(200)), dripping(0.1)], ids=["late", "dripping"])
def test_no_receiver_is_waited_for_beyond_the_time(
    receiver: Receiver, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TOTAL_SECONDS", 0.4)
    receiver.answers.append(answer)
    outcome = sent(receiver.url)
    assert outcome.status is None
    assert "did not answer within" in outcome.error
    assert outcome.milliseconds < 10_000


def test_an_answer_without_an_end_is_not_read(receiver: Receiver) -> None:
    receiver.answers.append(endless)
    assert sent(receiver.url).is_delivered


def test_who_is_not_there_or_breaks_off_is_said_so(receiver: Receiver) -> None:
    receiver.answers.append(cut)
    assert sent(receiver.url).error == "It broke off, or did not answer in HTTP."
    assert sent(f"http://127.0.0.1:{free_port()}/").error == "It can't be reached."

    def nowhere(_host: str, _seconds: float) -> list[IPv4Address]:
        raise OSError("no such name")

    assert sent("http://nowhere.example/", find_addresses=nowhere).error == "It can't be reached."


def test_what_the_check_refuses_is_not_dialled(receiver: Receiver) -> None:
    def refuse(_host: str, _seconds: float) -> list[IPv4Address]:
        raise ValueError("Webhooks are sent to public addresses only.")

    assert sent(receiver.url, find_addresses=refuse).error == "Webhooks are sent to public addresses only."
    assert receiver.received == []


def test_it_dials_the_checked_address_and_no_other(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads elsewhere a moment later is not looked up again; nor does a proxy look it up."""
    asked = []

    def checked(host: str, _seconds: float) -> list[Any]:
        asked.append(host)
        return [ip_address("127.0.0.1")]

    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    assert sent(f"http://hooks.example.com:{receiver.port}/hook", find_addresses=checked).is_delivered
    assert asked == ["hooks.example.com"]
    assert receiver.received[0].header("host") == f"hooks.example.com:{receiver.port}"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of `hooks.example.com`, signed by itself; with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hooks.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example.com")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


def test_a_certificate_must_be_that_of_the_name(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver(certificate) as secure:
        url = f"https://hooks.example.com:{secure.port}/hook"
        assert sent(url).error == "Its TLS certificate or handshake was refused.", "nobody vouches for it"
        monkeypatch.setattr(client, "_tls", lambda: ssl.create_default_context(cafile=str(certificate)))
        assert sent(url).is_delivered
        assert sent(url.replace("hooks", "other")).error == "Its TLS certificate or handshake was refused."
        assert len(secure.received) == 1
