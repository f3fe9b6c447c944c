"""How a request goes through Django."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from asgiref.sync import SyncToAsync

from config.handler import OneThreadHandler

SCOPE = {"type": "http", "method": "GET", "path": "/metrics", "headers": [(b"host", b"localhost")], "query_string": b""}


def test_a_request_is_brought_to_its_thread_once_for_middlewares_and_view(monkeypatch: pytest.MonkeyPatch) -> None:
    hops, asked, answer = list[str](), list[bool](), list[Mapping[str, Any]]()
    bring = SyncToAsync.__call__

    async def count(self: Any, *args: Any, **kwargs: Any) -> Any:
        hops.append(getattr(self.func, "__qualname__", repr(self.func)))
        return await bring(self, *args, **kwargs)

    async def receive() -> dict[str, Any]:
        if asked:
            await asyncio.Event().wait()  # the client stays
        asked.append(True)
        return {"type": "http.request", "body": b""}

    async def send(message: Mapping[str, Any]) -> None:
        answer.append(message)

    monkeypatch.setattr(SyncToAsync, "__call__", count)
    asyncio.run(OneThreadHandler()(SCOPE, receive, send))
    assert answer[0]["status"] == 401
    told = {"Signal.asend.<locals>.sync_send", "log_response", "HttpResponseBase.close"}  # what Django tells of it
    assert len([hop for hop in hops if hop not in told]) == 1, f"a hop for middlewares and view together: {hops}"
    assert told < set(hops), f"the hops have other names now, so this test sees nothing: {hops}"
