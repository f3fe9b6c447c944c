"""A refused key or an unknown model: after the first call no more are made, until a probe gets through."""

import pytest
from django.core import mail
from django.db.models.functions import Now

from companies.models import Company, User
from matters.models import Breaker, Matter, Step
from matters.services import retry_matter
from matters.states import StepState, WaitingFor
from tests import rows
from tests.fakes.llm import FakeLLM
from tests.workers.conftest import Pipeline
from workers.breaker import pass_breaker

KIND = "plan_search"


@pytest.fixture
def staff(transactional_db: None) -> User:
    return User.objects.create_superuser("staff@example.com", "x")


def test_after_a_refused_key_no_further_call_is_made_and_all_matters_wait(
    pipeline: Pipeline, company: Company, llm: FakeLLM, staff: User
) -> None:
    matters = [rows.submitted(company) for _ in range(5)]
    llm.set(always={"kind": "unauthorised"})
    for _ in matters:
        pipeline.run(KIND)
    assert llm.counts()["calls"] == 1, "an open breaker lets calls through"
    assert {m.waiting_for for m in Matter.objects.all()} == {WaitingFor.PROVIDER}
    assert set(Step.objects.values_list("calls_seen", flat=True)) == {0}, "a call that was not made counts"
    assert [m.to for m in mail.outbox] == [["staff@example.com"]], "staff are told once"


def test_a_probe_that_gets_through_lets_every_matter_go_on(pipeline: Pipeline, company: Company, llm: FakeLLM) -> None:
    for _ in range(3):
        rows.submitted(company)
    llm.set(always={"kind": "unauthorised"})
    for _ in range(3):
        pipeline.run(KIND)
    llm.set(always=None)
    Breaker.objects.update(probe_at=Now())
    Step.objects.filter(pk=Step.objects.earliest("pk").pk).update(due_at=Now())
    pipeline.run_all()
    assert not Breaker.objects.exists()
    assert not Matter.objects.filter(waiting_for=WaitingFor.PROVIDER).exists()
    assert Step.objects.filter(kind=KIND, state=StepState.DONE).count() == 3, "a step still waits for the provider"


def test_only_one_call_probes_at_a_time(pipeline: Pipeline, company: Company, llm: FakeLLM) -> None:
    for _ in range(4):
        rows.submitted(company)
    llm.set(always={"kind": "unauthorised"})
    pipeline.run(KIND)
    Breaker.objects.update(probe_at=Now())
    Step.objects.update(due_at=Now())
    pipeline.run_all()
    assert llm.counts()["calls"] == 2, "more than one call probes"


def test_a_persons_retry_probes_at_once(pipeline: Pipeline, matter: Matter, llm: FakeLLM) -> None:
    llm.fail_next("unauthorised")
    pipeline.run(KIND)
    retry_matter(matter.pk)
    assert pipeline.run(KIND).state == StepState.DONE
    assert not Breaker.objects.exists()


def test_one_matters_unknown_model_does_not_stop_the_others(pipeline: Pipeline, company: Company, llm: FakeLLM) -> None:
    """The advice's model may be a matter's own wish."""
    llm.fail_next("unknown_model")
    rows.submitted(company)
    pipeline.run(KIND)
    assert [b.key for b in Breaker.objects.all()] == ["llm:fake-model"]
    assert pass_breaker("another-model") is False
