"""Addresses in the environment: readers as in `config/variables.py`."""

import re
from urllib.parse import urlsplit

from environ import Env, ImproperlyConfigured

from config.variables import parts

DATABASES, BROKERS = ("postgresql", "postgres", "psql", "pgsql"), ("redis", "rediss")


def hosts(text: str) -> list[str]:
    """Names as a request's Host has them, without its port."""
    found = parts(text)
    if any("/" in host or (":" in host and not host.startswith("[")) for host in found):
        raise ValueError("names of this site without scheme and port, separated by commas")
    return found


def origins(text: str) -> list[str]:
    """As a browser's Origin has them: another form equals none, and every form that is sent would be refused."""
    found = parts(text)
    if not all(_is_web_address(origin) and origin.count("/") == 2 and "@" not in origin for origin in found):
        raise ValueError("full origins such as https://legal.example.org, separated by commas")
    return found


def web_address(text: str) -> str:
    """An address of HTTP."""
    if not _is_web_address(text):
        raise ValueError("an address that begins with http:// or https://")
    return text


def _is_web_address(text: str) -> bool:
    return _is_address(text, ("http", "https")) and bool(urlsplit(text).hostname)


def _is_address(text: str, schemes: tuple[str, ...]) -> bool:
    try:
        address = urlsplit(text)
        return address.scheme in schemes and "://" in text and (address.port or 0) >= 0
    except ValueError:  # a port that is none
        return False


def database(text: str) -> str:
    """PostgreSQL's address, which may name several hosts, separated by commas, or a service of libpq's."""
    right = "an address such as postgresql://user:password@host:5432/name"
    if not text.startswith(tuple(f"{scheme}://" for scheme in DATABASES)):
        raise ValueError(right)
    try:
        config = Env.db_url_config(text)
    except ValueError:  # a port that is none
        raise ValueError(right) from None
    if not config["NAME"] and "service" not in config.get("OPTIONS", {}):
        raise ValueError(f"{right}, with the name of a database")
    return text


def broker(text: str) -> str:
    """Redis's address; a database has a number, of which there are 16 unless Redis is set up with more."""
    if not _is_address(text, BROKERS) or not re.fullmatch(r"/?|/\d+", urlsplit(text).path):
        raise ValueError("an address such as redis://:password@host:6379/0")
    return text


def mail_server(text: str) -> str:
    """A way to send e-mail that django-environ knows."""
    try:
        Env.email_url_config(text)
    except (ImproperlyConfigured, ValueError):
        raise ValueError("an address such as smtp+tls://user:password@mail.example.org:587 or consolemail://") from None
    return text
