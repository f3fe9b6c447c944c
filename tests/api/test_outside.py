"""The web process as a client meets it: raw bytes, and a database or broker that goes away and comes back."""

import contextlib
import http.client
import io
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from config.run import children
from config.run.web import KEPT_BODY_BYTES
from tests.api.gate import Gate
from tests.processes import Installation, Process, free_port, wait_until
from tests.test_journey import submit, wait_for_status

pytestmark = pytest.mark.xdist_group("api_outside")
MATTERS = "/api/v1/matters"
QUESTION = {"question": "How?"}


@dataclass
class Web:
    """A second web process, whose database and broker are behind gates."""

    port: int
    api: httpx2.Client
    database: Gate
    broker: Gate
    process: Process
    product: Installation

    def restart(self) -> None:
        self.process.kill()
        self.process = start_web(self.product, self.port, self.database, self.broker, self.process.log.parent)
        wait_until(self.answers, "the web process answers")

    def answers(self) -> bool:
        try:
            return bool(self.api.get("/readyz").status_code == 200)
        except httpx2.HTTPError:
            return False

    def lost_listeners(self) -> int:
        """How often it has noticed that its database is away, while somebody followed a matter."""
        return self.process.log.read_text(errors="replace").count("LISTEN broke")


def start_web(product: Installation, port: int, database: Gate, broker: Gate, folder: Path) -> Process:
    env = dict(product.env)
    for name, gate in (("DATABASE_URL", database), ("REDIS_URL", broker)):
        env[name] = env[name].replace(f":{urlsplit(env[name]).port}", f":{gate.port}")
    command = children.web("-b", "127.0.0.1", "-p", str(port))
    return Process("web", command, env | {"PORT": str(port), "API_RATE": "100000"}, folder / "gated-web.log")


@pytest.fixture(scope="module")
def gated(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    port = free_port()
    with (
        Gate(urlsplit(installation.env["DATABASE_URL"]).port or 0) as database,
        Gate(urlsplit(installation.env["REDIS_URL"]).port or 0) as broker,
        httpx2.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {installation.api_key}"},
            timeout=30,
        ) as api,
    ):
        process = start_web(installation, port, database, broker, tmp_path_factory.mktemp("gated"))
        web = Web(port, api, database, broker, process, installation)
        try:
            wait_until(web.answers, "the web process answers")
            yield web
        finally:
            web.process.kill()


