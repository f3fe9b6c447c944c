"""One request and its whole answer, within bounds of time and size."""

import json
import ssl
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

import httpcore2
import httpx2

from workers.network import Deadline, TimedStream, open_by
from workers.provider_http.errors import Code, Provider, ProviderError, failure
from workers.retry_after import seconds_to_wait

CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 5.0, 20.0, 60.0
LARGEST_BYTES = 8 * 1024 * 1024
_deadline: ContextVar[Deadline] = ContextVar("deadline")  # of the call that this thread is making
_THIS_MACHINE = ("127.0.0.1", "localhost", "[::1]")  # never through a proxy
_BY_STATUS = {
    401: Code.UNAUTHORIZED,
    403: Code.FORBIDDEN,
    404: Code.NOT_FOUND,
    408: Code.UNAVAILABLE,
    410: Code.NOT_FOUND,
    429: Code.RATE_LIMITED,
}


@dataclass(frozen=True)
class Reply:
    """An answer read to its end. The body is kept out of `repr`."""

    status: int
    headers: httpx2.Headers = field(repr=False)
    body: bytes = field(repr=False)


def new_client() -> httpx2.Client:
    """Follows no redirect, and asks for bytes that are not compressed, whose number it can count."""
    client = httpx2.Client(
        timeout=httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        follow_redirects=False,
        verify=_trusted(),
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        mounts={f"all://{host}": None for host in _THIS_MACHINE},
    )
    for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001 - httpx2 tells of none; those of proxies, too
        if isinstance(transport, httpx2.HTTPTransport):
            open_by(transport, _TimedBackend())
    return client


class _TimedBackend(httpcore2.NetworkBackend):
    """Connections that calls use one after another, each within its own deadline."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        seconds = min(CONNECT_SECONDS, _seconds_left())
        stream = httpcore2.SyncBackend().connect_tcp(host, port, seconds, local_address, socket_options)
        return TimedStream(stream, _seconds_left)


def _seconds_left() -> float:
    return _deadline.get().left()


@cache
def _trusted() -> ssl.SSLContext:
    """Read once for all clients: it takes a tenth of a second of CPU."""
    return httpx2.create_ssl_context()


def send(client: httpx2.Client, provider: Provider, request: httpx2.Request) -> Reply:
    """The answer, whatever its status. Raises ProviderError `unavailable` or `malformed` (too large, compressed)."""
    _deadline.set(Deadline(WHOLE_SECONDS))
    try:
        response = client.send(request, stream=True)
        try:
            return Reply(response.status_code, response.headers, _body(response, provider))
        finally:
            response.close()
    except (httpx2.TransportError, httpx2.InvalidURL):  # their context may hold the request, and so the token
        raise failure(provider, Code.UNAVAILABLE) from None


def _body(response: httpx2.Response, provider: Provider) -> bytes:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise failure(provider, Code.MALFORMED, status=response.status_code)
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > LARGEST_BYTES:
            raise failure(provider, Code.MALFORMED, status=response.status_code)
    return bytes(body)


def failure_of(provider: Provider, reply: Reply) -> ProviderError | None:
    """What the status says went wrong; None for 200."""
    if reply.status == 200:
        return None
    code = _BY_STATUS.get(reply.status, _code_of_class(reply.status))
    reason = next((word for word in provider.reasons if word.encode() in reply.body), None)
    return failure(
        provider,
        code,
        retry_after=seconds_to_wait(reply.headers) if code in (Code.RATE_LIMITED, Code.UNAVAILABLE) else None,
        reason=reason if code is Code.FORBIDDEN else None,
        status=reply.status,
    )


def _code_of_class(status: int) -> Code:
    if status >= 500:
        return Code.UNAVAILABLE
    return Code.REJECTED if status >= 400 else Code.MALFORMED


def read_json(provider: Provider, reply: Reply) -> Any:
    """The body. Numbers with a point or exponent are `Decimal`. Raises ProviderError `malformed`."""
    try:
        return json.loads(reply.body, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError):  # also: numbers of thousands of digits, bad UTF-8
        raise failure(provider, Code.MALFORMED, status=reply.status) from None


def _refuse(word: str) -> None:
    raise ValueError("NaN and Infinity are no JSON")
