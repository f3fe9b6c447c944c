"""Where browsers have passkeys. A page elsewhere says so, instead of offering what can't be had."""

from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port


def has_passkeys(request: HttpRequest) -> bool:
    """Whether browsers have passkeys at the address that was asked.

    They are bound to a domain, which an IP address is not, and are there in secure contexts alone: https, and this
    machine by its name (W3C, Web Authentication, sections 4 and 5; Secure Contexts, section 3.1).
    """
    name, _ = split_domain_port(request.get_host())
    if name == "localhost" or name.endswith(".localhost"):
        return True
    return request.is_secure() and _address(name) is None


def passkeys_at(request: HttpRequest) -> str:
    """The origin by the name localhost, where the address that was asked is this machine's; empty where it is not."""
    name, port = split_domain_port(request.get_host())
    origin, address = f"http://localhost:{port}", _address(name)
    return origin if address and address.is_loopback and origin in settings.CSRF_TRUSTED_ORIGINS else ""


def _address(name: str) -> IPv4Address | IPv6Address | None:
    with suppress(ValueError):
        return ip_address(name.strip("[]"))
    return None
