"""A refused key or an unknown model: after the first call no more are made, until a probe gets through."""

import pytest
from django.core import mail
from django.db import OperationalError, transaction
from django.db.models.functions import Now

from companies.models import Company, User
from matters.going_on import retry_matter
from matters.ledger import NewStep, insert_steps
from matters.models import Breaker, CallOutcome, Matter, Step
from matters.services import ADVICE_STEP, lock_matter
from matters.states import MatterStatus, StepState, WaitingFor
from tests import rows
from tests.fakes.llm import FakeLLM
from tests.workers.conftest import Pipeline
from workers.breaker import close_breaker, pass_breaker

KIND = "plan_search"
NAMED = "a-model-that-they-named"


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


def test_whoever_retries_goes_on_at_once_when_another_matters_call_was_the_probe(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM
) -> None:
    llm.fail_next("unauthorised")
    pipeline.run(KIND)
    retry_matter(matter.pk)
    assert pass_breaker("fake-model"), "the other one's call is under way"
    assert pipeline.run(KIND).state == StepState.READY
    close_breaker("fake-model")
    assert pipeline.run(KIND).state == StepState.DONE, "it waits for the next minute though the model answers"


def test_an_open_breaker_says_what_was_refused_last(
    pipeline: Pipeline, matter: Matter, company: Company, llm: FakeLLM
) -> None:
    llm.set(fail_next=[{"kind": "unauthorised"}, {"kind": "insufficient_quota"}])
    pipeline.run(KIND)
    retry_matter(matter.pk)
    pipeline.run(KIND)
    later = rows.submitted(company)
    pipeline.run(KIND)
    assert "is used up" in said_to(later), "it is told of a key that has been mended"


@pytest.mark.parametrize("kind", ["bad_request", "context_overflow", "refusal"])
def test_a_probe_whose_words_alone_are_refused_shows_that_the_key_is_good(
    pipeline: Pipeline, matter: Matter, company: Company, llm: FakeLLM, kind: str
) -> None:
    llm.set(fail_next=[{"kind": "unauthorised"}, {"kind": kind}])
    pipeline.run(KIND)
    retry_matter(matter.pk)
    pipeline.run(KIND)
    assert not Breaker.objects.exists()
    rows.submitted(company)
    assert pipeline.run(KIND).state == StepState.DONE


def fail(*_args: object) -> None:
    raise OperationalError("the connection is lost")


