"""Where webhooks may be sent: what a URL must look like, which addresses it may lead to, and looking names up.

The same three functions judge a URL when it is given and when it is dialled.
"""

import ipaddress
import re
import socket
import threading
import time
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from typing import TypeAlias

import httpx2
from AntiSSRF import IPAddressRanges

URL_LIMIT = 2048
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

# The published list of what is not public, and IPv4 in IPv6's own old clothes (RFC 4291, 2.5.5.1), which it leaves out:
# https://github.com/microsoft/AntiSSRF/issues/23
_FORBIDDEN: tuple[Network, ...] = tuple(map(ipaddress.ip_network, (*IPAddressRanges.recommended_latest, "::/96")))
_PRIVATE: tuple[Network, ...] = tuple(
    ipaddress.ip_network(network)
    for ranges in (
        IPAddressRanges.loopback,
        IPAddressRanges.private_use,
        IPAddressRanges.shared_address_space,
        IPAddressRanges.unique_local,
    )
    for network in ranges
)
# These never lead to the public: RFC 6761, 6762, 8375, and `.internal`, which ICANN keeps for private use.
_PRIVATE_NAMES = ("localhost", "local", "internal", "home.arpa")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_NOT_PUBLIC = "Webhooks are sent to public addresses only."
MOST_LOOK_UPS = 100  # at once in a process, those among them that nobody waits for any more
_places = threading.BoundedSemaphore(MOST_LOOK_UPS)


class ForbiddenAddress(ValueError):
    """Nothing may be sent there; the message says why."""


def check_url(text: str, *, allow_private: bool) -> httpx2.URL:
    """The URL as it is dialled. Names are not looked up. Raises ForbiddenAddress, also for what is no URL."""
    if len(text) > URL_LIMIT:
        raise ForbiddenAddress(f"Shorten it to {URL_LIMIT:,} characters.")
    if not text.isprintable() or any(c.isspace() for c in text) or "\\" in text:
        raise ForbiddenAddress("Write a URL without spaces, backslashes or control characters.")
    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL:
        raise ForbiddenAddress("Write a whole URL, such as https://example.com/hook.") from None
    if url.scheme not in ("http", "https") or not url.raw_host:
        raise ForbiddenAddress("Write a whole URL that begins with https:// or http://.")
    if url.userinfo or "@" in text.partition("://")[2].partition("/")[0]:
        raise ForbiddenAddress("Leave user and password out of the URL; callback_headers may hold a token.")
    if "#" in text:
        raise ForbiddenAddress("Leave the fragment (from # on) out of the URL.")
    if url.port is not None and not 1 <= url.port <= 65535:
        raise ForbiddenAddress("A port is a number from 1 to 65535.")
    _check_host(url.raw_host.decode("ascii"), allow_private)
    return url


def _check_host(host: str, allow_private: bool) -> None:
    if ":" in host:
        try:
            address: Address = ipaddress.IPv6Address(host)
        except ValueError:
            raise ForbiddenAddress("What is between the brackets is not an IPv6 address.") from None
        return check_address(address, allow_private=allow_private)
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        return _check_name(host.removesuffix("."), allow_private)
    return check_address(address, allow_private=allow_private)


def _check_name(name: str, allow_private: bool) -> None:
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ForbiddenAddress("The host is neither a name nor an address.")
    if _NUMBER.fullmatch(labels[-1]):
        raise ForbiddenAddress("Write an IPv4 address as four decimal numbers without leading zeros.")
    if allow_private:
        return
    if len(labels) == 1 or any(f".{name}".endswith(f".{private}") for private in _PRIVATE_NAMES):
        raise ForbiddenAddress(f"{_NOT_PUBLIC} Write the whole name of a public host.")


def check_address(address: Address, *, allow_private: bool) -> None:
    """Raises ForbiddenAddress for one that is not public (`allow_private`: nor loopback nor private)."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id:
            raise ForbiddenAddress("Leave the zone out of the address.")
        address = address.ipv4_mapped or address
    if allow_private and any(address in network for network in _PRIVATE):
        return
    if any(address in network for network in _FORBIDDEN):
        raise ForbiddenAddress(_NOT_PUBLIC)


def look_up(host: str, seconds: float) -> Sequence[Address]:
    """The addresses of a name, or the one that `host` is. Raises OSError where there is none within `seconds`.

    `getaddrinfo` knows no limit of time and can't be interrupted, so a thread waits for it, for as long as that takes.
    Where too many do a place is waited for, too.
    """
    try:
        return [ipaddress.ip_address(host)]
    except ValueError:  # a name
        pass
    ends_at = time.monotonic() + seconds
    if seconds <= 0 or not _places.acquire(timeout=seconds):
        raise TimeoutError("there was no time to look the name up")
    found: SimpleQueue[Sequence[Address] | OSError] = SimpleQueue()
    threading.Thread(target=_look_up, args=(host, found), name="look up a receiver", daemon=True).start()
    try:
        answer = found.get(timeout=max(ends_at - time.monotonic(), 0.001))
    except Empty:
        raise TimeoutError("the name was not found in time") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _look_up(host: str, found: "SimpleQueue[Sequence[Address] | OSError]") -> None:
    try:
        infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        found.put([ipaddress.ip_address(info[4][0]) for info in infos])
    except (OSError, ValueError) as error:  # ValueError: a label too long for IDNA, or an address with a zone
        found.put(error if isinstance(error, OSError) else OSError(str(error)))
    finally:
        _places.release()


def allowed_addresses(host: str, seconds: float, *, allow_private: bool) -> Sequence[Address]:
    """Where a connection to `host` may go. Raises ForbiddenAddress if any of its addresses is, OSError for none."""
    addresses = look_up(host, seconds)
    for address in addresses:
        check_address(address, allow_private=allow_private)
    return addresses
