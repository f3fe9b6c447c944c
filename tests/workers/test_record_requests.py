"""What each operation keeps of the providers' answers, and what it comes to: asked of the fixtures, no database."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from demo.providers.company import rippling_id
from tests.fakes.fixture_providers import FixtureProviders
from tests.fakes.scripted import Said, scripted
from workers.clients.carta import CartaClient
from workers.clients.rippling import RipplingClient, Worker
from workers.people import why_away
from workers.provider_http import FixedToken, ProviderError
from workers.record_requests import Wanted, request_records
from workers.steps.convert_record import convert_record
from workers.steps.operations import SPECS, Component, Operation
from workers.steps.readings import AskFounder, Converted, ConvertInput
from workers.steps.request_record import Plan

TODAY, END = date(2026, 11, 25), date(2026, 12, 31)
CTO, HOLDER = rippling_id("worker", "marcus-ellery"), "503"


@pytest.fixture(scope="module")
def providers() -> Iterator[FixtureProviders]:
    with FixtureProviders(page_size=7) as servers:  # so that every list has several pages
        yield servers


def ask(
    providers: FixtureProviders, operation: Operation, kind: str, person: str = "", **fields: Any
) -> Converted | AskFounder:
    """What is kept, stored and read again, as the steps do it."""
    spec, component = SPECS[operation], fields.pop("component", None)
    someone = person or (CTO if spec.provider == "rippling" else HOLDER)
    with providers.rippling() if spec.provider == "rippling" else providers.carta() as client:
        found = request_records(Wanted(operation, someone, END, component), client)
    given = ConvertInput(Plan(operation=operation, component=component), kind, (), "Marcus Ellery", TODAY, END)  # type: ignore[arg-type]
    return convert_record(given, found.model_dump(mode="json"))


@pytest.mark.parametrize(
    ("operation", "kind", "value", "unit"),
    [
        (Operation.WORKER_STATUS, "text", "employee", None),
        (Operation.JOB_TITLE, "text", "Chief Technology Officer", None),
        (Operation.START_DATE, "date", "2025-12-08", None),
        (Operation.TENURE, "number", "12", "months"),
        (Operation.WORK_STATE, "text", "California", None),
        (Operation.WORK_STATE_AND_ENTITY, "text", "California; employed by Demo Robotics, Inc.", None),
        (Operation.AGE_40_PLUS, "yes_no", "yes", None),
        (Operation.HEADCOUNT, "number", "36", "employees"),
        # 18 of 24 months of 24,000; 12 of 48 of 240,000; 4 of 16 quarters of 60,000
        (Operation.VESTED_ON, "number", str(18_000 + 60_000 + 15_000), "options and shares"),
        (Operation.UNVESTED_ON, "number", str(6_000 + 180_000 + 45_000), "options and shares"),
        (Operation.NEXT_VESTING_DATE, "date", "2027-01-02", None),
        (Operation.EQUITY_GRANTED, "number", "324000", "options and shares"),
        (Operation.FAIR_MARKET_VALUE, "money", "1.06", "USD per share"),
    ],
)
def test_the_fixtures_own_numbers_come_out(
    providers: FixtureProviders, operation: Operation, kind: str, value: str, unit: str | None
) -> None:
    fact = ask(providers, operation, kind)
    assert isinstance(fact, Converted), fact
    assert (fact.value, fact.unit) == (value, unit)


@pytest.mark.parametrize(
    ("component", "value"),
    [
        (Component.ANNUAL_SALARY, "285000"),
        (Component.TARGET_BONUS, "57000"),
        (Component.SIGNING_BONUS, "40000"),
        (Component.RELOCATION, "15000"),
    ],
)
def test_each_part_of_the_pay_is_its_own(providers: FixtureProviders, component: Component, value: str) -> None:
    fact = ask(providers, Operation.COMPENSATION, "money", component=component)
    assert isinstance(fact, Converted)
    assert fact.value == value


@pytest.mark.parametrize(
    ("key", "state"),
    [("priya-raman", "Washington"), ("amir-rahimi", "ON (country CA)"), ("peter-novak", "Delaware")],
)
def test_a_remote_worker_works_where_the_home_is(providers: FixtureProviders, key: str, state: str) -> None:
    fact = ask(providers, Operation.WORK_STATE, "text", rippling_id("worker", key))
    assert isinstance(fact, Converted)
    assert fact.value == state


@pytest.mark.parametrize(
    ("operation", "person", "kind", "reason"),
    [
        (Operation.WORK_STATE, rippling_id("worker", "tomasz-nowak"), "text", "Rippling has no address with a state"),
        (Operation.LEAVE_BALANCE, CTO, "number", "does not say whether its leave balances are days or hours"),
        (Operation.OPTION_TERMS, "507", "text", "the plan's own period applies, which Carta does not show"),
        (Operation.OPTION_TERMS, "601", "text", "Carta has no options of this person."),
        (Operation.VESTED_ON, "601", "number", "Carta has no options or shares with vesting of this person."),
        (Operation.LEAVE_BALANCE, rippling_id("worker", "dana-white"), "number", "no leave balance of this person"),
    ],
)
def test_what_the_fixtures_do_not_say_is_asked_for(
    providers: FixtureProviders, operation: Operation, person: str, kind: str, reason: str
) -> None:
    found = ask(providers, operation, kind, person)
    assert isinstance(found, AskFounder), found
    assert reason in found.reason


@pytest.mark.parametrize("operation", [Operation.FAIR_MARKET_VALUE, Operation.LEAVE_BALANCE, Operation.VESTED_ON])
def test_a_list_that_does_not_come_to_its_end_gives_no_fact(operation: Operation) -> None:
    with (
        FixtureProviders("repeated-page", page_size=1) as providers,
        pytest.raises(ProviderError, match="list did not come to its end"),
    ):
        ask(providers, operation, "text")


OLDER = {
    "id": "1",
    "effectiveDate": {"value": "2025-09-15"},
    "shareClassValuations": [
        {"common": True, "price": {"currencyCode": {"value": "USD"}, "amount": {"value": "0.92"}}},
    ],
}


@pytest.mark.parametrize(
    "newest",
    [
        {"effectiveDate": {"value": "2026-09-01"}, "shareClassValuations": [{"common": True, "price": "soon"}]},
        {"effectiveDate": "last September", "shareClassValuations": OLDER["shareClassValuations"]},
        {"effectiveDate": {"value": "2026-09-01"}, "shareClassValuations": [{"common": "of a kind"}]},
        {"effectiveDate": {"value": "2026-09-01"}, "shareClassValuations": "all"},
    ],
)
def test_an_older_valuation_never_stands_for_a_newest_one_that_can_not_be_read(newest: dict[str, Any]) -> None:
    body = json.dumps({"fairMarketValues": [OLDER, newest | {"id": "2"}]}).encode()
    with scripted(Said(body)) as script, CartaClient(script.url, FixedToken("t"), "7") as carta:
        found = request_records(Wanted(Operation.FAIR_MARKET_VALUE, "", END), carta)
    given = ConvertInput(Plan(operation=Operation.FAIR_MARKET_VALUE), "money", (), "", TODAY, END)
    read = convert_record(given, found.model_dump(mode="json"))
    assert isinstance(read, AskFounder)
    assert (read.why, read.reason) == (
        "unreadable",
        "What Carta has as a valuation of the common shares could not be read.",
    )


@pytest.mark.parametrize(
    ("worker", "component", "known"),
    [
        ({}, Component.ANNUAL_SALARY, "Rippling has 300,000 USD per year from 1 March 2027."),
        ({"pay": {"salary_effective_date": "soon"}}, Component.ANNUAL_SALARY, "Rippling has 300,000 USD per year."),
        ({"pay": {"salary_effective_date": "2026-01-01"}}, Component.ANNUAL_SALARY, None),
        ({"pay": {"salary_effective_date": None}}, Component.ANNUAL_SALARY, None),
        ({}, Component.TARGET_BONUS, None),  # that date is the salary's
        ({}, Component.SIGNING_BONUS, None),
        ({"status": "HIRED", "pay": {"salary_effective_date": None}}, Component.ANNUAL_SALARY,
         "Rippling has 300,000 USD per year from 1 April 2027."),
        ({"status": "HIRED"}, Component.TARGET_BONUS, "Rippling has 300,000 USD per year from 1 April 2027."),
        ({"status": "HIRED"}, Component.SIGNING_BONUS, None),
    ],
)  # fmt: skip
def test_pay_that_is_still_to_come_is_not_told_as_what_is_paid(
    worker: dict[str, Any], component: Component, known: str | None
) -> None:
    usd = {"currency_type": "USD", "value": 300000}
    pay = dict.fromkeys(("annual_compensation", "target_annual_bonus", "signing_bonus"), usd)
    pay |= {"salary_effective_date": "2027-03-01"} | worker.get("pay", {})
    body = {"id": "w", "status": "ACTIVE", "start_date": "2027-04-01"} | worker | {"compensation": pay}
    with scripted(Said(json.dumps(body).encode())) as script, RipplingClient(script.url, "t") as rippling:
        found = request_records(Wanted(Operation.COMPENSATION, "w", TODAY, component), rippling)
    plan = Plan(operation=Operation.COMPENSATION, component=component)
    read = convert_record(ConvertInput(plan, "money", (), "", TODAY, TODAY), found.model_dump(mode="json"))
    assert (read.known if isinstance(read, AskFounder) else None) == known


@pytest.mark.parametrize(
    ("status", "dates", "away"),
    [
        ("ACTIVE", {"start_date": "2026-01-01"}, ""),
        ("ON_LEAVE", {}, ""),
        ("TERMINATED", {"end_date": "2026-10-31"}, "left on 31 October 2026"),
        ("TERMINATED", {"end_date": "2026-11-25"}, ""),  # the last day is today
        ("TERMINATED", {}, "has left"),
        ("INIT", {"start_date": "2027-03-01"}, "to begin on 1 March 2027"),
        ("HIRED", {}, "not here yet"),
        ("ACCEPTED", {}, "not here yet"),
    ],
)
def test_by_the_status_of_a_worker_it_is_told_who_is_not_here(status: str, dates: dict[str, str], away: str) -> None:
    assert why_away(Worker.model_validate({"id": "1", "status": status} | dates), TODAY) == away


PLACE = {"location": {"type": "WORK", "work_location_id": "p"}}
REMOTE = {"location": {"type": "REMOTE"}}


def of_worker(
    operation: Operation, worker: dict[str, Any], kind: str = "text", *others: dict[str, Any]
) -> Converted | AskFounder:
    """What comes of a worker of whom Rippling says this; `others`: what it says when it is asked once more."""
    said = [Said(json.dumps(body).encode()) for body in ({"id": "w"} | worker, *others)]
    with scripted(*said) as script, RipplingClient(script.url, "t") as rippling:
        found = request_records(Wanted(operation, "w", END), rippling)
    given = ConvertInput(Plan(operation=operation), kind, (), "Marcus Ellery", TODAY, END)  # type: ignore[arg-type] # a literal in tests
    return convert_record(given, found.model_dump(mode="json"))


@pytest.mark.parametrize(
    ("operation", "worker", "others", "what"),
    [
        (Operation.AGE_40_PLUS, {"date_of_birth": "02/03/1980"}, (), "a birth date"),
        (Operation.AGE_40_PLUS, {"date_of_birth": 19800203}, (), "a birth date"),
        (Operation.START_DATE, {"start_date": "02/03/1980"}, (), "the start date"),
        (Operation.WORKER_STATUS, {"employment_type": {"id": "e", "type": ["EMPLOYEE"]}}, (),
         "the kind of employment (employee or contractor)"),
        (Operation.COMPENSATION, {"compensation": "a lot"}, (), "a base salary"),
        (Operation.COMPENSATION, {"compensation": {"annual_compensation": "a lot"}}, (), "a base salary"),
        (Operation.WORK_STATE, {"location": "here"}, (), "the state of the place of work"),
        (Operation.WORK_STATE, PLACE, ({"id": "p", "address": {"region": ["CA"]}},), "the state of the place of work"),
        (Operation.WORK_STATE, PLACE, ({"id": "p", "address": "here"},), "the state of the place of work"),
        (Operation.WORK_STATE_AND_ENTITY, PLACE | {"legal_entity": {"id": "e", "legal_name": ["Inc"]}},
         ({"id": "p", "address": {"region": "CA"}},), "the legal entity that employs this person"),
    ],
)  # fmt: skip
def test_nobody_is_told_that_a_value_is_not_there_which_is_and_could_not_be_read(
    operation: Operation, worker: dict[str, Any], others: tuple[dict[str, Any], ...], what: str
) -> None:
    read = of_worker(operation, worker, "text", *others)
    assert isinstance(read, AskFounder), read
    assert (read.why, read.reason) == ("unreadable", f"What Rippling has as {what} could not be read.")


@pytest.mark.parametrize("addresses", ["here", 5, ["here"], [{"region": ["CA"]}]])
def test_a_home_address_that_can_not_be_read_is_not_told_as_none(addresses: Any) -> None:
    read = of_worker(Operation.WORK_STATE, REMOTE | {"user": {"addresses": addresses}})
    assert isinstance(read, AskFounder), read
    assert read.reason == "This person works remotely, and the address in Rippling could not be read."
    nameless = of_worker(Operation.WORK_STATE, REMOTE | {"user": {"name": ["?"], "addresses": []}})
    assert isinstance(nameless, AskFounder)
    assert nameless.why == "missing", "that the name can't be read is nothing about the address"


def test_a_leave_balance_that_can_not_be_read_is_not_told_as_none() -> None:
    leave = {"leave_type": {"name": "Vacation"}, "balance_excluding_future_requests": "some"}
    read = of_worker(Operation.LEAVE_BALANCE, {"results": [leave]}, "number")
    assert isinstance(read, AskFounder)
    assert read.known == "Rippling shows for Marcus Ellery: Vacation with a balance that could not be read."


@pytest.mark.parametrize(
    ("operation", "worker", "what", "word"),
    [
        (Operation.WORKER_STATUS, {"employment_type": {"id": "e", "type": "APPRENTICE"}},
         "the kind of employment (employee or contractor)", "APPRENTICE"),
        (Operation.WORK_STATE, {"location": {"type": "SATELLITE"}}, "the state of the place of work", "SATELLITE"),
    ],
)  # fmt: skip
def test_a_word_of_ripplings_that_is_new_is_shown_as_it_came(
    operation: Operation, worker: dict[str, Any], what: str, word: str
) -> None:
    assert of_worker(operation, worker) == AskFounder(
        "unreadable", f"What Rippling has as {what} is new to us, so you are asked.", f"Rippling has “{word}”."
    )


def test_workers_of_a_kind_that_is_new_are_not_told_as_of_no_kind() -> None:
    kinds = ["EMPLOYEE", "INTERN", "APPRENTICE", "INTERN"]
    people = [{"id": str(n), "employment_type": {"id": "e", "type": kind}} for n, kind in enumerate(kinds)]
    read = of_worker(Operation.HEADCOUNT, {"results": people}, "number")
    assert read == AskFounder(
        "unreadable",
        "It can't be told of 3 active workers in Rippling whether they are employees or contractors.",
        "1 active employees and 0 active contractors are on record. "
        "Kinds of employment that are new to us: APPRENTICE, INTERN.",
    )
    unread = of_worker(Operation.HEADCOUNT, {"results": [{"id": "1", "employment_type": "?"}]}, "number")
    assert isinstance(unread, AskFounder)
    assert unread.why == "unreadable"


EVENT = {"vestDate": {"value": "2026-01-01"}, "quantity": {"value": "100"}}
GRANT = {
    "id": "1",
    "stakeholderId": HOLDER,
    "stockOptionType": "ISO",
    "quantity": {"value": "100"},
    "vestingEvents": [EVENT],
}


@pytest.mark.parametrize(
    "odd",
    [
        {"vestingEvents": [EVENT | {"performanceCondition": "an IPO"}]},
        {"vestingEvents": [EVENT | {"performanceCondition": {"name": "an IPO"}}]},
        {"canceledDate": {"value": "last spring"}},
        {"terminationDate": {"value": "last spring"}},
        {"lastExercisableDate": {"value": "last spring"}},
        {"outstandingQuantity": {"value": "some"}},
        {"exercisedQuantity": {"value": "some"}},
    ],
)
def test_a_grant_of_which_it_is_not_readable_what_ends_it_or_what_it_waits_for_is_not_counted(
    odd: dict[str, Any],
) -> None:
    read = vested([GRANT | odd])
    assert isinstance(read, AskFounder), read
    assert (read.why, read.reason) == ("unreadable", "A part of Carta's vesting records could not be read.")
    assert read.known == "100 options"


@pytest.mark.parametrize("operation", [Operation.OPTION_TERMS, Operation.EQUITY_GRANTED])
def test_a_grant_that_may_have_been_canceled_is_not_told_as_one(operation: Operation) -> None:
    read = of_options([GRANT | {"canceledDate": {"value": "last spring"}}], operation, "text")
    assert isinstance(read, AskFounder), read
    assert read.reason == "Carta does not show whether a grant was canceled."
    assert read.known == "100 options"


def test_a_grant_of_which_it_is_not_readable_when_it_ended_is_not_told_as_one() -> None:
    read = of_options([GRANT | {"lastExercisableDate": {"value": "last spring"}}], Operation.OPTION_TERMS, "text")
    assert isinstance(read, AskFounder), read
    assert read.reason == "Carta does not show when a grant ended."


def test_the_end_of_a_grant_and_what_is_outstanding_of_it_are_read() -> None:
    over = {"terminationDate": {"value": "2026-02-01"}, "lastExercisableDate": {"value": "2026-05-01"}}
    counts = {"outstandingQuantity": {"value": "0"}, "exercisedQuantity": {"value": "60"}}
    read = of_options([GRANT | over | counts], Operation.UNVESTED_ON, "number")
    assert isinstance(read, Converted), read
    assert "ended on 1 February 2026, and what was not exercised by 1 May 2026 has lapsed." in read.statement
    other = of_options([GRANT | over | {"outstandingQuantity": {"value": "40"}}], Operation.UNVESTED_ON, "number")
    assert isinstance(other, AskFounder)
    assert "has 40 outstanding, where its other numbers and dates leave 0." in other.reason


TERMS = GRANT | {"exercisePrice": {"currencyCode": {"value": "USD"}, "amount": {"value": "0.92"}}}
THREE_MONTHS = {"voluntaryTerminationCount": "3", "voluntaryTerminationPeriod": "EXERCISE_PERIOD_MONTH"}
TOLD = "100 ISOs at 0.92 USD, exercisable for 3 months after a resignation."


def test_a_type_of_option_that_is_new_is_shown_as_it_came() -> None:
    read = of_options([TERMS | {"stockOptionType": "EMI"}], Operation.OPTION_TERMS, "text")
    assert read == AskFounder(
        "unreadable",
        "What Carta has as the type of an option grant (ISO or NSO) is new to us, so you are asked.",
        "Carta has “EMI”.",
    )
    counted = vested([TERMS | {"stockOptionType": "EMI"}])
    assert isinstance(counted, Converted), "the type is nothing about vesting"


def test_an_exercise_window_in_a_unit_that_is_new_is_not_told_as_one_that_the_plan_decides_on() -> None:
    weeks = {"involuntaryTerminationCount": "12", "involuntaryTerminationPeriod": "EXERCISE_PERIOD_WEEK"}
    odd = TERMS | {"exercisePeriods": THREE_MONTHS | weeks}
    assert of_options([odd], Operation.OPTION_TERMS, "text") == AskFounder(
        "unreadable",
        "What Carta has as the time to exercise options after a termination by the company is new to us, so you are "
        "asked.",
        f"Carta has “12 EXERCISE_PERIOD_WEEK”. {TOLD}",
    )


@pytest.mark.parametrize(
    ("periods", "known"),
    [
        (THREE_MONTHS | {"involuntaryTerminationCount": "12"}, TOLD),
        ("three months", "100 ISOs at 0.92 USD."),
    ],
)
def test_an_exercise_window_that_can_not_be_read_is_not_told_as_one_that_the_plan_decides_on(
    periods: Any, known: str
) -> None:
    odd = TERMS | {"exercisePeriods": periods}
    assert of_options([odd], Operation.OPTION_TERMS, "text") == AskFounder(
        "unreadable",
        "What Carta has as the time to exercise options after a termination by the company could not be read.",
        known,
    )
    assert isinstance(vested([odd]), Converted), "the window is nothing about vesting"


def test_nothing_is_counted_where_a_grant_might_be_the_persons() -> None:
    with pytest.raises(ProviderError, match="does not say in a readable way whose each grant is"):
        vested([GRANT, GRANT | {"id": "2", "stakeholderId": {"id": HOLDER}}])


def test_a_grant_of_one_event_is_counted() -> None:
    read = vested([GRANT])
    assert isinstance(read, Converted)
    assert read.value == "100"


def vested(grants: list[dict[str, Any]]) -> Converted | AskFounder:
    """What is vested, where Carta has these options and nothing else."""
    return of_options(grants, Operation.VESTED_ON, "number")


def of_options(grants: list[dict[str, Any]], operation: Operation, kind: str) -> Converted | AskFounder:
    """What comes of the holder's options, where Carta has these and nothing else."""
    nothing: dict[str, Any] = {"restrictedStockAwards": [], "restrictedStockUnits": [], "fairMarketValues": []}
    said = Said(json.dumps(nothing | {"optionGrants": grants}).encode())
    with scripted(said) as script, CartaClient(script.url, FixedToken("t"), "7") as carta:
        found = request_records(Wanted(operation, HOLDER, END), carta)
    given = ConvertInput(Plan(operation=operation), kind, (), "", TODAY, END)  # type: ignore[arg-type]
    return convert_record(given, found.model_dump(mode="json"))


def test_a_grant_that_ended_vests_no_further(providers: FixtureProviders) -> None:
    fact = ask(providers, Operation.VESTED_ON, "number", "515")  # 29 of 48 months of 96,000 until October 2025
    assert isinstance(fact, Converted)
    assert fact.value == str(96_000 * 29 // 48)
    assert "Nothing more vests after that day." in fact.statement
