"""A receiver of webhooks that somebody names: its URL, and headers that go along. Messages say what to do."""

import re
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import connection

from companies.addresses import ForbiddenAddress, allowed_addresses, check_url
from companies.problems import invalid_fields
from matters.validation import check_storable

HEADERS_LIMIT = 10
VALUE_LIMIT = 1_000
LOOK_UP_SECONDS = 2.0  # for all names of a call; what is not found by then is checked when it is dialled
LOOK_UPS_AT_ONCE = 16
_NAME = re.compile(r"x-[a-z0-9-]{1,98}", re.IGNORECASE)


def clean_webhook_url(text: str) -> str:
    """The URL as it was given. Raises ValueError for one that is forbidden whatever its name leads to."""
    check_storable(text)
    check_url(text, allow_private=settings.WEBHOOK_ALLOW_PRIVATE)
    return text


def clean_callback_headers(headers: dict[str, str]) -> dict[str, str]:
    """The headers as they were given. Raises ValueError for what could become another header or request.

    Only `X-…`: neither a second signature, nor `Host`, nor what frames a body, can be among them.
    """
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise ValueError("A header's name begins with X- and has letters, digits and hyphens, 100 at most.")
        if len(value) > VALUE_LIMIT or not (value.isascii() and (value.isprintable() or not value)):
            raise ValueError(f"A header's value has at most {VALUE_LIMIT:,} printable ASCII characters.")
    if len({name.lower() for name in headers}) < len(headers):
        raise ValueError("A header stands there twice, in different letters.")
    return headers


def check_names(urls: Mapping[str, str]) -> None:
    """Look up the names in `urls`, which are by the fields that hold them. Raises Problem 400 for forbidden ones.

    Gives the database connection back: it may take `LOOK_UP_SECONDS`.
    """
    if urls and not connection.in_atomic_block:
        connection.close()
    hosts = {field: _host_of(url) for field, url in urls.items()}
    refused = _refused_hosts(set(hosts.values()))
    if wrong := {field: refused[host] for field, host in hosts.items() if host in refused}:
        raise invalid_fields(wrong)


def _host_of(url: str) -> str:
    """As it is dialled: a name of other letters in its ASCII form."""
    return check_url(url, allow_private=settings.WEBHOOK_ALLOW_PRIVATE).raw_host.decode("ascii")


def _refused_hosts(hosts: Iterable[str]) -> dict[str, str]:
    """Why, by host."""
    ends_at = time.monotonic() + LOOK_UP_SECONDS

    def why(host: str) -> tuple[str, str]:
        try:
            allowed_addresses(host, ends_at - time.monotonic(), allow_private=settings.WEBHOOK_ALLOW_PRIVATE)
        except ForbiddenAddress as error:
            return host, str(error)
        except OSError:  # it may be there when it is dialled
            pass
        return host, ""

    with ThreadPoolExecutor(LOOK_UPS_AT_ONCE) as pool:
        return {host: message for host, message in pool.map(why, hosts) if message}
