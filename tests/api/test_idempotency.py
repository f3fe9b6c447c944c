"""`Idempotency-Key`: however often a call is repeated, there is one matter and one answer."""

import datetime
import json

import pytest
from django.db import connection, transaction

from companies.models import Company
from matters.dedupe import earlier_matters
from matters.models import IdempotencyRecord, Matter
from tests.api.answers import read_problem
from tests.api.conftest import MATTERS, Program
from tests.threads import at_once

pytestmark = pytest.mark.django_db
QUESTION = {"question": "How?", "metadata": {"a": 1, "b": [2]}}


def test_the_same_key_and_body_get_the_same_answer(api: Program) -> None:
    first, again = (api.post(MATTERS, QUESTION, Idempotency_Key="k-1") for _ in range(2))
    assert (first.status_code, first.content, first["Location"]) == (202, again.content, again["Location"])
    assert again.status_code == 202
    assert Matter.objects.count() == 1


def test_a_body_is_the_same_however_it_is_written(api: Program) -> None:
    first = api.post(MATTERS, b'{"question":"How?","metadata":{"a":1,"b":[2]}}', Idempotency_Key="k")
    again = api.post(MATTERS, b' { "metadata" : {"b": [2], "a": 1}, "question": "H\\u006fw?" }', Idempotency_Key="k")
    assert first.content == again.content
    assert Matter.objects.count() == 1


def test_another_body_with_the_same_key_is_refused(api: Program) -> None:
    api.post(MATTERS, QUESTION, Idempotency_Key="k")
    read_problem(api.post(MATTERS, QUESTION | {"question": "When?"}, Idempotency_Key="k"), 422)
    read_problem(api.post(MATTERS, QUESTION | {"priority": "batch"}, Idempotency_Key="k"), 422)
    assert Matter.objects.count() == 1


def test_calls_without_a_key_are_calls_of_their_own(api: Program) -> None:
    assert api.post(MATTERS, QUESTION).content != api.post(MATTERS, QUESTION).content
    assert Matter.objects.count() == 2


def test_a_key_of_255_characters_is_a_key(api: Program) -> None:
    assert api.post(MATTERS, QUESTION, Idempotency_Key="~" * 255).status_code == 202
    assert api.post(MATTERS, QUESTION, Idempotency_Key="~" * 255).status_code == 202
    assert Matter.objects.count() == 1


def test_a_call_that_was_refused_does_not_use_its_key_up(api: Program) -> None:
    read_problem(api.post(MATTERS, {"question": ""}, Idempotency_Key="k"), 400)
    assert api.post(MATTERS, QUESTION, Idempotency_Key="k").status_code == 202


def test_companies_do_not_meet_in_their_keys(api: Program, stranger: Program) -> None:
    mine, theirs = (program.post(MATTERS, QUESTION, Idempotency_Key="k") for program in (api, stranger))
    assert json.loads(mine.content)["id"] != json.loads(theirs.content)["id"]


def test_a_key_may_be_used_anew_after_a_day(api: Program) -> None:
    first = api.post(MATTERS, QUESTION, Idempotency_Key="k")
    age = IdempotencyRecord.objects.get().created_at - datetime.timedelta(hours=23, minutes=59)
    IdempotencyRecord.objects.update(created_at=age)
    assert api.post(MATTERS, QUESTION, Idempotency_Key="k").content == first.content
    IdempotencyRecord.objects.update(created_at=age - datetime.timedelta(minutes=2))
    assert api.post(MATTERS, QUESTION, Idempotency_Key="k").content != first.content
    assert Matter.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_eight_calls_at_once_make_one_matter(api_key: str) -> None:
    programs = [Program(Authorization=f"Bearer {api_key}") for _ in range(8)]
    answers = at_once(*[lambda program=p: program.post(MATTERS, QUESTION, Idempotency_Key="k") for p in programs])
    taken = [answer for answer in answers if answer.status_code == 202]
    assert taken, "one of them is answered"
    assert len({answer.content for answer in taken}) == 1, "all that are answered are answered alike"
    for answer in answers:
        if answer.status_code != 202:
            read_problem(answer, 409)
            assert answer["Retry-After"] == "1"
    assert Matter.objects.count() == IdempotencyRecord.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_key_that_is_in_flight_is_refused_at_once(api: Program, company: Company) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{company.pk} key k"])
        (answer,) = at_once(lambda: api.post(MATTERS, QUESTION, Idempotency_Key="k"))
    read_problem(answer, 409)
    assert not Matter.objects.exists()
    assert api.post(MATTERS, QUESTION, Idempotency_Key="k").status_code == 202


@pytest.mark.django_db(transaction=True)
def test_no_key_waits_for_what_is_deduped_meanwhile(api: Program, company: Company) -> None:
    with transaction.atomic():
        earlier_matters(company, ["the mark of another submission"])
        (answer,) = at_once(lambda: api.post(MATTERS, QUESTION, Idempotency_Key="dedupe"))
    assert answer.status_code == 202
