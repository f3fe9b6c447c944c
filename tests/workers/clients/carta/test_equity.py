"""Carta's client against the fixture of Carta."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from tests.fakes.fixture_providers import FixtureProviders
from tests.fakes.scripted import Said, scripted
from workers.clients.carta import CartaClient, OptionGrant
from workers.provider_http import Choice, Code, FixedToken, Money, ProviderError

LISTS = (
    *("issuers", "stakeholders", "option_grants", "restricted_stock_awards", "restricted_stock_units"),
    "fair_market_values",
)
SENSITIVE = ("900-99-", "Larkspur", "taxId", "street")


@pytest.fixture(scope="module")
def providers() -> Iterator[FixtureProviders]:
    with FixtureProviders(page_size=7) as running:
        yield running


@pytest.fixture
def carta(providers: FixtureProviders) -> Iterator[CartaClient]:
    with providers.carta() as client:
        yield client


def _grants_of(carta: CartaClient, email: str) -> list[OptionGrant]:
    (holder,) = (holder for holder in carta.stakeholders() if holder.email == email)
    return [grant for grant in carta.option_grants() if grant.stakeholder_id == holder.id]


@pytest.mark.parametrize("name", LISTS)
def test_every_list_is_read_whole_and_to_its_last_page(carta: CartaClient, name: str) -> None:
    listing = getattr(carta, name)()
    assert listing.complete
    assert len(listing) > 0
    assert not [record for record in listing if record.unreadable]


def test_nothing_sensitive_leaves_the_client(carta: CartaClient) -> None:
    everything = [getattr(carta, name)() for name in LISTS]
    told = "".join(f"{part!r}" for part in everything)
    assert not [word for word in SENSITIVE if word in told]


def test_a_grant_is_read_exactly_in_both_spellings_of_its_type(carta: CartaClient) -> None:
    advisor, hired = _grants_of(carta, "marcus-ellery@demorobotics.example")
    assert (advisor.stock_option_type, hired.stock_option_type) == (Choice("NSO"), Choice("ISO"))
    assert hired.quantity == Decimal(240_000), "written as 2.4E+5"
    assert hired.exercise_price == Money(Decimal("0.92"), "USD")
    assert hired.issue_date == date(2026, 1, 15)


def test_vesting_events_say_what_is_vested_on_a_day(carta: CartaClient) -> None:
    _, hired = _grants_of(carta, "marcus-ellery@demorobotics.example")

    def vested(day: date) -> Decimal:
        events = [event for event in hired.vesting_events if event.vest_date and event.vest_date <= day]
        return sum((event.quantity for event in events if event.quantity), Decimal())

    assert [vested(date(2026, 12, 7)), vested(date(2026, 12, 8)), vested(date(2029, 12, 8))] == [0, 60_000, 240_000]


def test_an_exercise_period_that_is_not_set_is_none(carta: CartaClient) -> None:
    _, hired = _grants_of(carta, "marcus-ellery@demorobotics.example")
    periods = hired.exercise_periods
    assert periods is not None
    assert periods.involuntary_termination is not None
    assert (periods.involuntary_termination.count, periods.involuntary_termination.unit.word) == (90, "DAY")
    (unset,) = _grants_of(carta, "rosa@delgado.example")
    assert unset.exercise_periods is None, "inherited from the plan, which Carta does not show"


def test_an_employee_id_may_be_missing_and_is_none_then(carta: CartaClient) -> None:
    unmatched = {holder.full_name for holder in carta.stakeholders() if holder.employee_id is None}
    assert {"Priya Raman", "Tomasz Nowak"} <= unmatched


def test_a_scope_that_was_not_granted_is_a_403_with_its_reason(providers: FixtureProviders) -> None:
    with providers.carta(scopes=("read_issuer_info",)) as carta:
        assert len(carta.issuers()) == 1
        with pytest.raises(ProviderError) as caught:
            carta.option_grants()
    assert (caught.value.code, caught.value.reason) == (Code.FORBIDDEN, "INSUFFICIENT_SCOPE")


def test_another_companys_issuer_is_not_found(providers: FixtureProviders) -> None:
    for issuer in ("9", "../issuers", "4021/stakeholders?x="):
        with providers.carta(issuer=issuer) as carta, pytest.raises(ProviderError) as caught:
            carta.stakeholders()
        assert caught.value.code is Code.NOT_FOUND


@pytest.mark.parametrize(
    ("fault", "code", "reason", "retry_after"),
    [
        ("forbidden-internal", Code.FORBIDDEN, "MISSING_INTERNAL_PERMISSION", None),
        ("rate-limited-once", Code.RATE_LIMITED, None, 1.0),
        ("unavailable", Code.UNAVAILABLE, None, None),
        ("malformed-json", Code.MALFORMED, None, None),
    ],
)
def test_each_fault_is_told_apart(fault: str, code: Code, reason: str | None, retry_after: float | None) -> None:
    with FixtureProviders(fault) as faulty, faulty.carta() as carta:
        with pytest.raises(ProviderError) as caught:
            carta.stakeholders()
        error = caught.value
        assert (error.code, error.reason, error.retry_after) == (code, reason, retry_after)
        if code is Code.RATE_LIMITED:
            assert len(carta.stakeholders()) > 0, "once it was waited for"


def test_a_page_token_that_repeats_ends_the_list_which_is_not_complete() -> None:
    with FixtureProviders("repeated-page", page_size=5) as faulty, faulty.carta() as carta:
        stakeholders = carta.stakeholders()
    assert len(stakeholders) == 10
    assert not stakeholders.complete


def test_ids_and_scalars_that_are_not_wrapped_are_read_too() -> None:
    body = b'{"optionGrants": [{"id": 17, "quantity": "3E2", "issueDate": "2026-01-31", "vestingEvents": []}]}'
    with scripted(Said(body)) as script, CartaClient(script.url, FixedToken("t"), "7") as carta:
        (grant,) = carta.option_grants()
    assert (grant.id, grant.quantity, grant.issue_date) == ("17", Decimal(300), date(2026, 1, 31))


def test_a_word_that_is_new_is_kept_as_it_came() -> None:
    body = b'{"optionGrants": [{"id": "1", "stockOptionType": "STOCK_OPTION_TYPE_EMI"}]}'
    with scripted(Said(body)) as script, CartaClient(script.url, FixedToken("t"), "7") as carta:
        (grant,) = carta.option_grants()
    assert grant.stock_option_type == Choice("STOCK_OPTION_TYPE_EMI", known=False)


@pytest.mark.parametrize(
    "senseless",
    [
        b'"involuntaryTerminationCount": "x", "involuntaryTerminationPeriod": "PTEP_PERIOD_DAY"',
        b'"involuntaryTerminationCount": 1',
    ],
    ids=["no count", "a count of what?"],
)
def test_an_exercise_period_that_makes_no_sense_costs_only_itself(senseless: bytes) -> None:
    good = b'"voluntaryTerminationCount": "3", "voluntaryTerminationPeriod": "PTEP_PERIOD_MONTH"'
    body = b'{"optionGrants": [{"id": "1", "exercisePeriods": {' + senseless + b", " + good + b"}}]}"
    with scripted(Said(body)) as script, CartaClient(script.url, FixedToken("t"), "7") as carta:
        (grant,) = carta.option_grants()
    assert grant.exercise_periods is not None
    assert grant.exercise_periods.voluntary_termination is not None
    assert grant.exercise_periods.voluntary_termination.count == 3
    assert grant.made_no_sense("exercise_periods.involuntary_termination")


@pytest.mark.parametrize("body", [b'{"grants": []}', b'{"restrictedStockUnits": null}', b"[]"])
def test_an_answer_without_its_list_is_not_taken_for_an_empty_one(body: bytes) -> None:
    with scripted(Said(body)) as script, CartaClient(script.url, FixedToken("t"), "7") as carta:
        with pytest.raises(ProviderError) as caught:
            carta.restricted_stock_units()
        assert caught.value.code is Code.MALFORMED, "the founder would read that the person has none"


@pytest.mark.parametrize("body", [b'{"restrictedStockUnits": []}', b"{}", b'{"nextPageToken": ""}'])
def test_a_list_that_is_empty_may_be_left_out(body: bytes) -> None:
    with scripted(Said(body)) as script, CartaClient(script.url, FixedToken("t"), "7") as carta:
        assert len(carta.restricted_stock_units()) == 0
