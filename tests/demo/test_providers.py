"""The fixture servers of Rippling and Carta as a process of their own, and what their company promises."""

import subprocess
import sys
from dataclasses import asdict
from datetime import date

import httpx2
import pytest

from config.run.fixture_providers import DEMO_ISSUER
from config.run.fixture_providers import FixtureProviders as Variables
from demo.providers.carta.api import SCOPES as NEEDED_SCOPES
from demo.providers.carta.vesting import after_months, vested, vesting
from demo.providers.company import equity, people
from demo.providers.credentials import Credentials
from tests.fakes.fixture_providers import CREDENTIALS, RIPPLING_OAUTH, FixtureProviders
from workers.clients.carta import SCOPES

COMMAND = [sys.executable, "-m", "demo.providers"]


def test_they_run_by_themselves_and_end_in_order() -> None:
    environment = {name.upper(): value for name, value in asdict(CREDENTIALS).items()}
    with subprocess.Popen(COMMAND, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            urls = [process.stdout.readline().rsplit(" ", 1)[1].strip() for _ in range(2)]
            assert [httpx2.get(f"{url}/health").json() for url in urls] == [{"status": "ok"}] * 2
        finally:
            process.terminate()
            assert process.wait(10) == 0, "they did not end in order"


def test_without_credentials_they_say_what_is_missing() -> None:
    done = subprocess.run(COMMAND, env={}, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "DEMO_RIPPLING_TOKEN" in done.stderr


def test_make_run_gives_them_all_they_need_on_two_ports() -> None:
    variables = Variables()
    told = variables.addresses | variables.credentials
    assert {name.upper() for name in Credentials.__dataclass_fields__} <= set(told)
    assert variables.rippling_port != variables.carta_port
    assert equity()["issuer"]["id"] == DEMO_ISSUER
    assert variables.credentials["DEMO_RIPPLING_TOKEN"] not in variables.addresses.values(), (
        "it lets in, so few know it"
    )
    assert Variables().credentials["DEMO_RIPPLING_TOKEN"] != variables.credentials["DEMO_RIPPLING_TOKEN"]


def test_carta_is_asked_for_the_scopes_that_its_client_needs_and_no_more() -> None:
    assert set(SCOPES) == set(NEEDED_SCOPES)


def test_the_page_that_asks_says_that_it_is_a_fixture_and_no_leads_back() -> None:
    asked = {"client_id": RIPPLING_OAUTH.id, "redirect_uri": "http://127.0.0.1:1/back?a=1", "response_type": "code"}
    with FixtureProviders() as providers:
        url = providers.environment["RIPPLING_AUTHORIZE_URL"]
        page = httpx2.get(url, params=asked | {"state": '"><script>'})
        denied = httpx2.get(url, params=asked | {"state": "st", "decision": "deny"})
        unknown = httpx2.get(url, params=asked | {"client_id": "other"})
    assert "This is no Rippling" in page.text
    assert "<script>" not in page.text
    assert denied.headers["location"] == "http://127.0.0.1:1/back?a=1&error=access_denied&state=st"
    assert unknown.status_code == 400


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("/workers/?filter=title eq 'CTO'", 400),
        ("/workers/?expand=ssn", 400),
        ("/workers/?limit=x", 400),
        ("/workers/nobody/", 404),
        ("/payroll/", 404),
    ],
)
def test_rippling_has_no_more_than_is_documented(request_line: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {CREDENTIALS.demo_rippling_token}"}
    with FixtureProviders() as providers:
        assert httpx2.get(f"{providers.rippling_url}{request_line}", headers=headers).status_code == status
        assert httpx2.post(f"{providers.rippling_url}/workers/", headers=headers).status_code == 405


def test_forty_people_are_there_today() -> None:
    assert len([person for person in people()["people"] if "end" not in person]) == 40


def test_every_key_that_is_named_exists() -> None:
    keys = {person["key"] for person in people()["people"]}
    assert {person["manager"] for person in people()["people"] if "manager" in person} <= keys
    assert {holder["worker"] for holder in equity()["stakeholders"] if "worker" in holder} <= keys
    holders = {holder["id"] for holder in equity()["stakeholders"]}
    lists = ("option_grants", "restricted_stock_awards", "restricted_stock_units")
    assert {entry["holder"] for name in lists for entry in equity()[name]} <= holders


def test_the_ctos_equity_is_partly_vested_with_a_cliff_ahead() -> None:
    (cto,) = (holder["id"] for holder in equity()["stakeholders"] if holder.get("worker") == "marcus-ellery")
    grants = [entry for entry in equity()["option_grants"] if entry["holder"] == cto]
    today = equity()["as_of"]
    assert [vested(grant, today) for grant in grants] == [17_000, 0]
    assert min(when for when, _ in vesting(grants[1])) == date(2026, 12, 8) > today


def test_all_of_a_grant_vests_unless_it_ends_before() -> None:
    for grant in equity()["option_grants"]:
        whole = sum(number for _, number in vesting(grant))
        assert (whole == float(grant["quantity"])) is ("terminated" not in grant)


def test_the_last_day_of_a_month_stays_one() -> None:
    assert after_months(date(2026, 1, 31), 1) == date(2026, 2, 28)
