"""The WebSocket's consumer in this process: what it leaves behind when it ends."""

import asyncio
from typing import Any

import pytest
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.db import OperationalError, connection

from advice import consumers
from advice.doorkeeper import doorkeeper
from advice.hub import hub
from advice.routing import websocket_urlpatterns
from matters.models import Matter
from tests import rows
from tests.advice.conftest import Loop


@pytest.fixture
def open_matter(matter: Matter, api_key: str) -> tuple[Matter, str]:
    rows.begun(matter)
    connection.close()
    return matter, api_key


async def opened(matter: Matter, key: str) -> WebsocketCommunicator:
    headers = [(b"authorization", f"Bearer {key}".encode())]
    communicator = WebsocketCommunicator(URLRouter(websocket_urlpatterns), f"/ws/matters/{matter.pk}/", headers=headers)
    connected, _ = await communicator.connect(timeout=10)
    assert connected
    await communicator.receive_from(timeout=10)
    assert hub()._feeds
    return communicator


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
