"""Each fault in its short form: it strikes eight matters in work, and nothing is lost, doubled or stuck."""

import pytest

from tests.faults.accounting import account_for
from tests.faults.breakable import Breakable, ask_questions
from tests.faults.faults import BeatKilled, EveryWorkerKilled, Fault, OneWorkerKilled, WorkerFrozen
from tests.faults.faults_broker import BrokerAway, BrokerEmptied, BrokerRestarted, KilledBeforePublishing, Redelivered
from tests.faults.faults_model import QUICK, ModelFails
from tests.faults.load import Load

END_SECONDS = 60.0


def survive(product: Breakable, *faults: Fault, matters: int = 8) -> Load:
    """Strike, wait for the ends, account; returns the load."""
    with Load(product, matters) as load:
        try:
            for fault in faults:
                fault.strike(product, load)
        except BaseException:
            product.mend()  # for the tests that come
            raise
        load.wait_until_ended(END_SECONDS)
        account_for(product, load).assert_nothing_lost()
    return load


# Some strike the same matters one after another: that saves a minute of every run.
SHORT: tuple[tuple[Fault, ...], ...] = (
    (OneWorkerKilled(), BeatKilled()),
    (WorkerFrozen(),),
    (KilledBeforePublishing("web"), KilledBeforePublishing("workers")),
    (BrokerEmptied(), Redelivered(), BrokerRestarted(), BrokerAway(seconds=6)),
    (ModelFails(failures=8, kinds=QUICK),),
)


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(
            faults,
            id=", ".join(fault.name for fault in faults),
            marks=pytest.mark.xdist_group(f"faults: {faults[0].name}"),  # whichever process is free takes the next one
        )
        for faults in SHORT
    ],
)
def test_nothing_is_lost_by(faults: tuple[Fault, ...], product: Breakable) -> None:
    survive(product, *faults)


@pytest.mark.xdist_group("faults: questions")
def test_nothing_is_lost_by_every_worker_killed_on_the_whole_way_with_questions(product: Breakable) -> None:
    ask_questions(product)
    survive(product, EveryWorkerKilled())