def problem_of(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document = dict(response.json())
    assert document["request_id"] == response.headers["x-request-id"]
    return document


def test_a_body_without_a_length_is_bounded_as_well(installation: Installation) -> None:
    headers = {"Authorization": f"Bearer {installation.api_key}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", installation.port, timeout=30)
    for pieces, status in (([b" " * 1_000] * 100, 413), ([b'{"question":', b' "How?"}'], 202)):
        connection.request("POST", MATTERS, iter(pieces), headers, encode_chunked=True)
        response = connection.getresponse()
        document = json.loads(response.read())
        assert response.status == status
        assert response.getheader("Content-Type") == f"application/{'problem+' if status == 413 else ''}json"
        assert ("request_id" in document) == (status == 413)
    connection.close()


@pytest.mark.parametrize("declared", [True, False])
def test_no_more_of_a_body_is_kept_than_any_address_takes(installation: Installation, declared: bool) -> None:
    assert installation.web is not None
    pid, piece = installation.web.pid, b" " * 2**20
    headers = {"Authorization": f"Bearer {installation.api_key}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", installation.port, timeout=60)
    connection.putrequest("POST", MATTERS)
    for name, value in (headers | ({"Content-Length": str(32 * 2**20)} if declared else {})).items():
        connection.putheader(name, value)
    if not declared:
        connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    for _ in range(31):
        connection.send(piece if declared else b"100000\r\n" + piece + b"\r\n")
    almost = KEPT_BODY_BYTES - io.DEFAULT_BUFFER_SIZE  # the rest may wait in the file's buffer
    wait_until(lambda: largest_open_file(pid) >= almost, "the body is on its way to a file")
    assert largest_open_file(pid) <= KEPT_BODY_BYTES, "whoever comes may fill the disk"
    connection.send(piece if declared else b"0\r\n\r\n")
    response = connection.getresponse()
    assert response.status == 413, response.read()
    connection.close()


def largest_open_file(pid: int) -> int:
    """Bytes of the largest deleted file that a process holds (Linux)."""
    sizes = [0]
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if "(deleted)" in str(descriptor.readlink()):
                sizes.append(descriptor.stat().st_size)
    return max(sizes)


@pytest.mark.parametrize(
    "header",
    [
        ("Authorization", "Bearer \xff\xfe"),
        ("Authorization", "Bearer " + "x" * 8_000),
        ("Authorization", "\x01"),
        ("Cookie", 'sessionid="\\000aaaaaaaaaaaaaaaa"'),
        ("Cookie", "\xff=\xfe; sessionid=\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        ("Cookie", "a[b]=1;;;==; sessionid"),
    ],
)
def test_no_header_makes_a_fault(installation: Installation, header: tuple[str, str]) -> None:
    for path in (MATTERS, f"{MATTERS}/00000000-0000-0000-0000-000000000000/events"):
        connection = http.client.HTTPConnection("127.0.0.1", installation.port, timeout=30)
        connection.putrequest("GET", path)
        connection.putheader(header[0], header[1].encode("latin-1"))
        connection.endheaders()
        response = connection.getresponse()
        assert response.status in (400, 401), response.read()
        assert json.loads(response.read())["status"] == response.status
        connection.close()


def test_an_answer_to_a_key_outlives_the_web_process(gated: Web) -> None:
    headers = {"Idempotency-Key": "before-and-after"}
    first = gated.api.post(MATTERS, json=QUESTION, headers=headers)
    gated.restart()
    again = gated.api.post(MATTERS, json=QUESTION, headers=headers)
    assert first.status_code == again.status_code == 202
    assert first.content == again.content
    assert first.headers["Location"] == again.headers["Location"]
    count = gated.product.sql("SELECT count(*) FROM matters_matter WHERE id = %s", first.json()["id"])
    assert count == [(1,)]


def test_a_matter_is_taken_within_a_second_while_redis_is_away(gated: Web) -> None:
    gated.broker.shut()
    took = []
    try:
        for _ in range(5):
            began = time.monotonic()
            response = gated.api.post(MATTERS, json=QUESTION)
            took.append(time.monotonic() - began)
            assert response.status_code == 202
            assert gated.api.get(f"{MATTERS}/{response.json()['id']}/events").status_code == 200
        assert median(took) < 1.0, "a broker that is away slows nobody"
        assert gated.api.get("/readyz").json()["part"] == "broker"
        assert gated.api.get("/healthz").status_code == 200
    finally:
        gated.broker.open()
    wait_until(gated.answers, "it is ready again")
    wait_for_status(gated.product, response.json()["id"], "awaiting_founder")


def test_everything_is_503_while_the_database_is_away_and_comes_back(gated: Web) -> None:
    matter = submit(gated.product)
    wait_for_status(gated.product, matter, "awaiting_founder")
    question = gated.api.get(f"{MATTERS}/{matter}").json()["questions"][0]["id"]
    before = gated.product.sql("SELECT count(*) FROM matters_matter")
    key, session = dict(gated.api.headers), {"Cookie": "sessionid=" + "a" * 32}
    calls = [
        (key, "POST", MATTERS, QUESTION),
        (key, "GET", f"{MATTERS}/{matter}", None),
        (key, "POST", f"{MATTERS}/{matter}/questions/{question}/answer", {"answer": "Yes"}),
        (key, "GET", f"{MATTERS}/{matter}/events", None),
        (key, "GET", f"{MATTERS}/{matter}/events/stream", None),
        (session, "GET", MATTERS, None),
    ]

    def answer_to(call: tuple[dict[str, str], str, str, Any]) -> httpx2.Response:
        headers, method, path, body = call
        return httpx2.request(method, f"{gated.api.base_url}{path}", headers=headers, json=body, timeout=30)

    gated.database.shut()
    try:
        with ThreadPoolExecutor(len(calls) + 1) as pool:
            numbers = pool.submit(gated.api.get, "/metrics")
            for response in pool.map(answer_to, calls):
                assert "again" in problem_of(response, 503)["detail"]
                assert int(response.headers["retry-after"]) > 0
        page = httpx2.get(f"{gated.api.base_url}/", headers=session, timeout=30)
        assert (page.status_code, page.headers["retry-after"]) == (503, "5"), "a page says that it is our fault"
        assert "The database is not responding" in page.text
        assert gated.api.get("/readyz").json()["part"] == "database"
        assert numbers.result().status_code == 503
        assert gated.api.get("/healthz").status_code == 200
    finally:
        gated.database.open()
    wait_until(gated.answers, "it is ready again")
    wait_until(lambda: gated.api.get(f"{MATTERS}/{matter}").status_code == 200, "calls are answered again")
    wait_until(lambda: gated.api.get(f"{MATTERS}/{matter}/events").status_code == 200, "events are answered again")
    assert gated.product.sql("SELECT count(*) FROM matters_matter") == before, "nothing was stored"


def test_an_open_stream_goes_on_after_the_database_was_away(gated: Web) -> None:
    matter = submit(gated.product)
    wait_for_status(gated.product, matter, "awaiting_founder")
    with gated.api.stream("GET", f"{MATTERS}/{matter}/events/stream") as response:
        lines = response.iter_lines()
        assert next(lines).startswith(":")
        before = gated.lost_listeners()
        gated.database.shut()
        wait_until(lambda: gated.lost_listeners() > before, "the web process notices that its database is away")
        gated.database.open()
        gated.product.api.post(f"{MATTERS}/{matter}/cancel").raise_for_status()
        events = [json.loads(line[5:]) for line in lines if line.startswith("data:")]
    assert events[-1]["data"]["status"] == "canceled"
    stored = gated.product.sql("SELECT count(*) FROM matters_event WHERE matter_id = %s", matter)
    assert stored == [(len(events),)], "no event is lost, none comes twice"


def test_a_host_that_is_not_ours_gets_a_problem_document(installation: Installation) -> None:
    problem_of(installation.api.get(MATTERS, headers={"Host": "evil.example"}), 400)
    page = installation.api.get("/", headers={"Host": "evil.example"})
    assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (400, "text/html")


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("body", ["hello", "--x\r\n", '{"question": "May we?"}'])
def test_what_is_posted_as_a_form_and_is_none_is_answered_by_the_product(
    installation: Installation, kind: str, body: str
) -> None:
    matter = submit(installation)
    installation.api.post(f"{MATTERS}/{matter}/cancel")
    headers = {"Content-Type": kind}
    problem_of(installation.api.post(f"{MATTERS}/{matter}/documents", content=body, headers=headers), 400)
    taken = installation.api.post(MATTERS, content=body, headers=headers)
    assert taken.status_code == (202 if body.startswith("{") else 400), "JSON is taken whatever its type is said to be"
    assert taken.headers["x-request-id"]


def test_a_document_without_a_length_is_taken_and_bounded_as_well(installation: Installation) -> None:
    here = f"{MATTERS}/{submit(installation)}/documents"
    headers = {"Authorization": f"Bearer {installation.api_key}", "Content-Type": "multipart/form-data; boundary=x"}
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    connection = http.client.HTTPConnection("127.0.0.1", installation.port, timeout=60)
    for body, status in (([b"word " * 200_000] * 22, 413), ([b"The salary is agreed."], 201)):
        connection.request("POST", here, iter([head, *body, b"\r\n--x--\r\n"]), headers, encode_chunked=True)
        response = connection.getresponse()
        document = json.loads(response.read())
        assert response.status == status, document
    assert (document["pages"], document["media_type"]) == (1, "text/plain")
    connection.close()
