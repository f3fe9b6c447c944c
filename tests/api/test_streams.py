"""A matter's events from outside, through the real processes: poll, SSE and WebSocket show one stream."""

import http.client
import itertools
import json
import socket as net
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx2
import pytest
import websockets
from websockets.sync.client import ClientConnection, connect

from tests.api.transports import by_poll, by_sse, by_websocket, text_of
from tests.databases import PASSWORD
from tests.processes import Installation, iterate, wait_until
from tests.test_journey import answer_all, matter_of, submit, wait_for_status

pytestmark = pytest.mark.xdist_group("api_streams")
Event = dict[str, Any]
PAUSE = 2.5  # seconds; without our own server the end of a WebSocket is cut off after one


@pytest.fixture(scope="module")
def advised(installation: Installation) -> str:
    """A matter whose stream has ended."""
    matter = waiting_matter(installation)
    answer_all(installation, matter)
    wait_for_status(installation, matter, "advised")
    return matter


@pytest.fixture(scope="module")
def quiet(installation: Installation) -> str:
    """A matter that waits for a person."""
    return waiting_matter(installation)


def waiting_matter(product: Installation) -> str:
    matter = submit(product)
    wait_for_status(product, matter, "awaiting_founder")
    return matter


@pytest.fixture(scope="module")
def everything(installation: Installation, advised: str) -> list[Event]:
    """All events of the advised matter."""
    return list(iterate(lambda cursor: poll(installation, advised, after=cursor)))


def poll(product: Installation, matter: str, **query: Any) -> Event:
    response = product.api.get(f"/api/v1/matters/{matter}/events", params=query)
    assert response.status_code == 200, response.text
    return dict(response.json())


def socket(product: Installation, matter: str, query: str = "", **headers: str) -> ClientConnection:
    names = {name.replace("_", "-"): value for name, value in headers.items()} or {
        "Authorization": f"Bearer {product.api_key}"
    }
    url = f"ws://127.0.0.1:{product.port}/ws/matters/{matter}/{query}"
    return connect(url, additional_headers=names, max_queue=None)


def cookies_of(product: Installation) -> str:
    """A founder who signs in."""
    with httpx2.Client(base_url=product.url, follow_redirects=False) as browser:
        browser.get("/accounts/login/")
        form = {"login": product.founder_email, "password": PASSWORD}
        form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
        response = browser.post("/accounts/login/", data=form, headers={"Referer": product.url})
        assert response.status_code == 302, response.text
        return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


# --- poll


def test_polls_of_any_size_show_the_same_events(
    installation: Installation, advised: str, everything: list[Event]
) -> None:
    for limit in (1, 2, 7):
        pages = iterate(partial(page_after, installation, advised, limit))
        assert [event["id"] for event in pages] == [event["id"] for event in everything]
        assert len(poll(installation, advised, limit=limit)["events"]) == limit


def test_who_waits_for_text_is_not_answered_for_each_piece(installation: Installation) -> None:
    pieces = 100
    installation.llm.set(text_size=20 * pieces, chunk=20, interval=0.03)
    try:
        matter = waiting_matter(installation)
        cursor = poll(installation, matter, limit=500)["cursor"]
        answer_all(installation, matter)
        answers: list[Event] = []
        while not answers or not answers[-1]["done"]:
            answers.append(poll(installation, matter, after=answers[-1]["cursor"] if answers else cursor, wait=20))
    finally:
        installation.llm.reset()
    events = [event for answer in answers for event in answer["events"]]
    assert len(text_of(events)) == matter_of(installation, matter)["advice"]["length"]
    with_text = [a for a in answers if any(event["type"] == "advice.delta" for event in a["events"])]
    assert 1 < len(with_text) < pieces / 3, "each piece of a text costs a poll: a few matters use a key's rate up"


def page_after(product: Installation, matter: str, limit: int, cursor: str) -> Event:
    return poll(product, matter, after=cursor, limit=limit)


