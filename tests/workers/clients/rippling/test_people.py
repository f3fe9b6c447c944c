"""Rippling's client against the fixture of Rippling."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from demo.providers.rippling import records as told_by_rippling
from tests.fakes.fixture_providers import FixtureProviders
from tests.fakes.scripted import Said, scripted
from workers.clients.rippling import RipplingClient, Worker
from workers.clients.rippling.client import EXPANDABLE
from workers.clients.rippling.reading import is_40_or_older
from workers.provider_http import Choice, Code, Money, ProviderError


@pytest.fixture(scope="module")
def providers() -> Iterator[FixtureProviders]:
    with FixtureProviders(page_size=9) as running:
        yield running


@pytest.fixture
def rippling(providers: FixtureProviders) -> Iterator[RipplingClient]:
    with providers.rippling() as client:
        yield client


def _titled(rippling: RipplingClient, title: str) -> Worker:
    (found,) = (worker for worker in rippling.workers(expand=EXPANDABLE) if worker.title == title)
    return found


def test_the_list_of_workers_is_read_whole_and_to_its_last_page(rippling: RipplingClient) -> None:
    workers = rippling.workers(expand=EXPANDABLE)
    assert workers.complete
    assert len(workers) == len(told_by_rippling.workers())
    assert not [worker for worker in workers if worker.unreadable]


def _sensitive() -> set[str]:
    """All that the fixture sends and nobody may see here."""
    names = ("date_of_birth", "gender", "race", "ethnicity", "personal_email")
    words = {str(worker[name]) for worker in told_by_rippling.workers() for name in names}
    numbers = {worker["country_fields"]["us"]["ssn"] for worker in told_by_rippling.workers()}
    streets = {address["street_address"] for user in told_by_rippling.users() for address in user["addresses"]}
    offices = {place["address"]["street_address"] for place in told_by_rippling.work_locations()}
    return words | numbers | streets | offices | {"date_of_birth", "country_fields", "ssn"}


def test_nothing_sensitive_leaves_the_client(rippling: RipplingClient) -> None:
    cto = _titled(rippling, "Chief Technology Officer")
    assert cto.location is not None
    everything = [rippling.workers(expand=EXPANDABLE), rippling.worker(cto.id, EXPANDABLE)]
    everything += [rippling.worker(cto.id, ("compensation",)).pay, rippling.leave_balances(cto.id)]
    everything.append(rippling.work_location(str(cto.location.work_location_id)))
    dumped = [record.model_dump_json() for record in rippling.workers(expand=EXPANDABLE)]
    told = "".join(f"{part!r}" for part in everything) + "".join(dumped)
    assert len(_sensitive()) > 100, "else this finds nothing"
    assert not [word for word in _sensitive() if f"'{word}'" in told or f'"{word}"' in told]


def test_managers_departments_and_why_somebody_left_stay_outside() -> None:
    body = (
        b'{"id": "w", "manager_id": "Zilpzalp", "department_id": "Zilpzalp", "department": {"name": "Zilpzalp"},'
        b'"termination_details": {"type": "VOLUNTARY", "reason": "Zilpzalp"}}'
    )
    with scripted(Said(body)) as script, RipplingClient(script.url, "t") as rippling:
        assert "Zilpzalp" not in rippling.worker("w").model_dump_json(), "the page says that these are dropped"


def test_the_cto_is_found_by_title_with_all_that_ending_their_employment_needs(rippling: RipplingClient) -> None:
    cto = _titled(rippling, "Chief Technology Officer")
    assert (cto.name, cto.status, cto.age_40_plus) == ("Marcus Ellery", Choice("ACTIVE"), True)
    assert (cto.start_date, cto.overtime_exemption) == (date(2025, 12, 8), Choice("EXEMPT"))
    assert cto.employment_type is not None
    assert cto.employment_type.type == Choice("EMPLOYEE")
    assert cto.location is not None
    place = rippling.work_location(str(cto.location.work_location_id))
    assert place.address is not None
    assert (place.address.region, place.address.country) == ("CA", "US")
    pay = rippling.worker(cto.id, ("compensation",)).pay
    assert pay is not None
    assert (pay.annual_compensation, pay.signing_bonus) == (Money(Decimal(285000), "USD"), Money(Decimal(40000), "USD"))
    vacation = next(
        left for left in rippling.leave_balances(cto.id) if left.leave_type and left.leave_type.name == "Vacation"
    )
    assert vacation.balance_excluding_future_requests == Decimal("14.5")


def test_the_active_are_counted_by_kind(rippling: RipplingClient) -> None:
    active = rippling.workers("ACTIVE", ("employment_type",))
    kinds = [worker.employment_type.type for worker in active if worker.employment_type]
    assert active.complete
    assert (kinds.count(Choice("EMPLOYEE")), kinds.count(Choice("CONTRACTOR"))) == (36, 4)
    assert not [worker for worker in rippling.workers("TERMINATED") if worker.end_date is None]


def test_who_left_is_not_counted_where_rippling_does_not_heed_the_filter() -> None:
    people = b'{"results": [{"id": "1", "status": "TERMINATED"}, {"id": "2", "status": "ACTIVE"}, {"id": "3"}]}'
    with scripted(Said(people)) as script, RipplingClient(script.url, "t") as rippling:
        assert [worker.id for worker in rippling.workers("ACTIVE")] == ["2", "3"]


def test_two_people_of_one_name_stay_two(rippling: RipplingClient) -> None:
    assert len({worker.id for worker in rippling.workers(expand=("user",)) if worker.name == "Daniel Kim"}) == 2


def test_a_remote_worker_may_have_no_state_anywhere(rippling: RipplingClient) -> None:
    (remote,) = (worker for worker in rippling.workers(expand=("user",)) if worker.name == "Tomasz Nowak")
    assert remote.location is not None
    assert remote.user is not None
    assert (remote.location.type, remote.location.work_location_id, remote.user.regions) == (Choice("REMOTE"), None, ())


def test_what_is_held_back_is_named_and_not_null(rippling: RipplingClient) -> None:
    workers = rippling.workers("TERMINATED")
    why = "The token's owner may not see why people left"
    assert {worker.withheld("termination_details") for worker in workers} == {why}, "told of the list as a whole"
    assert rippling.worker(workers.items[0].id).withheld("termination_details") == why


def test_pay_that_is_held_back_says_so_for_each_amount() -> None:
    with FixtureProviders("redacted-compensation") as faulty, faulty.rippling() as rippling:
        pay = rippling.worker(rippling.workers("ACTIVE").items[0].id, ("compensation",)).pay
    assert pay is not None
    assert (pay.annual_compensation, pay.withheld("annual_compensation")) == (None, "Requires API tier 2")


@pytest.mark.parametrize(
    ("pay", "name"),
    [
        (b'"annual_compensation": {"currency_type": "USD", "value": 0}}', b"compensation.annual_compensation"),
        (b'"annual_compensation": null, "__meta": {"redacted_fields": [%b]}}', b"other"),
    ],
    ids=["named by the whole", "named by the part"],
)
def test_a_part_that_is_held_back_is_named_by_the_part_and_the_whole(pay: bytes, name: bytes) -> None:
    inner, outer = (b'{"name": "' + field + b'", "reason": "tier"}' for field in (b"annual_compensation", name))
    meta = b'"__meta": {"redacted_fields": [' + outer + b"]}"
    body = b'{"id": "w", "compensation": {' + pay.replace(b"%b", inner) + b", " + meta + b"}"
    with scripted(Said(body)) as script, RipplingClient(script.url, "t") as rippling:
        told, worker = rippling.worker("w", ("compensation",)).pay, rippling.worker("w", ("compensation",))
    assert told is not None
    assert told.annual_compensation is None, "a zero beside a redaction is no pay"
    assert told.withheld("annual_compensation") == worker.withheld("compensation") == "tier"


def test_pay_that_is_not_there_is_none() -> None:
    with scripted(Said(b'{"id": "w", "compensation": null}')) as script, RipplingClient(script.url, "t") as rippling:
        assert rippling.worker("w", ("compensation",)).pay is None


def test_a_held_back_birth_date_holds_back_the_age_and_a_value_beside_it_is_not_read() -> None:
    meta = b'"__meta": {"redacted_fields": [{"name": "results.date_of_birth", "reason": null}, "x", {"name": 1}]}'
    body = b'{"results": [{"id": "w", "date_of_birth": "1960-01-01"}], "next_link": null, ' + meta + b"}"
    with scripted(Said(body)) as script, RipplingClient(script.url, "t") as rippling:
        (worker,) = rippling.workers()
    assert (worker.age_40_plus, worker.withheld("age_40_plus")) == (None, "no reason given")


@pytest.mark.parametrize(
    ("birth", "unreadable"),
    [("", ()), (None, ())] + [(odd, ("age_40_plus",)) for odd in ("0000-00-00", "XX", "02/03/1980", 19800203)],
)
def test_without_a_birth_date_the_age_is_not_known_and_with_an_odd_one_unreadable(
    birth: object, unreadable: tuple[str, ...]
) -> None:
    body = json.dumps({"id": "w", "date_of_birth": birth}).encode()
    with scripted(Said(body)) as script, RipplingClient(script.url, "t") as rippling:
        worker = rippling.worker("w")
    assert (worker.age_40_plus, worker.unreadable) == (None, unreadable)


def test_a_provider_cannot_say_the_age_itself() -> None:
    said = Said(b'{"id": "w", "age_40_plus": true, "unreadable": ["id"], "redacted": {"id": "x"}}')
    with scripted(said) as script, RipplingClient(script.url, "t") as rippling:
        worker = rippling.worker("w")
    assert (worker.age_40_plus, worker.unreadable, worker.redacted) == (None, (), {})


@pytest.mark.parametrize(
    ("born", "day", "expected"),
    [
        (date(1986, 11, 25), date(2026, 11, 24), False),
        (date(1986, 11, 25), date(2026, 11, 25), True),
        (date(1988, 2, 29), date(2028, 2, 28), False),
        (date(1988, 2, 29), date(2028, 2, 29), True),
    ],
)
def test_forty_is_forty_on_the_birthday(born: date, day: date, expected: bool) -> None:
    assert is_40_or_older(born, day) is expected


def test_the_age_is_that_of_the_day_asked_for(rippling: RipplingClient) -> None:
    (head,) = (worker.id for worker in rippling.workers() if worker.title == "Director of Engineering")
    ages = [rippling.worker(head, as_of=day).age_40_plus for day in (date(2024, 3, 21), date(2024, 3, 22))]
    assert ages == [False, True]


def test_names_come_whole_or_in_parts() -> None:
    for name, expected in (('"A B"', "A B"), ('{"given_name": "A", "family_name": "B"}', "A B"), ("{}", None)):
        body = f'{{"id": "w", "user": {{"name": {name}}}}}'.encode()
        with scripted(Said(body)) as script, RipplingClient(script.url, "t") as rippling:
            assert rippling.worker("w").name == expected


@pytest.mark.parametrize(
    ("fault", "code", "retry_after"),
    [
        ("forbidden", Code.FORBIDDEN, None),
        ("rate-limited-once", Code.RATE_LIMITED, 1.0),
        ("unauthorized-once", Code.UNAUTHORIZED, None),
        ("unavailable", Code.UNAVAILABLE, None),
        ("malformed-json", Code.MALFORMED, None),
    ],
)
def test_each_fault_is_told_apart(fault: str, code: Code, retry_after: float | None) -> None:
    with (
        FixtureProviders(fault) as faulty,
        faulty.rippling() as rippling,
        pytest.raises(ProviderError) as caught,
    ):
        rippling.workers()
    assert (caught.value.code, caught.value.retry_after) == (code, retry_after)


def test_a_next_page_on_another_host_is_refused() -> None:
    with (
        FixtureProviders("foreign-next-link", page_size=5) as faulty,
        faulty.rippling() as rippling,
        pytest.raises(ProviderError) as caught,
    ):
        rippling.workers()
    assert caught.value.code is Code.FOREIGN_HOST


def test_a_page_that_repeats_ends_the_list_which_is_not_complete() -> None:
    with FixtureProviders("repeated-page", page_size=5) as faulty, faulty.rippling() as rippling:
        workers = rippling.workers()
    assert (len(workers), workers.complete) == (5, False)


@pytest.mark.parametrize("body", [b"{}", b'{"workers": []}', b'{"results": null}', b"[]"])
def test_an_answer_without_its_list_is_not_taken_for_an_empty_one(body: bytes) -> None:
    with (
        scripted(Said(body)) as script,
        RipplingClient(script.url, "t") as rippling,
        pytest.raises(ProviderError) as caught,
    ):
        rippling.workers()
    assert caught.value.code is Code.MALFORMED, "the founder would read that nobody works there"


def test_a_wrong_token_and_an_unknown_id_are_told_apart(providers: FixtureProviders) -> None:
    with providers.rippling("wrong") as rippling, pytest.raises(ProviderError) as refused:
        rippling.worker("0" * 24)
    with providers.rippling() as rippling, pytest.raises(ProviderError) as missing:
        rippling.worker("0" * 24)
    assert (refused.value.code, missing.value.code) == (Code.UNAUTHORIZED, Code.NOT_FOUND)
