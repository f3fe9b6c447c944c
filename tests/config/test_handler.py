"""How a request goes through Django."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import SyncToAsync
from asgiref.testing import ApplicationCommunicator

from config.handler import OneThreadHandler

SCOPE = {"type": "http", "method": "GET", "path": "/metrics", "headers": [(b"host", b"localhost")], "query_string": b""}


def test_a_request_is_brought_to_its_thread_once_for_middlewares_and_view(monkeypatch: pytest.MonkeyPatch) -> None:
    hops: list[str] = []
    bring = SyncToAsync.__call__

    async def count(self: Any, *args: Any, **kwargs: Any) -> Any:
        hops.append(getattr(self.func, "__qualname__", repr(self.func)))
        return await bring(self, *args, **kwargs)

    async def ask() -> int:
        client = ApplicationCommunicator(OneThreadHandler(), SCOPE)
        await client.send_input({"type": "http.request", "body": b""})
        status = (await client.receive_output())["status"]
        assert not (await client.receive_output()).get("more_body")
        await client.wait()
        return int(status)

    monkeypatch.setattr(SyncToAsync, "__call__", count)
    assert asyncio.run(ask()) == 401
    told = {"Signal.asend.<locals>.sync_send", "log_response", "HttpResponseBase.close"}  # what Django tells of it
    assert len([hop for hop in hops if hop not in told]) == 1, f"a hop for middlewares and view together: {hops}"
    assert told < set(hops), f"the hops have other names now, so this test sees nothing: {hops}"
