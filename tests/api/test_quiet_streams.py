"""What an SSE stream says while nothing happens, seen without waiting for its fifteen seconds."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

import advice.api
from advice.api import COMMENT_SECONDS
from advice.cursor import START
from advice.hub import hub
from companies.authentication import Principal
from companies.models import ApiKey, Company, Scope, hash_token
from matters.models import Matter
from matters.states import MatterStatus
from tests.pools import close_async_pool
from tests.rows import advising, move

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """A web process's event loop."""
    with asyncio.Runner() as running:
        yield running
        running.run(close_all())


async def close_all() -> None:
    await hub().close()
    await close_async_pool()


async def frames_of(
    matter: Matter, token: str, enough: Callable[[list[str]], bool] = lambda _frames: False
) -> list[str]:
    """The frames of a stream until there are enough, or it ends."""
    frames: list[str] = []
    key = Principal((matter.company_id,), frozenset({Scope.READ}), ("key", hash_token(token)))
    stream = advice.api._sse(matter.pk, START, key)
    async with asyncio.timeout(20):
        async for frame in stream:
            frames += [part for part in frame.decode().split("\n\n") if part]
            if enough(frames):
                break
    await stream.aclose()
    return frames


def test_a_quiet_stream_has_a_comment_at_every_interval(
    runner: asyncio.Runner, company: Company, api_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert COMMENT_SECONDS == 15.0, "the contract's interval"
    monkeypatch.setattr(advice.api, "COMMENT_SECONDS", 0.05)
    matter = advising(company)
    events = matter.events.count()

    def enough(frames: list[str]) -> bool:
        return len(frames) > events + 3 and all(frame.startswith(":") for frame in frames[-3:])

    frames = runner.run(frames_of(matter, api_key, enough))
    assert frames[0].startswith(":"), "the answer begins at once"
    assert sum(frame.startswith("id: ") for frame in frames) == events


def test_an_ended_stream_ends_without_a_comment(
    runner: asyncio.Runner, company: Company, api_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    matter = advising(company)
    move(matter, MatterStatus.CANCELED)
    frames = runner.run(frames_of(matter, api_key))
    assert sum(frame.startswith(":") for frame in frames) == 1
    assert '"status": "canceled"' in frames[-1]


def test_a_stream_ends_as_soon_as_its_key_does(
    runner: asyncio.Runner, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("advice.doorkeeper.LOOK_SECONDS", 0.05)
    row, token = ApiKey.issue(company, ["read"])
    row.revoke()
    frames = runner.run(frames_of(advising(company), token))
    assert frames[0].startswith(":"), "it ended although its matter goes on"


def test_a_stream_that_breaks_ends_instead_of_hanging(
    runner: asyncio.Runner, company: Company, api_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("advice.feed.read_page", None)  # whatever goes wrong in the reading
    frames = runner.run(frames_of(advising(company), api_key))
    assert len(frames) == 1
