"""The API's own documentation in a real browser."""

from playwright.sync_api import Page

from tests.e2e.conftest import OpenPage


def test_the_documentation_shows_every_call(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/api/v1/docs")
    page.wait_for_selector(".opblock")
    paths = page.request.get("/api/v1/openapi.json").json()["paths"]
    assert page.locator(".opblock").count() == sum(len(methods) for methods in paths.values()) > 10


def test_a_person_may_try_a_call_out(founder_page: Page) -> None:
    founder_page.goto("/api/v1/docs")
    founder_page.locator(".opblock-summary", has_text="Submit a matter").click()
    founder_page.get_by_role("button", name="Try it out").click()
    founder_page.locator("textarea").first.fill('{"question": "May we pay our CTO in stock?"}')
    founder_page.get_by_role("button", name="Execute").click()
    answer = founder_page.locator(".live-responses-table .response-col_status").nth(1)
    answer.wait_for()
    assert answer.inner_text().startswith("202"), founder_page.locator(".live-responses-table").inner_text()
