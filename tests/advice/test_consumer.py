"""The WebSocket's consumer in this process: what it leaves behind when it ends."""

import asyncio
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.db import OperationalError, connection

from advice import consumers, shared_fragments
from advice.doorkeeper import doorkeeper
from advice.hub import hub
from advice.render import render_fragments
from advice.routing import websocket_urlpatterns
from matters.models import Matter
from tests import rows
from tests.advice.conftest import Loop
from tests.threads import with_own_connection


@pytest.fixture
def open_matter(matter: Matter, api_key: str) -> tuple[Matter, str]:
    rows.begun(matter)
    connection.close()
    return matter, api_key


async def opened(matter: Matter, key: str, query: str = "") -> WebsocketCommunicator:
    headers = [(b"authorization", f"Bearer {key}".encode())]
    path = f"/ws/matters/{matter.pk}/{query}"
    communicator = WebsocketCommunicator(URLRouter(websocket_urlpatterns), path, headers=headers)
    connected, _ = await communicator.connect(timeout=10)
    assert connected
    await communicator.receive_from(timeout=10)
    assert hub()._feeds
    return communicator


def test_what_changes_is_rendered_once_for_all_who_look_at_the_page(
    loop: Loop, open_matter: tuple[Matter, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[Any] = []

    def count(matter_id: Any) -> str:
        rendered.append(matter_id)
        return with_own_connection(lambda: render_fragments(matter_id))

    async def fragments(viewer: WebsocketCommunicator) -> str:
        while (frame := str(await viewer.receive_from(timeout=10))).startswith("{"):
            pass
        return frame

    async def watch() -> set[str]:
        viewers = [await opened(*open_matter, query="?html=1") for _ in range(5)]
        for viewer in viewers:
            await fragments(viewer)
        rendered.clear()
        await asyncio.to_thread(with_own_connection, lambda: rows.happened(open_matter[0]))
        shown = {await fragments(viewer) for viewer in viewers}
        for viewer in viewers:
            await viewer.disconnect()
        return shown

    monkeypatch.setattr(shared_fragments, "_render", database_sync_to_async(count, thread_sensitive=False))
    assert len(loop.run(watch())) == 1
    assert len(rendered) == 1, "each viewer's page is rendered anew"


async def nothing_is_left() -> bool:
    for _ in range(500):
        if not hub()._feeds and not doorkeeper()._guests:
            return True
        await asyncio.sleep(0.01)
    return False


def test_a_client_that_goes_leaves_nothing_behind(loop: Loop, open_matter: tuple[Matter, str]) -> None:
    async def come_and_go() -> bool:
        communicator = await opened(*open_matter)
        await communicator.disconnect()
        return await nothing_is_left()

    assert loop.run(come_and_go()), "the stream outlives its client"


@pytest.mark.parametrize("fault", [OperationalError("the database is away"), ZeroDivisionError("a fault of ours")])
def test_a_fault_in_a_cancel_frame_leaves_nothing_behind(
    loop: Loop, open_matter: tuple[Matter, str], monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def fail(_matter: Any) -> None:
        raise fault

    monkeypatch.setattr(consumers, "cancel_matter", fail)

    async def cancel() -> bool:
        communicator = await opened(*open_matter)
        await communicator.send_to(text_data='{"type": "cancel"}')
        with pytest.raises(type(fault)):
            await communicator.wait(timeout=10)
        return await nothing_is_left()

    assert loop.run(cancel()), "the stream outlives its consumer"
