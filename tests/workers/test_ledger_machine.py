"""Any history of submitting, working, failing, dying, answering, stopping and retrying keeps the ledger's promises."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.models.functions import Now
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from pytest_django import Settings

from advice.models import Attempt, Chunk
from advice.services import cancel_matter
from companies.models import Company
from matters.going_on import regenerate_matter, retry_matter
from matters.models import Breaker, Event, Fact, Matter, Question, Step
from matters.questions.answering import answer_question
from matters.services import NotAllowed
from matters.states import ENDED, MATTER_TRANSITIONS, MatterStatus, QuestionStatus, StepState
from matters.stuck import Cause, stuck_matters
from playbooks.loading import LIBRARY, load_file
from tests import rows
from tests.fuzzing import examples, is_long
from tests.workers.puppets import KilledError, Order, Puppet, PuppetModel, claiming
from workers import claims, runtime, sweeper
from workers.claims import MAX_CALLS
from workers.clients.llm import Code, LLMError, NotAsked
from workers.clients.llm.errors import LLMCanceled
from workers.pipeline import KINDS, WAYS, kinds_of
from workers.steps.derive_questions import FEWEST
from workers.sweeper import sweep_ledger

MOST_MATTERS, MOST_STEPS = 3, 200
# How a call goes wrong, and whether the model may have seen it.
WRONG: dict[str, tuple[Callable[[], Order], bool]] = {
    "cut": (lambda: LLMError(Code.CUT, "x", seen_by_model=True), True),
    "refused": (lambda: LLMError(Code.BAD_REQUEST, "x", seen_by_model=True), True),
    "busy": (lambda: LLMError(Code.RATE_LIMITED, "x", retry_after=0.0), False),
    "away": (lambda: LLMError(Code.UNAVAILABLE, "x"), False),
    "held back": (lambda: NotAsked(Code.RATE_LIMITED, "x", retry_after=1.0), False),
    "stopping": (lambda: LLMCanceled("the worker is stopping", seen_by_model=True), False),
    "nonsense": (lambda: "{}", True),
}
REPLIES = {
    "derive_questions": {
        "questions": [{"key": "place", "text": "Where?", "why": "Law.", "kind": "text", "choices": []}] * FEWEST
    }
}


class Ledger(RuleBasedStateMachine):
    """Two workers, some matters, and whatever can happen to them."""

    company: Company

    def __init__(self) -> None:
        super().__init__()
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE matters_matter, matters_breaker CASCADE")
        self.workers, self.other = [Puppet("first"), Puppet("second")], Puppet("other")
        self.other.at_once = True
        self.claims: set[tuple[int, int]] = set()
        self.done: dict[int, Any] = {}
        self.seen: dict[UUID, tuple[int, MatterStatus]] = {}  # by matter: its newest event, and where it stood
        self.calls: Counter[int] = Counter()  # by step: those that the model may have seen, since its Retry

    # -- What happens --------------------------------------------------------------------------------------------

    @precondition(lambda self: Matter.objects.count() < MOST_MATTERS)
    @rule()
    def submit(self) -> None:
        rows.submitted(self.company)

    @rule(number=st.integers(0, 1), pick=st.integers(0, 5))
    def hint(self, number: int, pick: int) -> None:
        """A message: of a step that is there, of one that is long done (doubled or late), or of nothing."""
        worker = self.workers[number]
        if not worker.asking:
            there = list(Step.objects.order_by("pk").values_list("kind", flat=True))
            self._take(worker, there[-1 - pick] if pick < len(there) else KINDS[pick])

    @rule(times=st.integers(1, 9))
    def others_work(self, times: int) -> None:
        """Steps that go well, so that histories come far."""
        for _ in range(times):
            due = Step.objects.filter(state=StepState.READY, due_at__lte=Now()).order_by("pk").first()
            if due is not None:
                self._take(self.other, due.kind)

    @rule(number=st.integers(0, 1), times=st.integers(1, 4))
    def model_answers(self, number: int, times: int) -> None:
        for _ in range(times):
            self._tell(self.workers[number], None, seen=True)

    @rule(number=st.integers(0, 1), how=st.sampled_from(sorted(WRONG)))
    def model_fails(self, number: int, how: str) -> None:
        make, seen = WRONG[how]
        self._tell(self.workers[number], make(), seen=seen)

    @rule(number=st.integers(0, 1))
    def worker_dies(self, number: int) -> None:
        self._tell(self.workers[number], KilledError(), seen=True)

    @rule(number=st.integers(0, 1), how=st.sampled_from(["cut", "cut", "nonsense", "away", "held back", "dies"]))
    def one_step_fails_again_and_again(self, number: int, how: str) -> None:
        """Until somebody gives up, where its calls count."""
        for _ in range(2 * MAX_CALLS):
            self.lease_runs_out(0)
            self.pauses_end()
            self._take_something(self.workers[number])
            if how == "dies":
                self.worker_dies(number)
            else:
                self.model_fails(number, how)

    @rule(number=st.integers(0, 1), by_now=st.booleans())
    def taken_over(self, number: int, by_now: bool) -> None:
        """The lease of a worker that still waits for the model runs out, and the other one has its step."""
        first, second = self.workers[number], self.workers[1 - number]
        self._take_something(first)
        if first.asking and first.claim and not second.asking:
            Step.objects.filter(pk=first.claim.step_id, state=StepState.RUNNING).update(due_at=Now())
            self._take(second, first.claim.kind)
            if by_now:
                self.model_answers(number, 4)

    @rule(pick=st.integers(0, 3))
    def lease_runs_out(self, pick: int) -> None:
        """Its worker may still be at it, and write late."""
        running = list(Step.objects.filter(state=StepState.RUNNING).order_by("pk").values_list("pk", flat=True))
        Step.objects.filter(pk__in=running[pick : pick + 1]).update(due_at=Now() - timedelta(seconds=1))

    @rule()
    def pauses_end(self) -> None:
        Step.objects.filter(state=StepState.READY).update(due_at=Now())

    @rule()
    def sweep(self) -> None:
        due = Step.objects.filter(state__in=[StepState.READY, StepState.RUNNING], due_at__lte=Now() - timedelta(days=1))
        wanted = set(due.values_list("kind", flat=True))
        hints: list[tuple[str, int]] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sweeper, "publish_hints", lambda more, _queue: hints.extend(more))
            patch.setattr(sweeper, "_messages_wait", lambda: False)
            sweep_ledger()
        assert wanted <= {kind for kind, _ in hints}

    @rule(pick=st.integers(0, 2), what=st.sampled_from([cancel_matter, retry_matter, regenerate_matter]))
    def person_acts(self, pick: int, what: Callable[[Any], Any]) -> None:
        for matter in Matter.objects.order_by("submitted_at")[pick : pick + 1]:
            revived = list(
                matter.steps.filter(state__in=[StepState.DEAD, StepState.HELD, StepState.READY]).values_list(
                    "pk", flat=True
                )
            )
            with suppress(NotAllowed):
                if what(matter.pk)[1] and what is retry_matter:
                    for step in revived:
                        self.calls[step] = 0

    @rule(pick=st.integers(0, 5), answer=st.sampled_from(["California", None]), twice=st.booleans())
    def person_answers(self, pick: int, answer: str | None, twice: bool) -> None:
        for question in Question.objects.order_by("pk")[pick : pick + 1]:
            for _ in range(1 + twice):
                with suppress(NotAllowed):
                    answer_question(question.matter_id, question.pk, answer)

    def _take_something(self, worker: Puppet) -> None:
        """What comes next, if `worker` is free."""
        due = Step.objects.filter(state=StepState.READY, due_at__lte=Now()).order_by("turn", "pk").first()
        if due is not None and not worker.asking:
            self._take(worker, due.kind)

    def _take(self, worker: Puppet, kind: str) -> None:
        worker.take(kind)
        if worker.claim is not None:
            mine = worker.claim.step_id, worker.claim.epoch
            assert mine not in self.claims, "two claims have the same epoch"
            self.claims.add(mine)

    def _tell(self, worker: Puppet, order: Order, *, seen: bool) -> None:
        """Let the model answer `worker`, if it asks. One that has lost its step changes nothing."""
        if not worker.asking:
            return
        assert worker.claim is not None
        step = worker.claim.step_id
        lost = not Step.objects.filter(pk=step, epoch=worker.claim.epoch, state=StepState.RUNNING).exists()
        before, calls = self._everything() if lost else None, worker.calls
        worker.tell(order)
        if lost:
            assert self._everything() == before, "who had lost its step wrote all the same"
        else:
            self.calls[step] += seen * calls if not worker.asking else 0
            self._check_calls(step)

    def _check_calls(self, step: int) -> None:
        assert self.calls[step] <= MAX_CALLS, f"step {step} has called the model {self.calls[step]} times"

    @staticmethod
    def _everything() -> list[list[Any]]:
        """All rows that a worker may write, but the record of calls, which were made whoever has the step."""
        models = (Matter, Question, Fact, Step, Event, Attempt, Chunk)
        return [list(model._default_manager.order_by("pk").values()) for model in models]

    # -- What always holds ---------------------------------------------------------------------------------------

    @invariant()
    def no_outcome_is_stored_twice(self) -> None:
        done = {s.pk: (s.result, s.finished_at) for s in Step.objects.filter(state=StepState.DONE)}
        assert self.done.items() <= done.items(), "an outcome was changed"
        self.done = done
        ends = Event.objects.filter(type="advice.completed", data__status__in=["complete", "incomplete"])
        each = Counter(ends.values_list("matter", "data__version"))
        assert max(each.values(), default=1) == 1, "a version has two advices"

    @invariant()
    def events_have_no_gap_and_statuses_go_legal_ways(self) -> None:
        for matter in Matter.objects.only("event_number", "status"):
            number, status = self.seen.get(matter.pk, (0, MatterStatus.QUEUED))
            events = matter.events.filter(number__gt=number).order_by("number")
            for found, type_, old, new in events.values_list("number", "type", "from_status", "to_status"):
                number += 1
                assert found == number, "the events have a gap"
                if type_ == "matter.updated" and old:
                    assert old == status, "a change of status was left out"
                    assert new in MATTER_TRANSITIONS[status]
                    status = MatterStatus(new)
            assert (number, status) == (matter.event_number, matter.status)
            self.seen[matter.pk] = number, status

    @invariant()
    def nothing_is_ever_stuck(self) -> None:
        stuck = [s for s in stuck_matters() if s.cause == Cause.NO_STEP]
        assert not stuck, [list(Step.objects.filter(matter=s.matter).values_list("key", "state")) for s in stuck]

    @invariant()
    def an_ended_matter_has_nothing_to_be_done(self) -> None:
        left = Step.objects.filter(matter__status__in=ENDED, state__in=[StepState.READY, StepState.RUNNING])
        assert not left.exists(), list(left.values_list("key", "state", "matter__status"))

    @invariant()
    def calls_are_bounded(self) -> None:
        """The claim that finds them used up gives up without a call, and is counted in the row all the same."""
        given_up = [StepState.DEAD, StepState.CANCELED]
        assert not Step.objects.filter(calls_seen__gt=MAX_CALLS).exclude(state__in=given_up).exists()

    # -- How it ends ---------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Every matter ends with a worker that works, and those that failed do so after Retry."""
        self.kill_all()
        self._work_off()
        assert set(Matter.objects.values_list("status", flat=True)) <= set(ENDED)
        for matter in Matter.objects.filter(status=MatterStatus.FAILED):
            retry_matter(matter.pk)
        self._work_off()
        assert set(Matter.objects.values_list("status", flat=True)) <= {MatterStatus.ADVISED, MatterStatus.CANCELED}

    def kill_all(self) -> None:
        for worker in self.workers:
            while worker.asking:
                worker.tell(KilledError())

    def _work_off(self) -> None:
        for _ in range(MOST_STEPS):
            Step.objects.filter(state__in=[StepState.READY, StepState.RUNNING]).update(due_at=Now())
            Breaker.objects.all().delete()
            step = Step.objects.filter(state__in=[StepState.READY, StepState.RUNNING]).order_by("pk").first()
            asked = Question.objects.filter(status=QuestionStatus.AWAITING_FOUNDER).exclude(matter__status__in=ENDED)
            if step is not None:
                self._take(self.other, step.kind)
            elif question := asked.first():
                answer_question(question.matter_id, question.pk, "California")
            else:
                return
        raise AssertionError(f"it does not end: {list(Step.objects.values_list('key', 'state', 'error'))}")


