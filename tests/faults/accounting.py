"""What is left after a fault, counted from the rows and from what the viewers saw: nothing lost, doubled or stuck."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from matters.states import ENDED, WaitingFor
from tests.api.transports import Event, by_poll, text_of
from tests.faults.breakable import Breakable
from tests.faults.load import Load, Viewer

MAX_CALLS = 3  # promised: calls of one step whose outcome the model saw or may have seen
ASKS_NO_MODEL = "search_playbooks"
FINAL = ("done", "dead", "held", "canceled")
COMPLETES = ("complete", "incomplete", "canceled")  # statuses of an attempt whose text is the advice


class MatterRow(NamedTuple):
    status: str
    waiting_for: str | None
    version: int
    event_number: int
    steps_done: int


class StepRow(NamedTuple):
    id: int
    key: str
    kind: str
    state: str
    attempt: int
    calls_seen: int


class EventRow(NamedTuple):
    number: int
    type: str
    data: dict[str, Any]
    from_status: str
    to_status: str
    why: str


class AttemptRow(NamedTuple):
    version: int
    number: int
    status: str
    text: str
    sha256: str


class CallRow(NamedTuple):
    step_id: int
    kind: str
    outcome: str


@dataclass(frozen=True)
class Rows:
    """Everything that is stored of one matter."""

    matter: MatterRow
    steps: list[StepRow]
    events: list[EventRow]
    attempts: list[AttemptRow]
    calls: list[CallRow]


@dataclass
class Account:
    """Figures, and for what is wrong a sentence each."""

    accepted: int = 0
    ended: int = 0
    waiting: int = 0
    steps: int = 0
    calls: int = 0  # that the model was asked
    bound: int = 0  # so many of them have an explanation
    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    mismatched: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        return [*self.lost, *self.duplicated, *self.stuck, *self.mismatched]

    def too_many_calls(self) -> list[str]:
        more = self.calls - self.bound
        return [f"the model was asked {more} times more than anything here explains"] if more > 0 else []

    def assert_nothing_lost(self) -> None:
        wrong = self.problems + self.too_many_calls()
        assert not wrong, "\n".join(wrong)
        assert self.accepted == self.ended + self.waiting > 0


def account_for(product: Breakable, load: Load) -> Account:
    """Look at all that `load` submitted. Nobody else may have asked the model since it began."""
    account = Account(accepted=len(load.accepted), calls=product.llm.counts()["calls"] - load.calls_before)
    stored = _stored_matters(product, load)
    account.lost += [f"{v.key} was never accepted: {v.calls[-3:]}" for v in load.viewers if not v.matter]
    account.duplicated += [f"{key} made {count} matters" for key, count in _more_than_once(stored.values())]
    account.duplicated += [f"{stored[m]} is stored as {m}, which nobody was told of" for m in _untold(stored, load)]
    recorded = 0
    for viewer in load.accepted:
        if viewer.matter not in stored:
            account.lost.append(f"{viewer.matter} was accepted and is not there")
            continue
        rows = read_rows(product, viewer.matter)
        _count(account, viewer, rows)
        recorded += sum(call.outcome != "cached" for call in rows.calls)
        account.duplicated += [f"{viewer.matter}: {what}" for what in doubled(rows)]
        account.mismatched += [f"{viewer.matter}: {what}" for what in mismatches(product, viewer, rows)]
    account.bound = recorded + product.claims_lost - load.claims_lost_before
    return account


def _stored_matters(product: Breakable, load: Load) -> dict[str, str]:
    """Key of the submission by id of the matter."""
    query = "SELECT id::text, metadata->>'number' FROM matters_matter WHERE metadata->>'load' = %s"
    return {matter: f"{load.name}-{number}" for matter, number in product.sql(query, load.name)}


def _untold(stored: dict[str, str], load: Load) -> set[str]:
    return set(stored) - {viewer.matter for viewer in load.viewers}


def _more_than_once(values: Any) -> list[tuple[Any, int]]:
    return [(value, count) for value, count in Counter(values).items() if count > 1]


def read_rows(product: Breakable, matter: str) -> Rows:
    """All rows of a matter, in their order."""

    def rows_of(kind: Any, table: str, order: str = "id", where: str = "matter_id") -> list[Any]:
        query = f"SELECT {', '.join(kind._fields)} FROM {table} WHERE {where} = %s ORDER BY {order}"  # noqa: S608
        return [kind(*row) for row in product.sql(query, matter)]

    return Rows(
        matter=rows_of(MatterRow, "matters_matter", where="id")[0],
        steps=rows_of(StepRow, "matters_step"),
        events=rows_of(EventRow, "matters_event", "number"),
        attempts=rows_of(AttemptRow, "advice_attempt", "version, number"),
        calls=rows_of(CallRow, "matters_llmcall"),
    )


def _count(account: Account, viewer: Viewer, rows: Rows) -> None:
    account.steps += len(rows.steps)
    if rows.matter.status in ENDED:
        account.ended += 1
        unfinished = [step.key for step in rows.steps if step.state not in FINAL]
        account.stuck += [f"{viewer.matter} has ended, and its steps {unfinished} have not"] if unfinished else []
    elif rows.matter.waiting_for in WaitingFor.values:
        account.waiting += 1
    else:
        going = [f"{step.key} is {step.state}" for step in rows.steps if step.state not in FINAL]
        account.stuck.append(f"{viewer.matter} is {rows.matter.status} and waits for nobody: {going or 'no step'}")


def doubled(rows: Rows) -> Iterator[str]:
    """What happened more than once."""
    done = sum(step.state == "done" for step in rows.steps)
    if rows.matter.steps_done != done:
        yield f"{done} steps are done, and {rows.matter.steps_done} outcomes were stored"
    for key, count in _more_than_once(step.key for step in rows.steps):
        yield f"the step {key} is there {count} times"
    completed = [event.data["version"] for event in rows.events if event.type == "advice.completed"]
    for version, count in _more_than_once(completed):
        yield f"{count} advice.completed of version {version}"
    for step in rows.steps:
        yield from _calls_too_many(step, [call.outcome for call in rows.calls if call.step_id == step.id])


def _calls_too_many(step: StepRow, outcomes: list[str]) -> Iterator[str]:
    answered = outcomes.count("ok") + outcomes.count("cached")
    # A claim that was taken over may have had its answer, too; a draft that is too long is continued.
    most = step.attempt * (2 if step.kind == "draft_advice" else 1)
    if answered > most:
        yield f"the step {step.key} was claimed {step.attempt} times and answered {answered} times"
    if step.calls_seen > MAX_CALLS + 1:  # the claim that gives up for dead workers makes no call
        yield f"the step {step.key} counts {step.calls_seen} calls"
    if step.state == "done" and step.kind != ASKS_NO_MODEL and not answered:
        yield f"the step {step.key} is done, and no answer to it is recorded"


def mismatches(product: Breakable, viewer: Viewer, rows: Rows) -> Iterator[str]:
    """Where the rows contradict each other, or what a viewer was shown."""
    numbers = [event.number for event in rows.events]
    if numbers != list(range(1, rows.matter.event_number + 1)):
        yield f"its events are numbered {numbers}, and the last one is {rows.matter.event_number}"
    yield from _breaks_in_history(rows)
    if refusals := viewer.refusals - {503}:
        yield f"a viewer was answered {sorted(refusals)}"
    if rows.matter.status in ENDED:
        yield from _not_shown(rows, viewer.events, "its viewer")
        yield from _not_shown(rows, list(by_poll(product, viewer.matter, "")), "who came late")
        yield from _wrong_texts(rows)


def _breaks_in_history(rows: Rows) -> Iterator[str]:
    """Each change of status begins where the one before ended."""
    status = ""
    for event in rows.events:
        if event.type == "matter.updated":
            if event.from_status and event.from_status != status:
                yield f"event {event.number} comes from {event.from_status}, and the matter was {status}"
            status = event.to_status or status
    if status != rows.matter.status:
        yield f"its events say {status}, its row {rows.matter.status}"


def _not_shown(rows: Rows, events: list[Event], whom: str) -> Iterator[str]:
    shown = [(e["type"], e["data"]) for e in events if e["type"] != "advice.delta"]
    if shown != [(event.type, event.data) for event in rows.events]:
        yield f"{whom} was shown {len(shown)} events, and {len(rows.events)} are stored, or others"
    if len({event["id"] for event in events}) != len(events):
        yield f"{whom} was shown a cursor twice"
    for attempt in rows.attempts:
        try:
            text = text_of(events, attempt.version, attempt.number)
        except AssertionError as gap:
            yield f"attempt {attempt.number}, as {whom} saw it: {gap}"
            continue
        # Who comes after an attempt was superseded is not shown its text; who had begun with it reads it to its end.
        if text != attempt.text and (text or attempt.status in COMPLETES):
            yield f"attempt {attempt.number} has {len(attempt.text)} characters, {whom} saw {len(text)}, or others"


def _wrong_texts(rows: Rows) -> Iterator[str]:
    completed = {(e.data["version"], e.data["attempt"]): e.data for e in rows.events if e.type == "advice.completed"}
    for attempt in rows.attempts:
        digest = hashlib.sha256(attempt.text.encode()).hexdigest()
        if attempt.sha256 != digest:
            yield f"attempt {attempt.number}: its row has another sha256 than its text"
        if attempt.status in COMPLETES and completed.get((attempt.version, attempt.number), {}).get("sha256") != digest:
            yield f"attempt {attempt.number} is {attempt.status}, and no advice.completed has its sha256"
    if rows.matter.status == "advised" and not completed:
        yield "it is advised, and no advice.completed says so"
