"""An operator's walk: a killed worker, a dead letter, an open breaker are seen on the system page, and mended there."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.databases import PASSWORD
from tests.e2e.conftest import OpenPage, look, picture
from tests.processes import Installation, wait_until
from tests.test_journey import submit, wait_for_status

pytestmark = pytest.mark.xdist_group("operator")  # who share a product of their own
SYSTEM = "/admin/matters/processreport/"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A product of its own: its worker is killed, and its model is told to refuse."""
    with Installation(tmp_path_factory.mktemp("operated")) as product:
        yield product


def open_system(page: Page, product: Installation) -> None:
    page.goto(SYSTEM)
    page.get_by_label("E-mail address").fill(product.staff_email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="System", exact=True).wait_for()


def test_a_killed_worker_a_dead_letter_and_an_open_breaker_are_seen_and_mended(
    open_page: OpenPage, installation: Installation
) -> None:
    page, product = open_page(), installation
    open_system(page, product)
    expect(page.get_by_text("No step gave up.")).to_be_visible()
    product.llm.set(
        replies={"judge_relevance": {"relevant": False}}, always={"kind": "bad_request"}
    )  # nothing is asked
    given_up = submit(product)
    wait_for_status(product, given_up, "failed")
    product.llm.set(always={"kind": "unauthorised"})
    waiting = submit(product)
    wait_until(lambda: product.sql("SELECT 1 FROM matters_breaker"), "the breaker is open")
    killed = product.workers[0]
    killed.kill()
    product.start_worker()
    silent = "SELECT 1 FROM matters_processreport WHERE pid = %s AND seen_at < now() - interval '21 seconds'"
    wait_until(lambda: product.sql(silent, killed.pid), "the killed worker has been silent for long enough", 60)

    def taken_over() -> bool:
        page.reload()
        return "all taken over" in page.locator("tr.gone", has_text=str(killed.pid)).inner_text()

    wait_until(taken_over, "others do the killed worker's work", 60)
    expect(page.get_by_role("heading", name="Dead letters: 1")).to_be_visible()
    look(page, "system")
    picture(page, "system")

    product.llm.set(always=None)
    page.get_by_role("button", name="Close llm").click()
    expect(page.get_by_text("Calls to llm are made again")).to_be_visible()
    expect(page.get_by_role("heading", name="Open breakers")).to_have_count(0)
    wait_for_status(product, waiting, "advised")
    page.get_by_role("button", name="Retry plan_search").click()
    expect(page.get_by_text("1 matters go on")).to_be_visible()
    expect(page.get_by_text("No step gave up.")).to_be_visible()
    wait_until(
        lambda: product.sql("SELECT 1 FROM matters_matter WHERE id = %s AND status = 'advised'", given_up),
        "the matter of the dead letter is advised",
    )
