"""Which URLs webhooks may be sent to: a table of what gets at things that are not public, and what does not."""

import socket
import threading
from ipaddress import ip_address
from typing import Any

import pytest

from companies import addresses
from companies.addresses import ForbiddenAddress, allowed_addresses, check_address, check_url, look_up
from tests.threads import looking_up

PUBLIC = [
    "https://hooks.example.com/a?b=c",
    "http://hooks.example.com:8080",
    "https://hooks.example.com./x",
    "https://8.8.8.8/",
    "https://[2606:4700::1111]:443/",
    "https://bücher.example/ü",
    "https://xn--bcher-kva.example/",
    "https://a_b.example.com/",
    "https://hooks.example.com/" + "x" * (2048 - 26),
    "https://1.2.3.4.example.com/",
]
NEVER = [  # also where private addresses are allowed
    "", "/hook", "hooks.example.com/x", "//hooks.example.com/x", "https://", "https:///x", "https:hooks.example.com",
    "ftp://hooks.example.com/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "javascript:alert(1)",
    "https://user:password@hooks.example.com/", "https://user@hooks.example.com/", "https://@hooks.example.com/",
    "https://hooks.example.com\\@127.0.0.1/", "https://hooks.example.com/a b", "https://hooks.example.com/\r\nX: y",
    " https://hooks.example.com/", "https://hooks.example.com/\t", "https://hooks.example.com/#fragment",
    "https://hooks.example.com:0/", "https://hooks.example.com:65536/", "https://hooks.example.com:x/",
    "https://hooks.example.com:80:80/", "https://hooks.example.com/" + "x" * 2023,
    "https://" + "a" * 64 + ".example/", "https://" + "a." * 130 + "example/", "https://a..example/", "https://.example/",
    "https://%31%32%37.0.0.1/", "https://exa mple.com/", "https://☃.example/",
    "http://0x7f.1/", "http://0x7f000001/", "http://2130706433/", "http://0177.0.0.1/", "http://127.1/",
    "http://127.0.0.1./", "http://0x7f.1./", "http://①②⑦.⓪.⓪.①/", "http://017700000001/", "http://1.2.3/",
    "http://256.0.0.1/", "http://1.2.3.4.5/",
    "http://169.254.169.254/latest/meta-data", "http://168.63.129.16/", "http://0.0.0.0/", "http://224.0.0.1/",
    "http://255.255.255.255/", "http://240.0.0.1/", "http://192.0.2.1/",
    "http://[64:ff9b::a9fe:a9fe]/", "http://[64:ff9b::7f00:1]/", "http://[64:ff9b:1::1]/", "http://[2002:7f00:1::]/",
    "http://[::ffff:169.254.169.254]/", "http://[::127.0.0.1]/", "http://[::169.254.169.254]/", "http://[::]/",
    "http://[fe80::1]/", "http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/", "http://[ff02::1]/",
    "http://[2001:db8::1]/", "http://[fec0::1]/", "http://[::1", "http://[1:2]/", "http://::1/",
]  # fmt: skip
PRIVATE = [
    "http://127.0.0.1:8000/", "http://127.255.255.254/", "http://[::1]/", "http://10.0.0.1/", "http://172.16.0.1/",
    "http://192.168.1.1/", "http://100.64.0.1/", "http://[fd00::1]/", "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:10.0.0.1]/", "http://[0:0:0:0:0:ffff:7f00:1]/", "http://localhost:8000/", "http://localhost./",
    "http://LOCALHOST/", "http://a.localhost/", "http://printer.local/", "http://metadata.google.internal/",
    "http://redis:6379/", "http://nas.home.arpa/", "http://127。0。0。1/",
]  # fmt: skip


@pytest.mark.parametrize("url", PUBLIC)
def test_it_takes_what_is_public(url: str) -> None:
    check_url(url, allow_private=False)


@pytest.mark.parametrize("url", [*NEVER, *PRIVATE])
def test_it_refuses_what_is_not_public_or_no_url(url: str) -> None:
    with pytest.raises(ForbiddenAddress, match=r"\w+.*\.$"):
        check_url(url, allow_private=False)


@pytest.mark.parametrize("url", [*PUBLIC, *PRIVATE])
def test_private_addresses_may_be_allowed(url: str) -> None:
    check_url(url, allow_private=True)


@pytest.mark.parametrize("url", NEVER)
def test_and_nothing_else_with_them(url: str) -> None:
    with pytest.raises(ForbiddenAddress):
        check_url(url, allow_private=True)


def answering(monkeypatch: pytest.MonkeyPatch, *found: str) -> None:
    """A resolver that finds these for every name."""

    def getaddrinfo(_host: str, _port: object, **_options: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_a_name_leads_where_all_its_addresses_may_be_gone_to(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "8.8.8.8", "2606:4700::1111")
    found = allowed_addresses("hooks.example.com", 5, allow_private=False)
    assert found == [ip_address("8.8.8.8"), ip_address("2606:4700::1111")]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fd00::1"])
def test_one_forbidden_address_among_them_is_enough(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    answering(monkeypatch, "8.8.8.8", address)
    with pytest.raises(ForbiddenAddress):
        allowed_addresses("hooks.example.com", 5, allow_private=False)


def test_what_the_system_reads_as_loopback_is_judged_as_that() -> None:
    """The C library takes `0x7f.1` for 127.0.0.1; whoever dials without the check of the URL is stopped here."""
    with pytest.raises(ForbiddenAddress):
        allowed_addresses("0x7f.1", 5, allow_private=False)


def test_a_link_local_address_with_a_zone_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "fe80::1%lo")
    with pytest.raises(ForbiddenAddress):
        allowed_addresses("hooks.example.com", 5, allow_private=True)


@pytest.mark.usefixtures("hanging_names")
def test_a_name_that_is_not_found_in_time_is_not_waited_for() -> None:
    with pytest.raises(TimeoutError):
        look_up("hooks.example.com", 0.05)


@pytest.mark.usefixtures("hanging_names")
def test_nobody_looks_a_name_up_when_no_time_is_left() -> None:
    with pytest.raises(TimeoutError):
        look_up("hooks.example.com", 0)
    assert not looking_up(), "a thread looks for what nobody waits for"


def test_no_more_names_are_looked_up_at_once_than_there_are_places(
    hanging_names: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "_places", threading.BoundedSemaphore(3))
    for n in range(5):
        with pytest.raises(TimeoutError):
            look_up(f"hooks{n}.example.com", 0.05)
    assert len(looking_up()) == 3, "names that hang fill the process with threads"
    hanging_names.set()
    assert look_up("hooks.example.com", 30) == [ip_address("8.8.8.8")], "a place is not given back"


def test_an_address_needs_no_looking_up() -> None:
    assert look_up("8.8.8.8", 5) == [ip_address("8.8.8.8")]
    check_address(ip_address("8.8.8.8"), allow_private=False)
