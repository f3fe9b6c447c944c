"""The load generator's own clients against servers that were not written for them."""

import asyncio

import pytest
import websockets
from websockets.asyncio.server import ServerConnection, serve

from benchmarks.websocket import HandshakeError, connect

FRAMES = ["", "short", "é" * 125, "x" * 70_000]


async def _speak(connection: ServerConnection) -> None:
    for frame in FRAMES:
        await connection.send(frame)
    await connection.send(["in ", "three ", "parts"])
    await asyncio.wait_for(await connection.ping(), 5)  # only a pong lets us go on
    await connection.close(4401)


async def test_it_reads_frames_of_every_length_answers_pings_and_learns_the_close_code() -> None:
    read: list[str] = []
    async with serve(_speak, "127.0.0.1", 0, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        socket = await connect(port, "/", lambda payload, now: read.append(payload.decode()))
        assert await asyncio.wait_for(socket.closed, 5) == 4401
    assert read == [*FRAMES, "in three parts"]


async def test_a_refused_handshake_says_what_the_server_said() -> None:
    def refuse(connection: ServerConnection, request: websockets.Request) -> websockets.Response:
        return connection.respond(403, "no")

    async with serve(_speak, "127.0.0.1", 0, process_request=refuse) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        with pytest.raises(HandshakeError, match="403"):
            await connect(port, "/", lambda payload, now: None)
