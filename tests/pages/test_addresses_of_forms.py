"""Who opens an address of forms, as after signing in again, comes to the page that has the form. Nothing is done."""

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from matters.models import Matter

pytestmark = pytest.mark.django_db
NOT_OURS = ("admin/", "api/", "accounts/")


def addresses(resolver: URLResolver | None = None, before: str = "/") -> Iterator[str]:
    """Every address of a page, with ids that nobody has."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if route.startswith(tuple(f"/{folder}" for folder in NOT_OURS)):
            continue
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, route)
        else:
            assert isinstance(pattern, URLPattern)
            yield re.sub(r"<uuid:\w+>", str(uuid4()), re.sub(r"<int:\w+>", "987", re.sub(r"<str:\w+>", "carta", route)))


def test_no_page_of_ours_answers_a_browser_that_it_may_not_look(page: Client) -> None:
    asked = {address: page.get(address).status_code for address in addresses()}
    assert len(asked) > 40
    assert [address for address, status in asked.items() if status == 405] == []


@pytest.mark.parametrize("action", ["stop", "retry", "regenerate", "share", "rename", "delete"])
def test_an_action_on_a_matter_is_never_done_by_a_link(page: Client, matter: Matter, action: str) -> None:
    version = (matter.status, matter.version)
    assert page.get(f"/matters/{matter.pk}/{action}/")["Location"] == f"/matters/{matter.pk}/"
    matter.refresh_from_db()
    assert (matter.status, matter.version) == version
    assert matter.deleted_at is None


def test_who_was_signed_out_comes_back_to_the_matter_whose_button_they_pressed(page: Client, matter: Matter) -> None:
    sent = Client().post(f"/matters/{matter.pk}/regenerate/")
    assert sent["Location"] == f"/accounts/login/?next=/matters/{matter.pk}/regenerate/"
    signed_in = page.get(sent["Location"])
    assert signed_in["Location"] == f"/matters/{matter.pk}/regenerate/"
    assert page.get(signed_in["Location"])["Location"] == f"/matters/{matter.pk}/"


def test_a_program_that_does_neither_is_told_what_may_be_done(page: Client, matter: Matter) -> None:
    answer = page.put(f"/matters/{matter.pk}/stop/")
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, POST")