def test_every_event_has_the_form_of_the_contract(everything: list[Event], advised: str) -> None:
    for event in everything:
        assert event.keys() == {"id", "type", "matter", "at", "data"}
        assert event["matter"] == advised
        assert set(event["id"]) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
        assert event["at"].endswith(("+00:00", "Z"))
    assert len({event["id"] for event in everything}) == len(everything)
    kinds = {event["type"]: event["data"].keys() for event in everything}
    assert kinds["matter.updated"] == {
        "status", "waiting_for", "progress", "step", "steps_done", "steps_total", "eta_seconds",
    }  # fmt: skip
    assert kinds["question.updated"] == {
        "question", "text", "why", "kind", "status", "round", "source", "answer",
    }  # fmt: skip
    assert kinds["advice.started"] == {"version", "attempt", "model"}
    assert kinds["advice.delta"] == {"version", "attempt", "offset", "text"}
    assert kinds["advice.checked"] == {"version", "attempt", "start", "end", "verdict", "sources", "reason"}
    assert kinds["advice.completed"] == {"version", "attempt", "length", "sha256", "status"}


def test_a_poll_of_a_finished_matter_does_not_wait(installation: Installation, advised: str) -> None:
    began = time.monotonic()
    page = poll(installation, advised, after=poll(installation, advised, limit=500)["cursor"], wait=30)
    assert (page["events"], page["done"]) == ([], True)
    assert time.monotonic() - began < 20


def test_a_poll_waits_as_long_as_it_was_asked_to(installation: Installation, quiet: str) -> None:
    end = poll(installation, quiet, limit=500)["cursor"]
    began = time.monotonic()
    page = poll(installation, quiet, after=end, wait=1.5)
    assert (page["events"], page["cursor"], page["done"]) == ([], end, False)
    assert 1.4 < time.monotonic() - began < 20


def test_a_poll_is_answered_as_soon_as_there_is_something(installation: Installation) -> None:
    matter = waiting_matter(installation)
    end = poll(installation, matter, limit=500)["cursor"]
    with ThreadPoolExecutor(1) as pool:
        polling = pool.submit(poll, installation, matter, after=end, wait=30)
        wait_for_report(installation, "(numbers ->> 'watched')::int > 0", "the poll waits for an event")
        assert not polling.done(), "it waits while nothing happens"
        began = time.monotonic()
        installation.api.post(f"/api/v1/matters/{matter}/cancel").raise_for_status()
        page = polling.result(timeout=40)
    assert page["events"][0]["data"]["status"] == "canceled"
    assert time.monotonic() - began < 20, "not after the 30 seconds that it would have waited"


def wait_for_report(product: Installation, holds: str, what: str) -> None:
    """Until the web process says of itself, as it does every five seconds, what `holds` from now on."""
    assert product.web is not None
    pid, ((now,),) = product.web.pid, product.sql("SELECT clock_timestamp()")
    report = "SELECT 1 FROM matters_processreport WHERE pid = %s AND seen_at > %s"
    query = f"{report} AND {holds}"
    wait_until(lambda: product.sql(query, pid, now), what)


def test_a_stream_that_was_done_goes_on_after_regenerate(installation: Installation) -> None:
    matter = waiting_matter(installation)
    answer_all(installation, matter)
    wait_for_status(installation, matter, "advised")
    end = poll(installation, matter, limit=500)
    assert end["done"]
    installation.api.post(f"/api/v1/matters/{matter}/regenerate").raise_for_status()
    more = list(by_poll(installation, matter, end["cursor"]))
    assert more[0]["data"]["status"] == "advising"
    assert text_of(more, version=2) == installation.api.get(f"/api/v1/matters/{matter}/advice").json()["content"]
    assert [e["type"] for e in more[-2:]] == ["advice.completed", "matter.updated"]


@pytest.mark.parametrize("path", ["events", "events/stream"])
@pytest.mark.parametrize("cursor", ["x", "1.2.3", "-1.0.0.0", "1.0.0.0\x00", "9" * 30, "1.0.0.0 "])
def test_a_cursor_of_no_event_is_refused(installation: Installation, advised: str, path: str, cursor: str) -> None:
    response = installation.api.get(f"/api/v1/matters/{advised}/{path}", params={"after": cursor})
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["errors"][0]["field"] == "after"


