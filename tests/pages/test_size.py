"""What a matter's page weighs as it is sent, and that nothing stands between its text and the reader."""

import gzip
import re

import pytest
from django.test import Client

from matters.models import Matter
from tests.pages.conftest import SOURCE, AskQuestion, Write, settle

pytestmark = pytest.mark.django_db
MOST = 150_000  # bytes
WORDS = """termination wages notice severance board resolution consent agreement founder option vesting window
California Nevada Delaware statute section deadline payroll benefits continuation release waiver consideration age
protected retaliation final payment accrued vacation expense equity exercise repurchase"""


def sentences(length: int, seed: int) -> str:
    """Prose that compresses no better than what people write: the order of its words is never the same."""
    words, state, said = WORDS.split(), seed, ""
    while len(said) < length:
        state = (state * 1_103_515_245 + 12_345) % 2**31
        said += words[state // 65_536 % len(words)] + (f" {state % 9973}. " if state // 65_536 % 11 == 0 else " ")
    return said


def sent(page: Client, address: str) -> tuple[int, str]:
    """Bytes on the wire, and the text."""
    response = page.get(address, headers={"Accept-Encoding": "gzip"})
    assert response.status_code == 200, address
    body = response.getvalue()
    return len(body), (gzip.decompress(body) if response.get("Content-Encoding") == "gzip" else body).decode()


def test_60_kb_of_advice_and_15_questions_are_less_than_150_kb_with_all_files(
    page: Client, matter: Matter, ask: AskQuestion, write: Write
) -> None:
    for number in range(15):
        settle(ask(wording=sentences(90, number), hint=sentences(60, number)), sentences(60, number))
    sources = [SOURCE | {"marker": f"P{n}", "text": sentences(1_500, 100 + n)} for n in range(1, 21)]
    parts = [f"## Part {n}\n\n{sentences(2_980, n)} [P{n}] [F1]\n" for n in range(1, 21)]
    write("\n".join(parts), sources=sources)
    weight, html = sent(page, f"/matters/{matter.pk}/")
    assert len(html) > 100_000
    files, found = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', html)), 0
    files |= {f"/static/matter{name}.js" for name in imported("static/matter.js")}
    for file in sorted(files):
        bytes_, _ = sent(page, file)
        weight += bytes_
        found += 1
    assert found >= 12, "the search does not see the scripts"
    assert weight < MOST, f"{weight:,} bytes are sent"


def imported(path: str) -> set[str]:
    """The modules beside `path` that it loads, as /folder/name."""
    with open(path) as file:
        return {f"/{name}" for name in re.findall(r'from "\./matter/(\w+)\.js"', file.read())} | {"/markdown"}


def test_the_text_is_in_the_page_and_waits_for_no_script(page: Client, matter: Matter, write: Write) -> None:
    write("Pay **at once** [P1].")
    html = page.get(f"/matters/{matter.pk}/").content.decode()
    assert "<strong>at once</strong>" in html
    scripts = re.findall(r"<script\b[^>]*>", html)
    assert scripts
    for script in scripts:
        assert 'type="module"' in script, f"{script} holds up the page"
    assert not re.search(r"<style\b|\sstyle=|\son\w+=", html), "the security policy lets none of these in"


def test_a_static_file_is_sent_as_it_is_to_who_takes_no_gzip(client: Client) -> None:
    path = "/static/matterstream.css"
    plain, packed = client.get(path), client.get(path, headers={"Accept-Encoding": "gzip, br"})
    body = plain.getvalue()
    assert plain["Vary"] == packed["Vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.getvalue()) == body
    assert len(body) == int(plain["Content-Length"])
    again = client.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": packed["ETag"]})
    assert again.status_code == 304
    part = client.get(path, headers={"Range": "bytes=0-9", "Accept-Encoding": "gzip"})
    assert (part.status_code, part.getvalue()) == (206, body[:10])


def test_only_the_matters_own_page_is_compressed(page: Client, matter: Matter) -> None:
    """A list shows what was searched for beside what is secret: its length would tell of both."""
    packed = {"Accept-Encoding": "gzip"}
    assert page.get(f"/matters/{matter.pk}/", headers=packed)["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in page.get("/", {"q": "lease"}, headers=packed)
