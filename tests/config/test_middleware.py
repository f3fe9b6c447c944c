"""How a request goes through the middlewares."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import SyncToAsync
from django.test import AsyncClient


def test_a_request_is_brought_to_its_thread_once_for_all_middlewares(monkeypatch: pytest.MonkeyPatch) -> None:
    hops: list[str] = []
    bring = SyncToAsync.__call__

    async def count(self: Any, *args: Any, **kwargs: Any) -> Any:
        hops.append(getattr(self.func, "__name__", ""))
        return await bring(self, *args, **kwargs)

    monkeypatch.setattr(SyncToAsync, "__call__", count)
    assert asyncio.run(AsyncClient().get("/metrics")).status_code == 401
    assert hops, "the thread itself is gone to, so this sees what is"
    assert not {"process_request", "process_response"} & set(hops), hops
