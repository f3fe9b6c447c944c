"""What each operation asks Rippling for, and the few values that are kept."""

from collections.abc import Callable
from typing import Any

from workers.clients.rippling import RipplingClient, Worker
from workers.record_requests.wanted import Wanted, amount_of, holes_of, new_words, whole
from workers.steps.found_records import Found, HeadcountFound, LeaveFound, LeavesFound, PayFound, WorkerFound
from workers.steps.operations import Component, Operation

_PAY_FIELDS = {
    Component.ANNUAL_SALARY: "annual_compensation",
    Component.TARGET_BONUS: "target_annual_bonus",
    Component.SIGNING_BONUS: "signing_bonus",
    Component.RELOCATION: "relocation_reimbursement",
}


def _worker_status(wanted: Wanted, client: RipplingClient) -> Found:
    worker = client.worker(wanted.person, ("employment_type",))
    kind = worker.employment_type.type if worker.employment_type else None
    exempt = worker.overtime_exemption
    return _found(
        worker,
        title=worker.title,
        employment=kind.word.lower() if kind and kind.known else None,
        start_date=worker.start_date,
        exempt=exempt.word == "EXEMPT" if exempt and exempt.known else None,
        new=new_words(employment=kind),
        holes={"employment": "employment_type"},
    )


def _job_title(wanted: Wanted, client: RipplingClient) -> Found:
    worker = client.worker(wanted.person)
    return _found(worker, title=worker.title, holes={"title": "title"})


def _start_date(wanted: Wanted, client: RipplingClient) -> Found:
    worker = client.worker(wanted.person)
    return _found(worker, start_date=worker.start_date, holes={"start_date": "start_date"})


def _found(worker: Worker, holes: dict[str, str], **fields: Any) -> WorkerFound:
    """With the end of the employment. `holes`: which of our fields may be held back; ours → the provider's name."""
    return WorkerFound(id=worker.id, **fields, **_end_of(worker), **holes_of(worker, end_date="end_date", **holes))


def _end_of(worker: Worker) -> dict[str, Any]:
    return {"has_left": worker.has_left, "end_date": worker.end_date}


def _work_state(wanted: Wanted, client: RipplingClient) -> Found:
    return _place(client, client.worker(wanted.person, ("user",)))


def _work_state_and_entity(wanted: Wanted, client: RipplingClient) -> Found:
    worker = client.worker(wanted.person, ("user", "legal_entity"))
    entity = worker.legal_entity
    found = _with_holes(_place(client, worker), holes_of(worker, entity="legal_entity"))
    return found.model_copy(update={"entity": entity.legal_name if entity else None})


def _place(client: RipplingClient, worker: Worker) -> WorkerFound:
    """Where the person works. A remote one's place is the home address, of which only the region comes this far."""
    kind = worker.location.type if worker.location else None
    remote = kind.word == "REMOTE" if kind and kind.known else None
    user = worker.user if remote else None
    place = worker.location.work_location_id if worker.location and not remote else None
    location = client.work_location(place) if place else None
    address = location.address if location else None
    found = _found(
        worker,
        remote=remote,
        workplace=address.region if address else None,
        regions=user.regions if user else (),
        country=address.country if address else worker.country,
        new=new_words(workplace=None if address else kind),
        holes={"workplace": "location", "regions": "user.regions"},
    )
    if user is not None and (why := user.withheld("regions") or user.withheld("addresses")):
        return found.model_copy(update={"withheld": {**found.withheld, "regions": why}})
    return _with_holes(found, holes_of(location, workplace="address.region")) if location else found


def _with_holes(found: WorkerFound, holes: dict[str, Any]) -> WorkerFound:
    """As `found`, with the holes of a further record."""
    withheld = {**found.withheld, **holes["withheld"]}
    return found.model_copy(update={"withheld": withheld, "unreadable": (*found.unreadable, *holes["unreadable"])})


def _age_40_plus(wanted: Wanted, client: RipplingClient) -> Found:
    worker = client.worker(wanted.person, as_of=wanted.day)
    return WorkerFound(id=worker.id, age_40_plus=worker.age_40_plus, **holes_of(worker, age_40_plus="age_40_plus"))


def _headcount(wanted: Wanted, client: RipplingClient) -> Found:
    """Counted here: of single workers nothing is kept."""
    workers = client.workers("ACTIVE", ("employment_type",))
    kinds = [worker.employment_type.type if worker.employment_type else None for worker in workers]
    words = [kind.word if kind and kind.known else "" for kind in kinds]
    untold = words.count("")
    reasons = {why for worker in workers if (why := worker.withheld("employment_type"))}
    strange = sorted({kind.word for kind in kinds if kind and not kind.known})
    return HeadcountFound(
        employees=words.count("EMPLOYEE"),
        contractors=words.count("CONTRACTOR"),
        untold=untold,
        complete=workers.complete,
        withheld={"employment": next(iter(sorted(reasons)))} if reasons else {},
        unreadable=("employment",) if any(worker.made_no_sense("employment_type") for worker in workers) else (),
        new={"employment": ", ".join(strange)} if strange else {},
    )


def _compensation(wanted: Wanted, client: RipplingClient) -> Found:
    field = _PAY_FIELDS[wanted.component or Component.ANNUAL_SALARY]
    worker = client.worker(wanted.person, ("compensation",))
    if (pay := worker.pay) is None:
        return PayFound(id=wanted.person, **_end_of(worker), **holes_of(worker, amount="compensation"))
    dated = {"since": "salary_effective_date"} if field == "annual_compensation" else {}
    begins = worker.start_date if worker.is_to_come else None
    return PayFound(
        id=pay.id or wanted.person,
        amount=amount_of(getattr(pay, field)),
        since=(pay.salary_effective_date if dated else None) or begins,
        **_end_of(worker),
        **holes_of(pay, amount=field, **dated),
    )


def _leave_balance(wanted: Wanted, client: RipplingClient) -> Found:
    balances = whole(client.leave_balances(wanted.person), "Rippling")
    leaves = tuple(
        LeaveFound(
            kind=balance.leave_type.name if balance.leave_type else None,
            unlimited=balance.is_balance_unlimited,
            balance=balance.balance_excluding_future_requests,
            unreadable=holes_of(balance, balance="balance_excluding_future_requests")["unreadable"],
        )
        for balance in balances
    )
    held = {why for balance in balances if (why := balance.withheld("balance_excluding_future_requests"))}
    return LeavesFound(id=wanted.person, leaves=leaves, withheld={"leaves": held.pop()} if held else {})


REQUESTS: dict[Operation, Callable[[Wanted, RipplingClient], Found]] = {
    Operation.WORKER_STATUS: _worker_status,
    Operation.JOB_TITLE: _job_title,
    Operation.START_DATE: _start_date,
    Operation.TENURE: _start_date,
    Operation.WORK_STATE: _work_state,
    Operation.WORK_STATE_AND_ENTITY: _work_state_and_entity,
    Operation.AGE_40_PLUS: _age_40_plus,
    Operation.HEADCOUNT: _headcount,
    Operation.COMPENSATION: _compensation,
    Operation.LEAVE_BALANCE: _leave_balance,
}
