"""Hundreds of sockets of one web process: viewers who read and come again, and viewers who never read."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import httpx2
from websockets.asyncio.client import connect

from matters.states import ENDED
from tests.api.transports import Event
from tests.faults.load import BREAKS, PAUSE_SECONDS
from tests.processes import Installation

SMALL = 4096  # bytes that the kernel keeps for a client which does not read
ESTABLISHED = "01"  # of /proc/net/tcp (Linux: include/net/tcp_states.h)


@dataclass
class Seat:
    """One of the crowd: what it was shown, and how old each piece of text was when it came, in seconds."""

    matter: str
    by_socket: bool
    events: list[Event] = field(default_factory=list)
    ages: list[tuple[float, float]] = field(default_factory=list)  # when it came (time.monotonic), and how old
    breaks: int = 0
    ended: bool = False

    @property
    def cursor(self) -> str:
        return str(self.events[-1]["id"]) if self.events else ""

    @property
    def reads_text(self) -> bool:
        return bool(self.events) and self.events[-1]["type"] == "advice.delta"

    def see(self, event: Event) -> None:
        self.events.append(event)
        if event["type"] == "advice.delta":
            age = datetime.now(UTC) - datetime.fromisoformat(event["at"])
            self.ages.append((time.monotonic(), age.total_seconds()))
        self.ended = event["type"] == "matter.updated" and event["data"]["status"] in ENDED


class Crowd:
    """`with Crowd(product, matters, 300) as crowd`: so many viewers, by WebSocket and SSE in turn, in one thread."""

    def __init__(self, product: Installation, matters: Sequence[str], count: int) -> None:
        self.product = product
        self.seats = [Seat(matters[n // 2 % len(matters)], by_socket=n % 2 == 0) for n in range(count)]
        self._over = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(timeout=30)

    def _run(self) -> None:
        self._loop.run_until_complete(self._sit())
        self._loop.close()

    async def _sit(self) -> None:
        headers = {"Authorization": f"Bearer {self.product.api_key}"}
        limits = httpx2.Limits(max_connections=None)
        async with httpx2.AsyncClient(base_url=self.product.url, headers=headers, limits=limits, timeout=30) as client:
            seated = [asyncio.create_task(self._follow(seat, client)) for seat in self.seats]
            over = asyncio.create_task(self._over.wait())
            await over
            for task in seated:
                task.cancel()
            await asyncio.gather(*seated, return_exceptions=True)

    async def _follow(self, seat: Seat, client: httpx2.AsyncClient) -> None:
        while not seat.ended:
            try:
                async for event in self._by_socket(seat) if seat.by_socket else _by_sse(seat, client):
                    seat.see(event)
            except BREAKS:
                seat.breaks += 1
                await asyncio.sleep(PAUSE_SECONDS)

    async def _by_socket(self, seat: Seat) -> AsyncIterator[Event]:
        url = f"ws://127.0.0.1:{self.product.port}/ws/matters/{seat.matter}/?after={seat.cursor}"
        headers = {"Authorization": f"Bearer {self.product.api_key}"}
        async with connect(url, additional_headers=headers, open_timeout=30) as connection:
            async for frame in connection:
                yield json.loads(frame)


async def _by_sse(seat: Seat, client: httpx2.AsyncClient) -> AsyncIterator[Event]:
    path = f"/api/v1/matters/{seat.matter}/events/stream"
    async with client.stream("GET", path, params={"after": seat.cursor}) as response:
        response.raise_for_status()
        async for line in response.aiter_lines():
            if line.startswith("data:"):
                yield json.loads(line[5:])


class Deaf:
    """Clients that ask for a matter's stream, by WebSocket and SSE in turn, and never read a byte of it."""

    def __init__(self, product: Installation, matter: str, count: int) -> None:
        self._port = product.port
        self._sockets = {self._open(product, matter, n % 2 == 0): n % 2 == 0 for n in range(count)}
        self._ports = {one.getsockname()[1]: by_socket for one, by_socket in self._sockets.items()}

    def close(self) -> None:
        for one in self._sockets:
            one.close()

    def served(self) -> set[tuple[int, bool]]:
        """Port of each that the web process still keeps open, and whether it came by WebSocket."""
        return {(port, self._ports[port]) for port in _peers_of(self._port) & self._ports.keys()}

    def _open(self, product: Installation, matter: str, by_socket: bool) -> socket.socket:
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        one.connect(("127.0.0.1", product.port))
        path = f"/ws/matters/{matter}/" if by_socket else f"/api/v1/matters/{matter}/events/stream"
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{product.port}", f"Authorization: Bearer {product.api_key}"]
        if by_socket:
            lines += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
            lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
        one.sendall("\r\n".join([*lines, "", ""]).encode())
        return one


def _peers_of(port: int) -> set[int]:
    """The clients' ports of the connections that a local server on `port` has open (Linux)."""
    peers: set[int] = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, *_ = line.split()
        if state == ESTABLISHED and int(local.rpartition(":")[2], 16) == port:
            peers.add(int(remote.rpartition(":")[2], 16))
    return peers


def resident_megabytes(pid: int) -> float:
    """How much memory a process has now (Linux: VmRSS)."""
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024