def test_what_a_probe_brings_is_kept_when_the_database_fails_as_the_breaker_is_to_close(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    llm.fail_next("unauthorised")
    pipeline.run(KIND)
    retry_matter(matter.pk)
    monkeypatch.setattr("workers.breaker.close_breakers", fail)
    assert pipeline.run(KIND).state == StepState.DONE, "the model's answer is thrown away"
    assert [call.outcome for call in matter.calls.order_by("pk")] == [CallOutcome.ERROR, CallOutcome.OK]
    assert Breaker.objects.exists(), "nothing tells that the next probe is to close it"


def test_a_call_that_is_refused_is_on_record_when_the_database_fails_as_the_breaker_is_to_open(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.breaker.open_breaker", fail)
    llm.fail_next("unauthorised")
    pipeline.run(KIND)
    assert matter.calls.get().error_code == "unauthorised"
    assert "does not accept our access key" in said_to(matter)


@pytest.fixture
def wish(pipeline: Pipeline) -> Matter:
    """A matter that is ready for its advice, by a model that its company named."""
    matter = rows.advising(Company.objects.create(name="Wishes", slug="wishes"))
    Matter.objects.filter(pk=matter.pk).update(model=NAMED)
    with transaction.atomic():
        insert_steps(lock_matter(matter.pk), [NewStep(ADVICE_STEP, ADVICE_STEP)])
    return matter


def said_to(matter: Matter) -> str:
    """Why a matter waits, in the words for its people."""
    matter.refresh_from_db()
    assert matter.waiting_for == WaitingFor.PROVIDER
    return str((matter.error or {})["message"])


@pytest.mark.parametrize("kind", ["unauthorised", "payment_required", "forbidden", "not_this_model", "unknown_model"])
def test_what_becomes_of_a_model_that_a_company_named_stops_nobody_else(
    pipeline: Pipeline, wish: Matter, matter: Matter, llm: FakeLLM, kind: str
) -> None:
    llm.fail_next(kind)
    pipeline.run(ADVICE_STEP)
    assert [b.key for b in Breaker.objects.all()] == [f"llm:{NAMED}"], "one company's wish stops all others"
    assert pipeline.run(KIND).state == StepState.DONE
    for _ in range(2):  # refused by the provider, then held back here
        assert "without naming a model" in said_to(wish)
        pipeline.make_due(wish)
        pipeline.run(ADVICE_STEP)
    assert len([call for call in llm.calls() if call["model"] == NAMED]) == 1, "its own breaker lets calls through"


def test_a_model_that_a_company_named_calls_no_staff(
    pipeline: Pipeline, wish: Matter, matter: Matter, llm: FakeLLM, staff: User, caplog: pytest.LogCaptureFixture
) -> None:
    """An e-mail would be the only one of its kind for an hour, and say a word of the company's."""
    llm.set(always={"kind": "unauthorised"})
    pipeline.run(ADVICE_STEP)
    assert mail.outbox == []
    assert NAMED not in caplog.text
    pipeline.run(KIND)
    assert [m.subject for m in mail.outbox] == ["Matterstream: no calls to llm"], "staff are not told of the key"
    pipeline.make_due(wish)
    Breaker.objects.filter(pk=f"llm:{NAMED}").update(probe_at=Now())
    pipeline.run(ADVICE_STEP)
    assert "does not accept our access key" in said_to(wish), "the key is refused, and the company's wish is blamed"


def test_a_model_that_a_company_named_uses_no_probe_of_the_provider_up(
    pipeline: Pipeline, wish: Matter, matter: Matter, llm: FakeLLM
) -> None:
    llm.fail_next("unauthorised")
    pipeline.run(KIND)
    Breaker.objects.update(probe_at=Now())
    llm.fail_next("unauthorised")
    pipeline.run(ADVICE_STEP)
    pipeline.make_due(wish)
    pipeline.run(ADVICE_STEP)  # which its own breaker holds back
    pipeline.make_due(matter)
    assert pipeline.run(KIND).state == StepState.DONE, (
        "everybody waits a minute more for a model that one company named"
    )


def test_a_model_that_a_company_named_is_held_back_however_busy_the_others_are(
    pipeline: Pipeline, wish: Matter, matter: Matter, llm: FakeLLM
) -> None:
    llm.fail_next("unknown_model")
    pipeline.run(ADVICE_STEP)
    pipeline.run(KIND)  # which was just seen to be open to all
    pipeline.make_due(wish)
    pipeline.run(ADVICE_STEP)
    assert len([call for call in llm.calls() if call["model"] == NAMED]) == 1


def test_words_that_a_gateway_flags_stop_their_own_matter_alone(
    pipeline: Pipeline, company: Company, llm: FakeLLM
) -> None:
    flagged, other = rows.submitted(company), rows.submitted(company)
    llm.fail_next("moderated")
    for _ in range(2):
        pipeline.run(KIND)
    flagged.refresh_from_db()
    assert (flagged.status, (flagged.error or {})["code"]) == (MatterStatus.FAILED, "content_filter")
    assert not Breaker.objects.exists(), "one founder's words stop everybody"
    assert other.steps.filter(kind=KIND, state=StepState.DONE).exists()


def test_an_installed_model_that_is_unknown_does_not_stop_the_others(
    pipeline: Pipeline, company: Company, llm: FakeLLM
) -> None:
    llm.fail_next("unknown_model")
    rows.submitted(company)
    pipeline.run(KIND)
    assert [b.key for b in Breaker.objects.all()] == ["llm:fake-model"]
    assert pass_breaker("another-model") is False
