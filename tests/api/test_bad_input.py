"""Whatever is sent instead of a question is refused with words, and nothing is stored."""

import base64
import json
import uuid
from typing import Any

import pytest

from matters.models import IdempotencyRecord, Matter
from tests.api.answers import fields_of, read_problem
from tests.api.conftest import MATTERS, Program

pytestmark = pytest.mark.django_db
NO_MATTER = uuid.UUID(int=0)


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


def refused(api: Program, body: Any, status: int = 400, **headers: str) -> dict[str, Any]:
    problem = read_problem(api.post(MATTERS, body, **headers), status)
    assert not Matter.objects.exists(), "a refused call stores nothing"
    assert not IdempotencyRecord.objects.exists()
    return problem


@pytest.mark.parametrize("character", ["x", "é", "€", "😀"])
def test_it_takes_ten_thousand_characters_and_not_one_more(api: Program, character: str) -> None:
    body = json.dumps({"question": character * 10_001}, ensure_ascii=False).encode()
    assert fields_of(refused(api, body)) == ["question"]
    body = json.dumps({"question": character * 10_000}, ensure_ascii=False).encode()
    assert api.post(MATTERS, body).status_code == 202
    assert Matter.objects.get().question == character * 10_000


@pytest.mark.parametrize(
    "question", ["", "   \n\t", "a\x00b", "a\ud800b", "\udfff", "x" * 10_001, None, 1, True, [], {}]
)
def test_it_refuses_what_is_no_question(api: Program, question: object) -> None:
    assert fields_of(refused(api, {"question": question})) == ["question"]


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"x"', b"1", b"true", b"[{}]", b"{}", b'{"Question": "x"}'])
def test_it_refuses_what_is_no_object_with_a_question(api: Program, body: bytes) -> None:
    assert refused(api, body)["errors"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"question=How%3F",
        b"--x\r\nContent-Disposition: form-data; name=question\r\n\r\nHow?\r\n--x--",
        b'{"question": "x"} {}',
        b'{"question": "x",}',
        b"{'question': 'x'}",
        b"[" * 60_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"question": "x", "metadata": {"n": ' + b"9" * 5_000 + b"}}",
        b'{"question": NaN}',
        b'{"question": "x", "metadata": {"n": NaN}}',
        b'{"question": "x", "metadata": {"n": -Infinity}}',
        b'{"question": "\xff"}',
        b'{"question": "\xed\xa0\x80"}',  # a surrogate in UTF-8
        '{"question": "x"}'.encode("utf-16"),
        b'{"question": "first", "question": "second"}',
        b'{"question": "x", "metadata": {"a": 1, "a": 2}}',
        b"\x00",
    ],
)
def test_it_refuses_what_is_no_json(api: Program, body: bytes) -> None:
    problem = refused(api, body)
    assert fields_of(problem) == ["body"], "the body as a whole is wrong"
    assert "sys." not in problem["detail"], "words for people, not for Python's developers"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"priority": "urgent"}, "priority"),
        ({"dedupe": "a\x00"}, "dedupe"),
        ({"dedupe": 1}, "dedupe"),
        ({"model": "m" * 201}, "model"),
        ({"model": "\x00"}, "model"),
        ({"model": 4}, "model"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {"a\x00": 1}}, "metadata"),
        ({"metadata": {"a": ["\ud800"]}}, "metadata"),
        ({"metadata": {"a": "x" * 17_000}}, "metadata"),
        ({"metadata": nested(33)}, "metadata"),
        ({"metadata": nested(300)}, "metadata"),
        ({"qestion": "misspelt"}, "qestion"),
    ],
)
def test_it_names_the_field_that_is_wrong(api: Program, fields: dict[str, Any], named: str) -> None:
    assert fields_of(refused(api, {"question": "How?"} | fields)) == [named]


def test_null_leaves_out_what_need_not_be_given(api: Program) -> None:
    left_out = dict.fromkeys(("priority", "model", "webhook_url", "callback_headers", "metadata", "dedupe"))
    key = {"Idempotency-Key": "once"}
    first = api.post(MATTERS, {"question": "How?"}, **key)
    again = api.post(MATTERS, {"question": "How?"} | left_out, **key)
    assert again.status_code == 202, again.content
    assert again.content == first.content, "both say the same, so one key stands for both"
    assert Matter.objects.get().priority == "interactive"
    batch = api.post("/api/v1/batches", {"matters": [{"question": "How?", "custom_id": None} | left_out]})
    assert batch.status_code == 202, batch.content
    assert Matter.objects.latest("submitted_at").priority == "batch"


