"""The floor's web process: Daphne, one LISTEN connection, and each notification sent on as it is. ASGI application."""

import asyncio
import os
from typing import Any

import psycopg

CHANNEL = "floor"
_queues: dict[str, list[asyncio.Queue[str]]] = {}
_tasks: list[asyncio.Task[None]] = []


async def _listen(ready: asyncio.Event) -> None:
    connection = await psycopg.AsyncConnection.connect(os.environ["DATABASE_URL"], autocommit=True)
    async with connection:
        await connection.execute(f"LISTEN {CHANNEL}".encode())
        ready.set()
        async for notification in connection.notifies():
            stream, _, text = notification.payload.partition(" ")
            for queue in _queues.get(stream, ()):
                queue.put_nowait(text)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serves one WebSocket: its path names a stream."""
    await receive()
    if not _tasks:
        ready = asyncio.Event()
        _tasks.append(asyncio.create_task(_listen(ready)))
        await ready.wait()
    queue: asyncio.Queue[str] = asyncio.Queue()
    queues = _queues.setdefault(scope["path"].lstrip("/"), [])
    queues.append(queue)
    await send({"type": "websocket.accept"})
    sending = asyncio.create_task(_send(queue, send))
    try:
        while (await receive())["type"] != "websocket.disconnect":
            pass
    finally:
        sending.cancel()
        queues.remove(queue)


async def _send(queue: asyncio.Queue[str], send: Any) -> None:
    while True:
        await send({"type": "websocket.send", "text": await queue.get()})
