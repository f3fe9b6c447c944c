"""Workers in the test's own process: the steps' functions with the real ledger, database and client."""

from collections.abc import Iterator

import pytest
from django.db.models.functions import Now
from pytest_django import Settings

from companies.models import Company
from matters.models import Matter, Step
from matters.states import StepState
from playbooks.loading import LIBRARY, load_file
from tests import rows
from tests.fakes.llm import FakeLLM
from workers import outage, runtime
from workers.lifecycle import prepare
from workers.tasks import run_step


@pytest.fixture(scope="session")
def llm_process() -> Iterator[FakeLLM]:
    with FakeLLM() as server:
        yield server


@pytest.fixture
def llm(llm_process: FakeLLM) -> FakeLLM:
    """The fake model of all tests here, with nothing set; it answers at once."""
    llm_process.reset()
    llm_process.set(interval=0, text_size=600, questions=8)
    return llm_process


@pytest.fixture(autouse=True)
def _no_outage_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker remembers for minutes that its database failed."""
    monkeypatch.setattr(outage, "_failed_at", float("-inf"))


@pytest.fixture
def worker(transactional_db: None, llm: FakeLLM, settings: Settings) -> Iterator[None]:
    """What a worker process has, made as at its start."""
    settings.OPENAI_BASE_URL = llm.base_url
    prepare()
    yield
    for part in (runtime.heartbeat, runtime.chunk_writer, runtime.llm_client):
        part().close()
        part.cache_clear()


@pytest.fixture
def playbooks(transactional_db: None) -> None:
    """The product's playbooks, loaded."""
    for path in sorted(LIBRARY.glob("*.md")):
        load_file(path)


class Pipeline:
    """Does what is due, one step after another, as one worker with one thread would."""

    def run(self, kind: str) -> Step:
        """Do the best due step of `kind`; returns it as it stands then."""
        step = Step.objects.filter(kind=kind, state=StepState.READY).earliest("turn", "pk")
        run_step(kind)
        step.refresh_from_db()
        return step

    def run_all(self) -> None:
        """Until nothing is due."""
        while due := Step.objects.filter(state=StepState.READY, due_at__lte=Now()).first():
            run_step(due.kind)

    def until(self, kind: str, matter: Matter) -> Step:
        """Until a step of `kind` is to be done, and return that."""
        while not (found := matter.steps.filter(kind=kind, state=StepState.READY).first()):
            due = matter.steps.filter(state=StepState.READY, due_at__lte=Now()).first()
            assert due is not None, f"no {kind} comes: {list(matter.steps.values_list('key', 'state', 'error'))}"
            run_step(due.kind)
        return found

    def make_due(self, matter: Matter) -> None:
        """Let the time pass that parked steps wait for."""
        matter.steps.filter(state=StepState.READY).update(due_at=Now())


@pytest.fixture
def pipeline(worker: None, playbooks: None) -> Pipeline:
    return Pipeline()


@pytest.fixture
def matter(company: Company) -> Matter:
    """A matter that nobody has begun with."""
    return rows.submitted(company)
