"""Sending one event to one receiver, signed by Standard Webhooks (https://www.standardwebhooks.com)."""

import functools
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx2
from standardwebhooks import Webhook

from workers.clients.webhook.network import CheckedBackend, FindAddresses
from workers.network import Deadline, open_by
from workers.retry_after import seconds_of

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
USER_AGENT = "Matterstream-Webhooks/1"


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt. `status`: of the answer, None where there was none. `error`: empty for a 2xx.

    `retry_after`: for how many seconds the receiver wants to be left alone.
    """

    status: int | None
    error: str
    milliseconds: int
    retry_after: float | None = None

    @property
    def is_delivered(self) -> bool:
        return not self.error


def post(
    url: str,
    body: str,
    *,
    webhook_id: str,
    secrets: Sequence[str],
    headers: Mapping[str, str],
    find_addresses: FindAddresses,
) -> Outcome:
    """POST `body` (JSON) to `url`, signed with each of `secrets`. Redirects are not followed, no answer's body is read.

    `find_addresses` says where a connection to the host may go; its ValueError refuses, with words for the outcome.
    """
    began = time.monotonic()

    def outcome(status: int | None, error: str, retry_after: float | None = None) -> Outcome:
        return Outcome(status, error, int((time.monotonic() - began) * 1000), retry_after)

    try:
        with _client(find_addresses, Deadline(TOTAL_SECONDS)) as client:
            signed = _signed(body, webhook_id, secrets)
            with client.stream("POST", url, content=body.encode(), headers={**headers, **signed}) as answer:
                status = answer.status_code
                if answer.is_success:
                    return outcome(status, "")
                patience = seconds_of(answer.headers.get("Retry-After"), answer.headers.get("Date"))
                return outcome(status, f"It answered {status}.", patience)
    except httpx2.TimeoutException:
        return outcome(None, f"It did not answer within {TOTAL_SECONDS:g} s ({CONNECT_SECONDS:g} s to connect).")
    except (httpx2.HTTPError, OSError) as error:
        return outcome(None, _words(error))
    except ValueError as refusal:
        return outcome(None, str(refusal))


def _client(find_addresses: FindAddresses, deadline: Deadline) -> httpx2.Client:
    """A client of one connection; the environment's proxies are not asked, which would look the name up themselves."""
    transport = httpx2.HTTPTransport(verify=_tls(), trust_env=False)
    open_by(transport, CheckedBackend(find_addresses, deadline, CONNECT_SECONDS))
    return httpx2.Client(transport=transport, timeout=None, follow_redirects=False, trust_env=False)


@functools.cache
def _tls() -> ssl.SSLContext:
    """The system's certificates, read once."""
    return httpx2.create_ssl_context(trust_env=False)


def _signed(body: str, webhook_id: str, secrets: Sequence[str]) -> dict[str, str]:
    now = datetime.now(UTC)
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(webhook_id, now, body) for secret in secrets),
    }


def _words(error: Exception) -> str:
    """Why there was no answer, without the names of anything."""
    if isinstance(error.__cause__ or error.__context__, ssl.SSLError) or "CERTIFICATE" in str(error):
        return "Its TLS certificate or handshake was refused."
    if isinstance(error, httpx2.ConnectError):
        return "It can't be reached."
    return "It broke off, or did not answer in HTTP."