@pytest.fixture
def ledger(
    transactional_db: None, company: Company, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[type[Ledger]]:
    """The machine with the product's parts, and a model that does what it is told."""
    settings.LLM_CACHE_SECONDS = 0
    settings.STEP_LEASE_SECONDS = 3600.0  # it runs out when the test says so
    settings.STUCK_MINUTES = 1e-9  # so that everything that stands still is looked at
    load_file(LIBRARY / "founder-departure.md")
    model = PuppetModel(REPLIES)
    monkeypatch.setattr("workers.steps.derive_questions.FEWEST", 2)
    monkeypatch.setattr("workers.calls.llm_client", lambda: model)
    monkeypatch.setattr("workers.draft.llm_client", lambda: model)
    monkeypatch.setattr("workers.tasks.claim_step", claiming)
    monkeypatch.setattr("matters.ledger.wake_workers", lambda _steps: None)  # hints are the machine's to give
    monkeypatch.setattr(Ledger, "company", company, raising=False)
    yield Ledger
    for part in (runtime.heartbeat, runtime.chunk_writer):
        part().close()
        part.cache_clear()


def test_the_ledger_keeps_its_promises_in_any_history(ledger: type[Ledger]) -> None:
    run_state_machine_as_test(
        ledger,
        settings=settings(
            max_examples=examples(6),
            stateful_step_count=50 if is_long() else 25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_puppets_reach_the_advice(ledger: type[Ledger]) -> None:
    """What the machine's histories begin with is the whole pipeline, and not an error that looks like an end."""
    machine = ledger()
    machine.submit()
    machine.teardown()
    matter = Matter.objects.get()
    assert matter.status == MatterStatus.ADVISED
    kinds = Counter(matter.steps.values_list("kind", flat=True))
    of_founder = [kind for kind in KINDS if kind not in kinds_of(WAYS["provider"])]
    assert kinds == Counter(of_founder) + Counter(["route_question", *kinds_of(WAYS["founder"])]), json.dumps(kinds)
    assert matter.attempts.get().text == "Notice runs from the day on which it is received [P1]."


def test_the_machine_sees_a_late_write(ledger: type[Ledger], monkeypatch: pytest.MonkeyPatch) -> None:
    unfenced = claims._DONE.replace("AND s.epoch = %(epoch)s", "")
    assert unfenced != claims._DONE
    monkeypatch.setattr(claims, "_DONE", unfenced)
    machine = ledger()
    machine.submit()
    with pytest.raises(AssertionError, match="wrote all the same"):
        machine.taken_over(number=0, by_now=True)
    machine.kill_all()


def test_the_machine_sees_a_call_too_many(ledger: type[Ledger], monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("failures", "tasks", "calls"):
        monkeypatch.setattr(f"workers.{module}.MAX_CALLS", MAX_CALLS + 1)
    machine = ledger()
    machine.submit()
    with pytest.raises(AssertionError, match="has called the model"):
        machine.one_step_fails_again_and_again(number=0, how="cut")


def test_the_machine_sees_a_matter_that_is_stuck(ledger: type[Ledger], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.questions.look_whether_gathered", lambda _matter: None)
    machine = ledger()
    machine.submit()
    for _ in range(2):
        machine.others_work(times=9)
    with pytest.raises(AssertionError):
        machine.nothing_is_ever_stuck()
