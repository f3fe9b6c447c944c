"""The API's own documentation in a real browser."""

import pytest

from tests.e2e.conftest import OpenPage

pytestmark = pytest.mark.e2e


def test_the_documentation_shows_every_call_and_asks_no_other_host(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/api/v1/docs")
    page.wait_for_selector(".opblock")
    assert page.locator(".opblock").count() == 11
    page.locator(".opblock-summary", has_text="Submit a matter").click()
    page.get_by_text("Try it out").first.click()
    page.get_by_text("Execute").first.click()
    page.wait_for_selector(".live-responses-table")
    page.screenshot(path="test-results/api-docs.png", full_page=False)
