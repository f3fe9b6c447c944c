"""Whatever is sent, the API has an answer of its own: never a fault, and never a page of HTML."""

import json
import uuid
from typing import Any

import pytest
from django.http import HttpResponse
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from companies.models import ApiKey, Company
from matters.models import Matter
from matters.states import QuestionStatus
from tests.api.answers import read_problem
from tests.api.conftest import MATTERS, Program
from tests.fuzzing import examples
from tests.rows import gathering

pytestmark = pytest.mark.django_db
# Rows that an example stores are no input of the next one.
bounded = settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

# They look by connections of their own, which see no key of a test's transaction: `test_streams.py` has them.
STREAMS = {"events", "stream"}
text = st.text(st.characters(codec=None), max_size=40) | st.sampled_from(
    ["\x00", "\ud800", "x" * 10_001, "😀" * 10_000]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | text
values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4), max_leaves=12
)
names = st.sampled_from(["question", "priority", "model", "metadata", "answer", "unknown", "round"]) | text
bodies = (
    st.dictionaries(names, values, max_size=5).map(lambda fields: {"question": "How?"} | fields)
    | st.dictionaries(names, values, max_size=5)
    | values
)


def check(response: HttpResponse) -> None:
    """An answer of the API's own, and no fault."""
    assert response.status_code < 500, response.content
    if response.status_code >= 400:
        read_problem(response, response.status_code)


@bounded
@given(body=bodies, key=st.none() | st.text(st.characters(max_codepoint=255), max_size=300))
def test_any_json_is_taken_or_refused(api: Program, body: Any, key: str | None) -> None:
    before = Matter.objects.count()
    headers = {} if key is None else {"Idempotency_Key": key.replace("\r", "").replace("\n", "")}
    response = api.post(MATTERS, body, **headers)
    check(response)
    if response.status_code == 202:
        path = f"{MATTERS}/{json.loads(response.content)['id']}"
        check(api.get(path))
    else:
        assert Matter.objects.count() == before, "what is refused is not stored"


@bounded
@given(body=st.binary(max_size=300) | bodies.map(lambda body: json.dumps(body).encode("utf-16")))
def test_any_bytes_are_taken_or_refused(api: Program, body: bytes) -> None:
    check(api.post(MATTERS, body))


@bounded
@given(body=bodies)
def test_any_json_is_an_answer_or_refused(company: Company, body: Any) -> None:
    api = Program(Authorization=f"Bearer {ApiKey.issue(company, ['read', 'write'])[1]}")
    question = gathering(company, 1, QuestionStatus.AWAITING_FOUNDER).questions.all()[0]
    check(api.post(f"{MATTERS}/{question.matter_id}/questions/{question.pk}/answer", body))


@bounded
@given(query=st.dictionaries(st.sampled_from(["cursor", "limit", "version", "attempt", "x"]), text, max_size=4))
def test_any_query_is_understood_or_refused(api: Program, matter: Matter, query: dict[str, str]) -> None:
    storable = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
    for path in (MATTERS, f"{MATTERS}/{matter.pk}/advice", f"{MATTERS}/{matter.pk}/advice.md"):
        check(api.get(path, **storable))


@bounded
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "X"]),
    parts=st.lists(st.sampled_from(["matters", "events", "stream", "advice", "..", "cancel", ""]) | text, max_size=5),
)
def test_any_address_has_an_answer(api: Program, method: str, parts: list[str]) -> None:
    path = "/".join(parts).encode("utf-8", "replace").decode().replace("?", "")
    assume(path not in STREAMS)
    response = api.send(method, f"{MATTERS}/{uuid.UUID(int=0)}/{path}")
    assert response.status_code in ((404, 405) if method != "OPTIONS" else (204, 404)), response.content


@bounded
@given(header=st.text(st.characters(max_codepoint=255), max_size=60))
def test_any_authorization_is_known_or_refused(db: None, header: str) -> None:
    for prefix in ("", "Bearer ", "bearer\t"):
        read_problem(Program(Authorization=prefix + header).get(MATTERS), 401)


@bounded
@given(cookies=st.text(st.characters(max_codepoint=255), max_size=80))
def test_any_cookie_is_a_session_or_none(db: None, cookies: str) -> None:
    for prefix in ("", "sessionid=", 'sessionid="\\000'):
        response = Program(Cookie=prefix + cookies).get(MATTERS)
        read_problem(response, response.status_code)
        assert response.status_code in (400, 401)
