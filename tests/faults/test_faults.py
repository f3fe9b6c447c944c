"""Each fault in its short form: it strikes eight matters in work, and nothing is lost, doubled or stuck."""

import pytest

from tests.faults.accounting import account_for
from tests.faults.breakable import Breakable, ask_questions
from tests.faults.faults import BeatKilled, Deploys, EveryWorkerKilled, Fault, OneWorkerKilled, WorkerFrozen
from tests.faults.faults_broker import BrokerAway, BrokerEmptied, BrokerRestarted, KilledBeforePublishing, Redelivered
from tests.faults.faults_model import ModelFails
from tests.faults.load import Load

pytestmark = pytest.mark.xdist_group("faults")
END_SECONDS = 60.0


def survive(product: Breakable, fault: Fault, matters: int = 8) -> Load:
    """Strike, wait for the ends, account; returns the load."""
    with Load(product, matters) as load:
        fault.strike(product, load)
        load.wait_until_ended(END_SECONDS)
        account_for(product, load).assert_nothing_lost()
    return load


FAULTS: tuple[Fault, ...] = (
    OneWorkerKilled(), BeatKilled(), WorkerFrozen(), Deploys(),
    KilledBeforePublishing("web"), KilledBeforePublishing("workers"),
    BrokerEmptied(), BrokerRestarted(), BrokerAway(), Redelivered(), ModelFails(),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_nothing_is_lost_by(fault: Fault, product: Breakable) -> None:
    survive(product, fault)


def test_nothing_is_lost_by_every_worker_killed_while_questions_are_open(product: Breakable) -> None:
    ask_questions(product)
    survive(product, EveryWorkerKilled())
