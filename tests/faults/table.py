"""The table of faults, in the long form of `make chaos`. Each module's short form is its test."""

from tests.faults.faults import BeatKilled, Deploys, EveryWorkerKilled, Fault, OneWorkerKilled, WorkerFrozen
from tests.faults.faults_broker import BrokerAway, BrokerEmptied, BrokerRestarted, KilledBeforePublishing, Redelivered
from tests.faults.faults_disk import DiskFull
from tests.faults.faults_model import ModelFails
from tests.faults.faults_postgres import ListenerTerminated, PostgresAway, PostgresRestarted
from tests.faults.faults_viewers import NeverRead, WebKilled

LONG: tuple[Fault, ...] = (
    OneWorkerKilled(),
    EveryWorkerKilled(),
    BeatKilled(),
    WorkerFrozen(),
    Deploys(times=5),
    KilledBeforePublishing("web"),
    KilledBeforePublishing("workers"),
    BrokerEmptied(),
    BrokerRestarted(),
    BrokerAway(seconds=30),
    Redelivered(),
    PostgresRestarted(),
    PostgresAway(seconds=10),
    ListenerTerminated(),
    DiskFull(matters=40, seconds=20, workers=2),
    WebKilled(),
    NeverRead(1),
    NeverRead(),
    ModelFails(failures=60),
)