@pytest.mark.parametrize("path", ["events", "events/stream"])
def test_a_foreign_stream_is_as_a_missing_one(installation: Installation, advised: str, path: str) -> None:
    token = installation.manage("create_api_key", "--company", "other").strip()
    with installation.client(token) as stranger:
        foreign = stranger.get(f"/api/v1/matters/{advised}/{path}")
        missing = stranger.get(f"/api/v1/matters/00000000-0000-0000-0000-000000000000/{path}")
    for response in (foreign, missing):
        assert response.status_code == 404
    assert {**foreign.json(), "request_id": ""} == {**missing.json(), "request_id": ""}
    assert httpx2.get(f"{installation.url}/api/v1/matters/{advised}/{path}").status_code == 401


# --- SSE


def test_sse_frames_carry_cursor_type_and_event(
    installation: Installation, advised: str, everything: list[Event]
) -> None:
    with installation.api.stream("GET", f"/api/v1/matters/{advised}/events/stream") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["x-accel-buffering"] == "no"
        assert "no-cache" in response.headers["cache-control"]
        body = b"".join(response.iter_bytes()).decode()
    frames = [frame.split("\n") for frame in body.split("\n\n") if frame and not frame.startswith(":")]
    for frame in frames:
        names = [line.partition(": ")[0] for line in frame]
        assert names == ["id", "event", "data"]
        values = [line.partition(": ")[2] for line in frame]
        event = json.loads(values[2])
        assert (event["id"], event["type"]) == (values[0], values[1])
    assert text_of([json.loads(frame[2][6:]) for frame in frames]) == text_of(everything)