def test_an_address_has_a_bounded_number_of_parameters(api: Program) -> None:
    path = f"{MATTERS}?{'&'.join(f'a{n}=1' for n in range(1_001))}"
    assert "1,000 parameters" in read_problem(api.send("GET", path), 400)["detail"]


def test_it_names_every_wrong_field_at_once(api: Program) -> None:
    problem = refused(api, {"question": "", "priority": "urgent", "colour": "red"})
    assert sorted(fields_of(problem)) == ["colour", "priority", "question"]


def test_it_refuses_a_number_that_no_database_holds(api: Program) -> None:
    assert fields_of(refused(api, b'{"question": "x", "metadata": {"n": 1e400}}')) == ["metadata"]


@pytest.mark.parametrize("number", ["1e308", "-1e308", "5e-324", "-0.0", "9" * 4_000, "1.5"])
def test_it_takes_every_number_that_the_database_holds(api: Program, number: str) -> None:
    assert api.post(MATTERS, b'{"question": "x", "metadata": {"n": %s}}' % number.encode()).status_code == 202
    assert api.get(MATTERS).status_code == 200


def test_it_takes_a_byte_order_mark_and_any_content_type(api: Program) -> None:
    for kind in ("text/plain", "application/json; charset=klingon", "application/x-www-form-urlencoded", "???"):
        assert api.post(MATTERS, b'\xef\xbb\xbf{"question": "How?"}', kind).status_code == 202, kind


@pytest.mark.parametrize("size", [65_537, 300_000])
def test_it_refuses_a_body_of_more_than_64_kb(api: Program, size: int) -> None:
    refused(api, b" " * size, 413)
    answer = f"{MATTERS}/{NO_MATTER}/questions/{NO_MATTER}/answer"
    read_problem(api.post(answer, b" " * size), 413)


def test_it_takes_a_body_of_64_kb(api: Program) -> None:
    body = b'{"question": "How?"}'
    assert api.post(MATTERS, body + b" " * (65_536 - len(body))).status_code == 202


@pytest.mark.parametrize("key", ["", "k" * 256, "schlüssel", "a\tb", "\x7f"])
def test_it_refuses_an_idempotency_key_that_it_could_not_keep(api: Program, key: str) -> None:
    assert fields_of(refused(api, {"question": "How?"}, Idempotency_Key=key)) == ["Idempotency-Key"]


def cursor_of(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "\x00",
        "é",
        "=" * 10,
        "A" * 5_000,
        "AAAA",
        cursor_of(f"2026-11-22T00:00:00 {NO_MATTER}"),
        cursor_of(f"2026-11-22T00:00:00+23:59 {NO_MATTER}"),
        cursor_of(f"9999-12-31T23:59:59-23:59 {NO_MATTER}"),
        cursor_of("2026-11-22T00:00:00+00:00 no-uuid"),
        cursor_of("2026-11-22T00:00:00+00:00"),
    ],
)
def test_it_refuses_a_cursor_that_it_did_not_give(api: Program, cursor: str) -> None:
    assert fields_of(read_problem(api.get(MATTERS, cursor=cursor), 400)) == ["cursor"]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "", "1.5", "1e2", "9" * 5_000, "\x00"])
def test_it_refuses_a_limit_out_of_bounds(api: Program, limit: str) -> None:
    assert fields_of(read_problem(api.get(MATTERS, limit=limit), 400)) == ["limit"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"answer": None},
        {"unknown": False},
        {"unknown": "yes"},
        {"unknown": 1},
        {"answer": "Yes", "unknown": True},
        {"answer": ""},
        {"answer": " "},
        {"answer": "a\x00"},
        {"answer": "\udfff"},
        {"answer": "x" * 10_001},
        {"answer": 1},
        {"answer": "Yes", "round": 0},
        {"answer": "Yes", "round": 101},
        {"answer": "Yes", "round": 1.5},
        {"answer": "Yes", "round": True},
        {"answer": "Yes", "round": "1"},
        {"answer": "Yes", "round": 10**30},
        {"answer": "Yes", "reason": "because"},
        [],
        "Yes",
    ],
)
def test_it_refuses_what_is_no_answer(api: Program, body: object) -> None:
    assert read_problem(api.post(f"{MATTERS}/{NO_MATTER}/questions/{NO_MATTER}/answer", body), 400)["errors"]
