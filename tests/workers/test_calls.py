"""The record of calls: each call once, whatever became of the transaction that was to store it."""

import hashlib
import json

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from companies.models import Company
from matters.models import CallOutcome, LLMCall, LLMCallText, Matter
from tests import rows
from tests.fakes.llm import FakeLLM
from tests.workers.conftest import Pipeline
from workers.calls import CallLog, MadeCall
from workers.claims import claim_step

pytestmark = pytest.mark.usefixtures("pipeline")
SAID = [{"role": "user", "content": "May we? 😀 \x00 \ud83d"}]


def log_of(matter: Matter) -> CallLog:
    claim = claim_step("plan_search")
    assert claim is not None
    assert claim.matter_id == matter.pk
    return CallLog(claim)


def recorded(matter: Matter) -> list[str]:
    return list(LLMCall.objects.filter(matter=matter).order_by("pk").values_list("request_id", flat=True))


def test_a_commit_that_nobody_confirmed_leaves_no_call_twice(matter: Matter, monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_of(matter)
    log.add(MadeCall("m", SAID, CallOutcome.INVALID, request_id="first"))
    with monkeypatch.context() as broken:
        broken.setattr(transaction, "on_commit", lambda _do: None)  # as when the session ends in the commit
        log.store()
        log.add(MadeCall("m", SAID, CallOutcome.OK, request_id="second"))
        log.store()
    log.store()
    assert recorded(matter) == ["first", "second"]
    log.store()
    assert recorded(matter) == ["first", "second"]
    assert LLMCallText.objects.count() == 2


def test_calls_of_a_transaction_that_failed_are_stored_by_the_next_one(matter: Matter) -> None:
    log = log_of(matter)
    log.add(MadeCall("m", SAID, CallOutcome.OK, request_id="only"))
    with transaction.atomic():
        log.store()
        transaction.set_rollback(True)
    assert recorded(matter) == []
    log.store()
    assert recorded(matter) == ["only"]


def test_a_call_is_stored_though_a_crash_gave_its_id_to_another(matter: Matter, company: Company) -> None:
    """PostgreSQL makes sure of a sequence only with a commit: an id that a crash took away is given again."""
    log, other = log_of(matter), log_of(rows.submitted(company))
    log.add(MadeCall("m", SAID, CallOutcome.OK, request_id="lost in the crash"))
    other.add(MadeCall("m", SAID, CallOutcome.OK, request_id="given the same id"))
    with transaction.atomic():
        log.store()
        transaction.set_rollback(True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('matters_llmcall', 'id'), %s, false)", [log.rows[0].pk])
    lost = log.rows[0].pk
    other.store()
    log.store()
    assert LLMCall.objects.get(request_id="given the same id").pk == lost
    assert recorded(matter) == ["lost in the crash"]


def test_everything_that_is_known_of_a_call_is_kept(matter: Matter) -> None:
    log = log_of(matter)
    log.add(MadeCall("the model", SAID, CallOutcome.ERROR, latency_ms=12.7, request_id=None, error_code="timeout"))
    log.store()
    call = LLMCall.objects.get(matter=matter)
    assert (call.step_id, call.kind, call.attempt) == (log.claim.step_id, "plan_search", 1)
    assert (call.model, call.outcome) == ("the model", CallOutcome.ERROR)
    assert call.prompt_sha256 == hashlib.sha256(call.text.prompt.encode()).hexdigest()
    assert (call.error_code, call.latency_ms, call.request_id) == ("timeout", 12, "")
    assert call.cost == 0


def test_the_pipeline_records_each_of_its_calls_once(pipeline: Pipeline, matter: Matter) -> None:
    step = pipeline.run("plan_search")
    assert step.calls.count() == 1
    assert json.loads(step.calls.get().text.prompt)[-1]["role"] == "user"


def test_what_was_said_and_what_came_back_is_kept_whole_also_when_it_was_not_valid(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM
) -> None:
    llm.fail_next("schema_violation")
    step = pipeline.run("plan_search")
    first, second = step.calls.order_by("pk")
    assert (first.outcome, second.outcome) == (CallOutcome.INVALID, CallOutcome.OK)
    assert matter.question in json.loads(first.text.prompt)[-1]["content"]
    assert first.text.reply, "what was not valid is what somebody wants to look at"
    assert json.loads(second.text.prompt)[-2]["content"] == first.text.reply
    assert json.loads(second.text.reply).keys() == {"queries"}


def test_a_reply_that_is_used_again_is_kept_with_its_prompt(
    pipeline: Pipeline, matter: Matter, company: Company
) -> None:
    asked = pipeline.run("plan_search").calls.get()
    rows.submitted(company)
    used = pipeline.run("plan_search").calls.get()
    assert used.outcome == CallOutcome.CACHED
    assert (used.text.prompt, used.text.reply) == (asked.text.prompt, asked.text.reply)


def test_a_worker_that_comes_after_the_content_was_removed_leaves_no_words(matter: Matter) -> None:
    log = log_of(matter)
    log.add(MadeCall("m", SAID, CallOutcome.OK, request_id="late", reply="words"))
    Matter.objects.filter(pk=matter.pk).update(pruned_at=Now())
    log.store()
    assert recorded(matter) == ["late"]
    assert not LLMCallText.objects.exists()