def test_sse_goes_on_behind_the_last_event_id(
    installation: Installation, advised: str, everything: list[Event]
) -> None:
    for at in (0, len(everything) // 2, len(everything) - 2):
        rest = [event["id"] for event in everything[at + 1 :] if event["type"] != "advice.delta"]
        cursor = everything[at]["id"]
        for headers, query in (({"Last-Event-ID": cursor}, ""), ({}, cursor), ({"Last-Event-ID": cursor}, "1.0.0.0")):
            events = by_sse(installation, advised, query, **headers)
            assert [event["id"] for event in events if event["type"] != "advice.delta"] == rest


def test_head_of_a_stream_does_not_disturb_the_connection(installation: Installation, advised: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", installation.port, timeout=10)
    headers = {"Authorization": f"Bearer {installation.api_key}"}
    for path in ("/events/stream", "/events?limit=500", "/advice", ""):
        connection.request("HEAD", f"/api/v1/matters/{advised}{path}", headers=headers)
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"")
        connection.request("GET", f"/api/v1/matters/{advised}", headers=headers)
        assert json.loads(connection.getresponse().read())["id"] == advised
    connection.close()


# --- WebSocket


def test_a_websocket_shows_the_same_events_and_closes_with_1000(
    installation: Installation, advised: str, everything: list[Event]
) -> None:
    with socket(installation, advised) as open_socket:
        events = [json.loads(frame) for frame in open_socket]
        assert open_socket.close_code == 1000
    assert text_of(events) == text_of(everything)
    rest = everything[len(everything) // 2 :]
    with socket(installation, advised, f"?after={rest[0]['id']}") as open_socket:
        later = [json.loads(frame) for frame in open_socket]
    assert [e for e in later if e["type"] != "advice.delta"] == [e for e in rest[1:] if e["type"] != "advice.delta"]


def test_a_reader_who_pauses_reads_the_websocket_to_its_end(
    installation: Installation, advised: str, everything: list[Event]
) -> None:
    line = net.socket()
    line.setsockopt(net.SOL_SOCKET, net.SO_RCVBUF, 4096)
    line.connect(("127.0.0.1", installation.port))
    url = f"ws://127.0.0.1:{installation.port}/ws/matters/{advised}/"
    key = {"Authorization": f"Bearer {installation.api_key}"}
    with connect(url, sock=line, additional_headers=key, max_queue=1) as open_socket:
        time.sleep(PAUSE)  # the pause is what is tested: there is nothing to wait for
        events = [json.loads(frame) for frame in open_socket]
        assert open_socket.close_code == 1000, "the connection was cut off while its end was on its way"
    assert text_of(events) == text_of(everything)
    assert events[-1]["id"] == everything[-1]["id"], "the last events are missing"


def test_an_id_in_capitals_is_the_same_id(installation: Installation, advised: str, everything: list[Event]) -> None:
    with socket(installation, advised.upper()) as open_socket:
        assert text_of([json.loads(frame) for frame in open_socket]) == text_of(everything)
    for path in ("", "/events", "/advice", "/advice.md", "/deliveries"):
        small, capitals = (installation.api.get(f"/api/v1/matters/{each}{path}") for each in (advised, advised.upper()))
        assert (capitals.status_code, capitals.content) == (200, small.content), path


def test_html_comes_between_the_events(installation: Installation, advised: str, everything: list[Event]) -> None:
    with socket(installation, advised, "?html=1") as open_socket:
        frames = [str(frame) for frame in open_socket]
    events = [json.loads(frame) for frame in frames if frame.startswith("{")]
    assert text_of(events) == text_of(everything)
    assert any(not frame.startswith("{") for frame in frames), "there are fragments for the page"


def status_of(product: Installation, matter: str, query: str = "", **headers: str) -> int:
    """The HTTP status of a handshake: 101 where it is accepted."""
    try:
        with socket(product, matter, query, **headers):
            return 101
    except websockets.InvalidStatus as refusal:
        return refusal.response.status_code


def test_a_cookie_opens_a_socket_from_our_own_pages_only(installation: Installation, quiet: str) -> None:
    cookie, port = cookies_of(installation), installation.port
    for host in ("127.0.0.1", "localhost"):
        assert status_of(installation, quiet, Cookie=cookie, Origin=f"http://{host}:{port}") == 101
    for origin in (
        "http://evil.example",
        f"http://evil.example:{port}",
        f"http://127.0.0.1:{port + 1}",
        "http://127.0.0.1",
        f"https://127.0.0.1:{port}",
        f"http://127.0.0.1.evil.example:{port}",
        f"http://127.0.0.1:{port}/",
        "null",
    ):
        assert status_of(installation, quiet, Cookie=cookie, Origin=origin) == 403, f"Origin: {origin}"
    assert status_of(installation, quiet, Cookie=cookie) == 403, "a browser always sends an Origin"


def test_a_key_opens_a_socket_without_an_origin(installation: Installation, quiet: str) -> None:
    key = f"Bearer {installation.api_key}"
    assert status_of(installation, quiet, Authorization=key) == 101
    ours = f"http://127.0.0.1:{installation.port}"
    for wrong in ("Bearer wrong", "Bearer", "Basic YTpi", "Bearer \xff"):
        assert status_of(installation, quiet, Authorization=wrong) == 403
        cookie = cookies_of(installation)
        assert status_of(installation, quiet, Authorization=wrong, Cookie=cookie, Origin=ours) == 403, "the key decides"
    assert status_of(installation, quiet, Origin=ours) == 403, "nobody"
    assert status_of(installation, quiet, Origin=ours, Cookie='sessionid="\\000aaaaaaaaaa"') == 403


def test_a_foreign_or_unknown_matter_is_403_at_the_handshake(installation: Installation, quiet: str) -> None:
    stranger = installation.manage("create_api_key", "--company", "other").strip()
    assert status_of(installation, quiet, Authorization=f"Bearer {stranger}") == 403
    for matter in ("00000000-0000-0000-0000-000000000000", "not-a-uuid", quiet[:-1], quiet + "/x"):
        assert status_of(installation, matter) == 403, matter
    for query in ("?after=x", "?after=1.2.3", "?after=%ff", "?after=9.9.9.9.9"):
        assert status_of(installation, quiet, query) == 403, query
    write_only = installation.manage("create_api_key", "--company", "test", "--scopes", "write").strip()
    assert status_of(installation, quiet, Authorization=f"Bearer {write_only}") == 403


def test_garbage_is_ignored_and_a_cancel_frame_stops_the_matter(installation: Installation) -> None:
    matter = waiting_matter(installation)
    with socket(installation, matter) as open_socket:
        for garbage in (
            "",
            "x",
            "[]",
            "null",
            '{"type": 1}',
            '{"type": "stop"}',
            "[" * 50_000,
            "9" * 5_000,
            b"\xff\x00",
        ):
            open_socket.send(garbage)
        open_socket.ping().wait(timeout=10)
        assert matter_of(installation, matter)["status"] == "awaiting_founder"
        open_socket.send('{"type": "cancel"}')
        events = [json.loads(frame) for frame in open_socket]
        assert open_socket.close_code == 1000
    assert events[-1]["data"]["status"] == "canceled"


def test_a_key_that_may_only_read_stops_nothing(installation: Installation) -> None:
    matter = waiting_matter(installation)
    reader = installation.manage("create_api_key", "--company", "test", "--scopes", "read").strip()
    with socket(installation, matter, Authorization=f"Bearer {reader}") as open_socket:
        open_socket.send('{"type": "cancel"}')
    wait_for_report(installation, "(numbers #>> '{open,websocket}')::int = 0", "all that was sent has been read")
    assert matter_of(installation, matter)["status"] == "awaiting_founder"


def closing_of(open_socket: ClientConnection, seconds: float = 12) -> int | None:
    """The code it is closed with, within `seconds`."""
    ends_at = time.monotonic() + seconds
    try:
        while True:
            open_socket.recv(timeout=max(0.1, ends_at - time.monotonic()))
    except websockets.ConnectionClosed:
        return open_socket.close_code


def test_a_socket_closes_with_4401_when_its_session_ends(installation: Installation, quiet: str) -> None:
    cookie, origin = cookies_of(installation), f"http://127.0.0.1:{installation.port}"
    with socket(installation, quiet, Cookie=cookie, Origin=origin) as open_socket:
        token = next(part.partition("=")[2] for part in cookie.split("; ") if part.startswith("csrftoken"))
        headers = {"Cookie": cookie, "X-CSRFToken": token, "Referer": origin}
        assert httpx2.post(f"{installation.url}/accounts/logout/", headers=headers).status_code == 302
        assert closing_of(open_socket) == 4401
    assert status_of(installation, quiet, Cookie=cookie, Origin=origin) == 403


def test_streams_end_when_their_key_is_revoked(installation: Installation, quiet: str) -> None:
    token = installation.manage("create_api_key", "--company", "test").strip()
    end = poll(installation, quiet, limit=500)["cursor"]
    with (
        socket(installation, quiet, f"?after={end}", Authorization=f"Bearer {token}") as open_socket,
        installation.client(token) as program,
        program.stream("GET", f"/api/v1/matters/{quiet}/events/stream?after={end}") as response,
    ):
        installation.sql("UPDATE companies_apikey SET revoked_at = now() WHERE prefix = %s", token[:10])
        began = time.monotonic()
        assert closing_of(open_socket) == 4401
        for _line in response.iter_lines():
            pass
        assert time.monotonic() - began < 30, "an SSE stream ends as a WebSocket does"
        assert program.get(f"/api/v1/matters/{quiet}/events").status_code == 401


# --- all of them


def test_a_client_that_changes_transport_reads_the_same_bytes(installation: Installation) -> None:
    installation.llm.set(interval=0.01, text_size=3_000, astral=True)
    matter = waiting_matter(installation)
    answer_all(installation, matter)
    events: list[Event] = []
    transports = itertools.cycle([by_poll, by_sse, by_websocket])
    while not events or events[-1]["data"].get("status") != "advised":
        after = events[-1]["id"] if events else ""
        some: Iterator[Event] = next(transports)(installation, matter, after)
        events += itertools.islice(some, 5)
        some.close()  # type: ignore[attr-defined] # a generator: the connection is left in the middle
    installation.llm.reset()
    stored = installation.sql("SELECT text FROM advice_attempt WHERE matter_id = %s", matter)
    assert stored == [(text_of(events),)]
    wait_until(lambda: poll(installation, matter, after=events[-1]["id"])["done"], "the stream has ended")
    others = [event for event in by_poll(installation, matter, "") if event["type"] != "advice.delta"]
    assert [event for event in events if event["type"] != "advice.delta"] == others
