"""Exact repeats of the steps before the advice are answered from what the model said before."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now
from pytest_django import Settings

from companies.models import Company
from matters.ledger import NewStep, insert_steps
from matters.models import CachedReply, CallOutcome, Matter, Step
from matters.representation import matter_as_json
from matters.services import lock_matter
from matters.states import StepState
from tests import rows
from tests.fakes.llm import FakeLLM
from tests.workers.conftest import Pipeline
from workers.reply_cache import forget_expired_replies

KIND = "plan_search"


def outcomes(matter: Matter) -> list[str]:
    return list(matter.calls.order_by("pk").values_list("outcome", flat=True))


@pytest.fixture
def asked(pipeline: Pipeline, matter: Matter) -> Matter:
    """A matter whose first step has been done."""
    assert pipeline.run(KIND).state == StepState.DONE
    return matter


def test_the_same_question_of_the_same_company_asks_the_model_once(
    pipeline: Pipeline, asked: Matter, company: Company, llm: FakeLLM
) -> None:
    again = rows.submitted(company)
    step = pipeline.run(KIND)
    assert step.state == StepState.DONE
    assert step.result == asked.steps.get(kind=KIND).result
    assert llm.counts()["calls"] == 1
    call = again.calls.get()
    assert call.outcome == CallOutcome.CACHED
    assert call.cost == 0
    assert call.prompt_tokens == 0
    assert matter_as_json(again)["usage"]["calls"] == 0


def test_another_question_is_asked(pipeline: Pipeline, asked: Matter, company: Company, llm: FakeLLM) -> None:
    other = rows.submitted(company)
    rows.reword(other, "May we hire in France?")
    pipeline.run(KIND)
    assert outcomes(other) == ["ok"]


def test_another_companys_replies_are_not_used(pipeline: Pipeline, asked: Matter) -> None:
    other = rows.submitted(Company.objects.create(name="Other, Inc.", slug="other"))
    pipeline.run(KIND)
    assert outcomes(other) == ["ok"]


def test_another_models_replies_are_not_used(
    pipeline: Pipeline, asked: Matter, company: Company, settings: Settings
) -> None:
    settings.LLM_MODEL = "another-model"
    other = rows.submitted(company)
    pipeline.run(KIND)
    assert outcomes(other) == ["ok"]


def test_a_later_version_asks_anew_and_leaves_nothing_behind(
    pipeline: Pipeline, asked: Matter, company: Company
) -> None:
    again = rows.submitted(company)
    Matter.objects.filter(pk=again.pk).update(version=2)
    Step.objects.filter(matter=again).update(version=2)
    CachedReply.objects.update(text="{}")
    pipeline.run(KIND)
    assert outcomes(again) == ["ok"]
    assert CachedReply.objects.get().text == "{}"


def test_a_reply_has_a_lifetime(pipeline: Pipeline, asked: Matter, company: Company) -> None:
    CachedReply.objects.update(expires_at=Now() - timedelta(seconds=1))
    again = rows.submitted(company)
    pipeline.run(KIND)
    assert outcomes(again) == ["ok"]
    assert CachedReply.objects.filter(expires_at__gt=Now()).count() == 1, "the new reply is not kept"


def test_zero_seconds_keep_nothing_and_use_nothing(
    pipeline: Pipeline, asked: Matter, company: Company, settings: Settings
) -> None:
    settings.LLM_CACHE_SECONDS = 0
    again = rows.submitted(company)
    pipeline.run(KIND)
    assert outcomes(again) == ["ok"]


@pytest.mark.parametrize("kind", ["schema_violation", "invalid_json", "content_filter", "length"])
def test_a_reply_that_is_no_good_is_not_kept(pipeline: Pipeline, matter: Matter, llm: FakeLLM, kind: str) -> None:
    llm.set(always={"kind": kind})
    pipeline.run(KIND)
    assert not CachedReply.objects.exists()


def test_a_repaired_reply_spares_the_repair(pipeline: Pipeline, matter: Matter, company: Company, llm: FakeLLM) -> None:
    llm.fail_next("schema_violation")
    pipeline.run(KIND)
    again = rows.submitted(company)
    pipeline.run(KIND)
    assert outcomes(again) == ["cached"]


def test_a_reply_that_no_longer_satisfies_the_schema_is_asked_for_anew(
    pipeline: Pipeline, asked: Matter, company: Company
) -> None:
    CachedReply.objects.update(text='{"of": "an older release"}')
    again = rows.submitted(company)
    assert pipeline.run(KIND).state == StepState.DONE
    assert outcomes(again) == ["ok"]


def test_the_advice_is_written_anew_for_each_matter(pipeline: Pipeline, company: Company, llm: FakeLLM) -> None:
    for _ in range(2):
        with transaction.atomic():
            insert_steps(lock_matter(rows.advising(company).pk), [NewStep("draft_advice", "draft_advice")])
        pipeline.run("draft_advice")
    assert llm.counts()["calls"] == 2
    assert not CachedReply.objects.exists()


def test_expired_replies_are_removed_and_others_kept(pipeline: Pipeline, asked: Matter, company: Company) -> None:
    CachedReply.objects.create(company=company, sha256="0" * 64, text="old", expires_at=Now())
    forget_expired_replies()
    assert CachedReply.objects.get().sha256 != "0" * 64
