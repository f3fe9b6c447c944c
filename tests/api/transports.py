"""A client's three ways to a matter's events. Each gives events until the stream ends or the client leaves; one that is
refused or breaks off raises what its library does."""

import json
from collections.abc import Iterator
from typing import Any, Protocol

import httpx2
from websockets.sync.client import connect

Event = dict[str, Any]


class Served(Protocol):
    """A web process, and a key that it takes."""

    api: httpx2.Client
    api_key: str
    port: int


def by_poll(product: Served, matter: str, after: str) -> Iterator[Event]:
    """Long polls, each behind the one before."""
    done = False
    while not done:
        response = product.api.get(f"/api/v1/matters/{matter}/events", params={"after": after, "wait": 20, "limit": 3})
        response.raise_for_status()
        page = response.json()
        yield from page["events"]
        after, done = page["cursor"], page["done"]


def by_sse(product: Served, matter: str, after: str, **headers: str) -> Iterator[Event]:
    """One stream of server-sent events."""
    path = f"/api/v1/matters/{matter}/events/stream"
    with product.api.stream("GET", path, params={"after": after}, headers=headers, timeout=60) as response:
        response.raise_for_status()
        for line in response.iter_lines():
            if line.startswith("data:"):
                yield json.loads(line[5:])


def by_websocket(product: Served, matter: str, after: str) -> Iterator[Event]:
    """One WebSocket."""
    url = f"ws://127.0.0.1:{product.port}/ws/matters/{matter}/?after={after}"
    # Without a bound of its own: one that is reached would keep the client from reading the end of the closing.
    with connect(url, additional_headers={"Authorization": f"Bearer {product.api_key}"}, max_queue=None) as socket:
        for frame in socket:
            yield json.loads(frame)


def text_of(events: list[Event], version: int = 1, attempt: int = 1) -> str:
    """The text that an attempt's deltas make; fails where one leaves a gap or overlaps."""
    text = ""
    for event in events:
        data = event["data"]
        if event["type"] == "advice.delta" and (data["version"], data["attempt"]) == (version, attempt):
            assert data["offset"] == len(text), f"a delta at {data['offset']} behind {len(text)} characters"
            text += data["text"]
    return text
