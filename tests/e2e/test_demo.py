"""The job as `make run` shows it without a key: demo model and providers, and every page says so. README's pictures."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from demo.providers.company import equity, people
from tests.databases import FOUNDER
from tests.e2e.conftest import ROOT, OpenPage, look, picture, sign_in
from tests.e2e.walk import answer_cards, ask_a_question
from tests.fakes.fixture_providers import FixtureProviders
from tests.processes import Installation, wait_until
from tests.sensitive import places_with, sensitive_words
from tests.workers.local_providers import ENVIRONMENT

pytestmark = pytest.mark.xdist_group("demo")  # who share a product of their own
LABEL = "not written by a language model"


@pytest.fixture(scope="module")
def demo_model() -> Iterator[str]:
    """The address of a demo model."""
    command = [sys.executable, "-m", "demo.model", "--port", "0", "--pace", "30"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, demo_model: str) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("demo")
    models: dict[str, Any] = {
        "OPENAI_BASE_URL": demo_model,
        "LLM_MODEL": "demo-model",
        "LLM_ADVICE_MODEL": "demo-model",
    }
    with FixtureProviders() as providers, Installation(folder, **models | providers.environment) as product:
        product.manage("shell", "-c", CONNECT)
        yield product


CONNECT = f"""
from companies.demo_connections import connect_demo
from companies.models import Company, User
connect_demo(Company.objects.get(slug="test"), User.objects.get(email="{FOUNDER}"), {ENVIRONMENT})
"""
PLANNED = date(2026, 12, 31)  # what `walk.fill` says to a question for a date


def expected_facts() -> dict[str, str]:
    """The values as the fixtures' own files have them, computed without the product."""
    cto = next(person for person in people()["people"] if person["title"] == "Chief Technology Officer")
    here = [person for person in people()["people"] if "end" not in person]
    states = {place["key"]: place["region"] for place in people()["work_locations"]}
    assert states[cto["place"]] == "CA"
    holder = next(held["id"] for held in equity()["stakeholders"] if held.get("worker") == cto["key"])
    grants = [
        grant
        for kind in ("option_grants", "restricted_stock_awards", "restricted_stock_units")
        for grant in equity()[kind]
        if grant["holder"] == holder
    ]
    return {
        "work_state": f"California; employed by {people()['legal_entities'][0]['legal_name']}",
        "worker_type": "contractor" if cto.get("employment") == "contractor" else "employee",
        "age_40_plus": "yes" if cto["born"].replace(year=cto["born"].year + 40) <= today() else "no",
        "headcount": str(sum(person.get("employment") != "contractor" for person in here)),
        "annual_salary": str(cto["pay"]),
        "vested_on_planned_date": str(sum(vested(grant) for grant in grants)),
    }


def today() -> date:
    return datetime.now(tz=UTC).date()


def vested(grant: dict[str, Any]) -> int:
    """On the planned date, by whole months since vesting began."""
    rhythm = next(schedule for schedule in equity()["schedules"] if schedule["id"] == grant["schedule"])
    start = grant["vests_from"]
    months = (PLANNED.year - start.year) * 12 + PLANNED.month - start.month - (PLANNED.day < start.day)
    counted = 0 if months < rhythm["cliff"] else min(months, rhythm["months"]) // rhythm["every"] * rhythm["every"]
    return int(float(grant["quantity"])) * int(counted) // int(rhythm["months"])


