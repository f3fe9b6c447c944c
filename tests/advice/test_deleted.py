"""A matter that is deleted while somebody asks for its events: gone is not broken."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.test import AsyncClient, Client

from advice import hub as hub_module
from advice import showing
from advice.deleting import delete_matter
from advice.hub import hub
from advice.page import MatterPage, read_page
from advice.render import render_fragments
from advice.stream import MatterGoneError
from companies.models import User
from matters.models import Matter
from tests.advice.conftest import Loop
from tests.processes import wait_until
from tests.threads import with_own_connection

EVENTS = "/api/v1/matters/{}/events"


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "LOOK_SECONDS", 0.05)


@pytest.mark.parametrize("delete", [lambda matter: matter.delete(), lambda matter: delete_matter(matter.pk)])
def test_a_poll_that_waits_while_its_matter_is_deleted_is_answered_404(
    loop: Loop, matter: Matter, api_key: str, delete: Callable[[Matter], None]
) -> None:
    async def poll_and_delete() -> Any:
        client, key = AsyncClient(), {"Authorization": f"Bearer {api_key}"}
        path = EVENTS.format(matter.pk)
        cursor = (await client.get(path, headers=key)).json()["cursor"]
        waiting = asyncio.create_task(client.get(path, {"after": cursor, "wait": "20"}, headers=key))
        feeds = hub()._feeds
        await asyncio.to_thread(wait_until, lambda: feeds, "the poll waits for an event")
        await asyncio.to_thread(with_own_connection, partial(delete, matter))
        return await asyncio.wait_for(waiting, timeout=15)

    response = loop.run(poll_and_delete())
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("path", [EVENTS, f"{EVENTS}/stream"])
def test_a_matter_that_is_deleted_behind_the_look_at_its_owner_is_no_fault(
    loop: Loop, matter: Matter, api_key: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def let_in(*_who: Any) -> bool:
        return True

    async def ask() -> tuple[int, bytes]:
        response: Any = await AsyncClient().get(path.format(gone), headers={"Authorization": f"Bearer {api_key}"})
        if not response.streaming:
            return response.status_code, b""
        return response.status_code, b"".join([part async for part in response.streaming_content])

    gone = matter.pk
    matter.delete()
    monkeypatch.setattr("advice.api.may_read", let_in)
    status, body = loop.run(ask())
    assert (status, body) == ((200, b": connected\n\n") if path.endswith("stream") else (404, b""))


def test_the_fragments_of_a_matter_that_is_gone_say_so(loop: Loop, matter: Matter) -> None:
    gone = matter.pk
    matter.delete()
    with pytest.raises(MatterGoneError):
        render_fragments(gone)


def test_the_page_of_a_matter_that_is_deleted_just_then_is_not_found(
    matter: Matter, client: Client, founder: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def delete_then_read(matter_id: UUID, version: int | None) -> MatterPage:
        Matter.objects.filter(pk=matter_id).delete()
        return read_page(matter_id, version)

    client.force_login(founder)
    monkeypatch.setattr(showing, "read_page", delete_then_read)
    assert client.get(f"/matters/{matter.pk}/").status_code == 404
