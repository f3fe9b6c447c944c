"""The same over TLS, where a connection's limits and its shutting down work differently."""

import datetime
import ssl
import threading
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.workers.clients.llm.asking import Stopwatch, failure_of, read
from tests.workers.clients.llm.conftest import MakeClient
from tests.workers.clients.llm.raw_server import RawServer
from tests.workers.clients.llm.test_cancel import SOON
from workers.clients.llm import Call, Code, LLMCanceled

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENTS = b'data: {"choices": [{"delta": {"content": "over TLS"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that it signed itself, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(signed.public_bytes(encoding) + private)
    return path


@pytest.fixture
def server(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RawServer]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with RawServer(context) as server:
        yield server


def test_a_stream_over_tls_is_read(server: RawServer) -> None:
    assert server.text_of(HEAD + b"%x\r\n%b\r\n0\r\n\r\n" % (len(EVENTS), EVENTS)) == "over TLS"


def test_a_silent_stream_over_tls_is_a_stall(server: RawServer, make_client: MakeClient) -> None:
    server.answer, server.silent = HEAD, True

    watch = Stopwatch()
    error = failure_of(make_client(base_url=server.base_url, first_content=0.4), streaming=True)

    assert error.code is Code.STALLED
    assert 0.4 <= watch.seconds < 0.4 + SOON


def test_a_stream_over_tls_blocked_in_read_ends_at_once(server: RawServer, make_client: MakeClient) -> None:
    server.answer, server.silent = HEAD, True
    call = Call()
    threading.Timer(0.5, call.cancel).start()

    watch = Stopwatch()
    error = failure_of(make_client(base_url=server.base_url), streaming=True, call=call)

    assert isinstance(error, LLMCanceled)
    assert watch.seconds < 0.5 + SOON


def test_a_handshake_that_hangs_ends_at_once(make_client: MakeClient) -> None:
    with RawServer() as server:  # without TLS, so it never answers the handshake
        server.silent = True
        client = make_client(base_url=server.base_url.replace("http:", "https:"))
        call = Call()
        threading.Timer(0.3, call.cancel).start()

        watch = Stopwatch()
        error = failure_of(client, streaming=True, call=call)

        assert isinstance(error, LLMCanceled)
        assert watch.seconds < 0.3 + SOON


def test_a_certificate_that_nobody_vouches_for_is_refused(
    server: RawServer, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    server.answer = HEAD

    _, error, _ = read(make_client(base_url=server.base_url))

    assert error is not None
    assert error.code is Code.UNAVAILABLE
    assert "certificate" in error.detail.lower()
    assert not error.seen_by_model
