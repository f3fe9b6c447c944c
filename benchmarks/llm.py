"""The model of both sides, as a process of its own: python -m benchmarks.llm. Prints {"port": …} when it listens.

It speaks chat completions. Whole answers come after `delay` seconds: an instance of the schema that was asked for (the
product's steps), or `{"questions": […]}` for a request without one (the peer's). Streams are `chunks` pieces of `size`
characters, one every `interval` seconds, each dated (benchmarks/chunks.py), on an absolute schedule: late pieces catch
up, and how late each was is reported. With `gate` streams wait for `POST /go` and then begin together, spread evenly
over one interval.

`POST /settings` sets those and forgets all counts; `GET /counts` tells what happened since then.
"""

import asyncio
import json
import sys
from dataclasses import dataclass, field
from typing import Any

from benchmarks.chunks import filler, microseconds, stamp
from benchmarks.figures import percentile
from benchmarks.replies import whole_reply
from tests.fakes.llm.connection import Connection, Request

_FILLER = filler(300_000)
_STREAM_HEAD = {"Content-Type": "text/event-stream; charset=utf-8", "Transfer-Encoding": "chunked"}


@dataclass(frozen=True)
class Shape:
    """What calls take and streams look like; seconds and characters."""

    delay: float = 0.2
    first: float = 0.3
    interval: float = 0.025
    chunks: int = 400
    size: int = 15
    gate: bool = False


@dataclass
class Counts:
    """What happened since the last settings. `calls`: whole answers and streams by the model's name."""

    calls: dict[str, int] = field(default_factory=dict)
    answering: int = 0
    waiting: int = 0
    streaming: int = 0
    late: list[float] = field(default_factory=list)  # milliseconds, of each piece

    def as_json(self) -> dict[str, Any]:
        late = self.late or [0.0]
        return {
            "calls": self.calls, "answering": self.answering, "waiting": self.waiting, "streaming": self.streaming,
            "late_p50": percentile(late, 50), "late_p99": percentile(late, 99), "late_max": max(late),
        }  # fmt: skip


class Model:
    """The server's state, and the handler of its requests."""

    def __init__(self) -> None:
        self.shape = Shape()
        self.counts = Counts()
        self._gate = asyncio.Event()
        self._number = 0

    async def handle(self, connection: Connection, request: Request) -> None:
        """Answers one request."""
        if request.path.endswith("/chat/completions"):
            await self._complete(connection, json.loads(request.body))
        elif request.path == "/settings":
            self.shape, self.counts = Shape(**json.loads(request.body)), Counts()
            self._gate = asyncio.Event()
            connection.send_json(200, {})
        elif request.path == "/go":
            self._gate.set()
            connection.send_json(200, {"waiting": self.counts.waiting})
        else:
            connection.send_json(200, self.counts.as_json())

    async def _complete(self, connection: Connection, body: dict[str, Any]) -> None:
        self._number += 1
        number, counts, name = self._number, self.counts, body["model"]
        counts.calls[name] = counts.calls.get(name, 0) + 1
        if body.get("stream"):
            await Streamed(connection, body, number, self.shape, counts).send(self._gate)
            return
        counts.answering += 1
        try:
            await asyncio.sleep(self.shape.delay)
        finally:
            counts.answering -= 1
        connection.send_json(200, whole_reply(body, number))


class Streamed:
    """One streamed answer."""

    def __init__(self, connection: Connection, body: dict[str, Any], number: int, shape: Shape, counts: Counts) -> None:
        self._connection, self._body, self._shape, self._counts = connection, body, shape, counts
        self._envelope = {
            "id": f"chatcmpl-{number}", "object": "chat.completion.chunk", "created": 1_700_000_000,
            "model": body["model"],
        }  # fmt: skip
        before, _, after = self._line({"choices": [_choice({"content": "\0"})]}).partition(b"\\u0000")
        self._before = b"%x\r\n" % (len(before) + shape.size + len(after)) + before
        self._after = after + b"\r\n"

    async def send(self, gate: asyncio.Event) -> None:
        """Wait as long as it takes to begin, then send piece after piece."""
        counts = self._counts
        self._connection.send_head(200, _STREAM_HEAD)
        wait = await self._turn(gate)
        counts.streaming += 1
        try:
            await self._pieces(asyncio.get_running_loop().time() + wait)
        finally:
            counts.streaming -= 1
        self._end()

    async def _turn(self, gate: asyncio.Event) -> float:
        """In how many seconds to begin."""
        shape, counts = self._shape, self._counts
        if not shape.gate:
            return shape.first
        place = counts.waiting
        counts.waiting += 1
        await gate.wait()
        return shape.first + place / counts.waiting * shape.interval

    async def _pieces(self, begins: float) -> None:
        loop, shape, write = asyncio.get_running_loop(), self._shape, self._connection.transport.write
        late, fill = self._counts.late, shape.size - 6
        for number in range(shape.chunks):
            due = begins + number * shape.interval
            now = loop.time()
            if now < due:
                await _until(loop, due)
                now = loop.time()
            late.append((now - due) * 1000)
            words = _FILLER[number * fill : (number + 1) * fill]
            write(self._before + f"{stamp(microseconds())}{words} ".encode() + self._after)

    def _end(self) -> None:
        send = self._connection.send_chunk
        send(self._line({"choices": [_choice({}, "stop")]}))
        if self._body.get("stream_options", {}).get("include_usage"):
            tokens = self._shape.chunks
            usage = {"prompt_tokens": 1000, "completion_tokens": tokens, "total_tokens": 1000 + tokens}
            send(self._line({"choices": [], "usage": usage}))
        send(b"data: [DONE]\n\n")
        self._connection.end_chunks()

    def _line(self, more: dict[str, Any]) -> bytes:
        return b"data: " + json.dumps({**self._envelope, **more}).encode() + b"\n\n"


def _choice(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish}


async def _until(loop: asyncio.AbstractEventLoop, due: float) -> None:
    future = loop.create_future()
    handle = loop.call_at(due, future.set_result, None)
    try:
        await future
    finally:
        handle.cancel()


async def main() -> None:
    """Serves until its standard input ends."""
    loop, model, ended = asyncio.get_running_loop(), Model(), asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    server = await loop.create_server(lambda: Connection(model.handle), "127.0.0.1", 0, backlog=2048)
    sys.stdout.write(json.dumps({"port": server.sockets[0].getsockname()[1]}) + "\n")
    sys.stdout.flush()
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(main())