def test_the_demo_matter_is_advised_within_a_minute_of_the_last_answer(
    open_page: OpenPage, installation: Installation
) -> None:
    page = open_page()
    sign_in(page, installation)
    assert LABEL in page.locator("body").inner_text()
    ask_a_question(page)
    picture_of(page, "questions", "body")
    answer_cards(page)
    settled = matter_on(page, installation)
    facts = {fact["key"]: fact for fact in settled["facts"]}
    expected = expected_facts()
    assert {key: facts[key]["value"] for key in expected} == expected
    of_providers = [fact for fact in settled["facts"] if fact["source"] in ("rippling", "carta")]
    assert len(settled["questions"]) == 15
    assert len(of_providers) >= 7
    assert {fact["status"] for fact in of_providers} == {"known"}
    of_today = [fact for fact in of_providers if fact["key"] != "vested_on_planned_date"]
    assert {fact["as_of"] for fact in of_today} == {today().isoformat()}
    assert facts["vested_on_planned_date"]["as_of"] == PLANNED.isoformat()
    terms = facts["option_terms"]["value"]
    assert "24,000 NSOs at 0.41 USD, exercisable for 90 days" in terms
    assert "240,000 ISOs at 0.92 USD" in terms
    vacation = next(q for q in settled["questions"] if q["known"])
    assert "Vacation 14.5" in vacation["known"]
    assert vacation["reason"] == "Rippling does not say whether its leave balances are days or hours."

    began = time.monotonic()
    page.wait_for_function("() => document.querySelector('#advice-text').innerText.length > 700")
    picture_of(page, "streaming", "#advice", scheme="dark")
    page.get_by_role("button", name="Regenerate").wait_for(timeout=60_000)
    assert time.monotonic() - began < 60
    expect(page.locator("#advice-head")).to_contain_text(LABEL)
    page.locator("#answered-list > summary").click()
    row = page.locator("#answered .facts > div", has_text="employee or a contractor")
    expect(row).to_contain_text(f"from Rippling, worker {facts['worker_type']['record_id'][:8]}…")
    row.get_by_text("How this was found").click()
    expect(row).to_contain_text("Request: Rippling, worker → 200")
    assert places_with({facts["work_state"]["value"]}, installation, settled["id"]), "words that are there are found"
    assert places_with(sensitive_words(), installation, settled["id"]) == []
    look(page, "demo-advice")
    picture_of(page, "advice", "#advice")
    picture_of(page, "advice-phone", "#advice", width=390)
    page.get_by_text("Share with a link").click()
    picture_of(page, "share", "#advice-files")
    for path, name in (("/matters/new/", "new-matter"), ("/settings/connections/", "connections")):
        page.goto(path)
        picture(page, name)


def matter_on(page: Page, installation: Installation) -> dict[str, Any]:
    """The matter of the page, once all its questions are settled."""
    path = f"/api/v1/matters/{page.url.rstrip('/').rpartition('/')[2]}"

    def settled() -> dict[str, Any] | None:
        found: dict[str, Any] = installation.api.get(path).json()
        return found if found["status"] in ("advising", "advised") else None

    return dict(wait_until(settled, "all questions are settled", 60))


# Nobody can claim a conversion: so a worker is killed behind the request and before what follows. No claim waits for a
# lock instead, for each would keep one of the few connections that the other steps need.
HOLD = """
CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.kind = 'convert_record' AND NEW.state = 'running' THEN RETURN NULL; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER hold BEFORE UPDATE ON matters_step FOR EACH ROW EXECUTE FUNCTION hold();
"""
LET_GO = "DROP TRIGGER hold ON matters_step; DROP FUNCTION hold()"
REST = """
SELECT count(*) FILTER (WHERE kind = 'convert_record'), count(*) FILTER (WHERE kind <> 'convert_record')
  FROM matters_step WHERE matter_id = %s AND state IN ('ready', 'running')
"""


def test_a_worker_killed_between_request_and_conversion_repeats_no_request_and_no_question(
    installation: Installation,
) -> None:
    installation.sql(HOLD)
    try:
        sent = {"question": "We hired the wrong person as CTO and must let them go: how?"}
        matter = installation.api.post("/api/v1/matters", json=sent).json()["id"]
        wait_until(lambda: stands(installation, matter), "only conversions are left to do", 90)
        installation.workers[-1].kill()
    finally:
        installation.sql(LET_GO)
    installation.start_worker()
    wait_until(lambda: converted(installation, matter) >= 6, "another worker converts", 60)
    asked = "SELECT operation, question_id, count(*) FROM matters_providercall WHERE matter_id = %s GROUP BY 1, 2"
    calls = installation.sql(asked, matter)
    assert {operation for operation, *_ in calls} >= {"workers", "worker", "option_grants"}
    assert [call for call in calls if call[2] > 1] == [], "a request that had ended was made again"
    put = """SELECT data->>'question', count(*) FROM matters_event WHERE matter_id = %s AND type = 'question.updated'
             AND from_status = 'asking' AND to_status = 'awaiting_founder' GROUP BY 1"""
    questions = installation.sql(put, matter)
    assert len(questions) >= 7
    assert {times for _question, times in questions} == {1}, "a person was asked the same again"


def stands(installation: Installation, matter: str) -> bool:
    """Whether the matter is at conversions, and at nothing else."""
    ((conversions, others),) = installation.sql(REST, matter)
    return bool(conversions >= 6 and not others)


def converted(installation: Installation, matter: str) -> int:
    """How many of the matter's conversions are done."""
    counted = "SELECT count(*) FROM matters_step WHERE matter_id = %s AND kind = 'convert_record' AND state = 'done'"
    ((done,),) = installation.sql(counted, matter)
    return int(done)


def picture_of(page: Page, name: str, place: str, *, scheme: str = "light", width: int = 1280) -> None:
    """A picture of the window at `place`."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})
    page.locator(place).evaluate("node => scrollTo(0, Math.max(0, node.getBoundingClientRect().top + scrollY - 120))")
    picture(page, name)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})
