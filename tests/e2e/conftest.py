"""A real browser before the running product. Every page it opens may talk to the product's own host only."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from tests.browser import find_or_install_browser
from tests.processes import Installation

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "test-results"
# `MATTERSTREAM_SCREENSHOTS=1 make test` keeps a picture of every page in test-results, and those of the docs there.
SCREENSHOTS = os.environ.get("MATTERSTREAM_SCREENSHOTS") == "1"
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",  # there is none, and to emulate one takes as long as the tests
    "--no-first-run",
]
Scheme = Literal["light", "dark"]
expect.set_options(timeout=30_000)  # milliseconds: a busy machine is slow, not wrong


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One running product for all files of tests that need none of their own."""
    with Installation(tmp_path_factory.mktemp("installation")) as product:
        yield product


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=find_or_install_browser(), args=FLAGS)
        yield started
        started.close()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(request: pytest.FixtureRequest, browser: Browser, installation: Installation) -> Iterator[OpenPage]:
    """Opens pages, each in a context of its own; in the end no request may have gone to another host.

    What a test that failed had before it is printed below its failure.
    """
    failed_before = request.session.testsfailed
    contexts: list[BrowserContext] = []
    strangers: list[str] = []
    faults: list[str] = []

    def opened(**options: Any) -> Page:
        options = {"base_url": installation.url, "viewport": {"width": 1280, "height": 900}, **options}

        def note(sent: Request) -> None:
            if urlsplit(sent.url).netloc != urlsplit(options["base_url"]).netloc and not sent.url.startswith("data:"):
                strangers.append(sent.url)

        context = browser.new_context(**options)
        context.set_default_timeout(20_000)
        context.on("request", note)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if "Content Security" in message.text else None)
        return page

    yield opened
    for context in contexts:
        for page in context.pages if request.session.testsfailed > failed_before else []:
            sys.stdout.write(f"{page.url} showed:\n{page.locator('body').inner_text()}\n")
        context.close()
    assert not strangers, f"requests went to other hosts: {strangers}"
    assert not faults, f"the page's script or its security policy reported: {faults}"


@pytest.fixture
def founder_page(open_page: OpenPage, installation: Installation) -> Page:
    """A page signed in as the founder."""
    page = open_page()
    sign_in(page, installation)
    return page


def sign_in(page: Page, installation: Installation) -> None:
    page.goto("/")
    page.get_by_label("E-mail address").fill(installation.founder_email)
    page.get_by_label("Password").fill(installation.founder_password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Matters").wait_for()


def look(page: Page, name: str, *, keep: bool = True) -> None:
    """Axe finds nothing in light and dark, at 390 and 1280 px; screenshots are kept where they are wished for."""
    was = page.viewport_size
    assert was is not None
    for scheme, widths in VIEWS.items():
        page.emulate_media(color_scheme=scheme)
        for width in widths:
            page.set_viewport_size({"width": width, "height": was["height"]})
            if keep and SCREENSHOTS:
                _keep(page, f"{name}-{scheme}-{width}")
            found, wide = _faults(page, scheme)
            assert found.violations_count == 0, f"{name}, {scheme}, {width} px:\n{found.generate_report()}"
            assert wide <= 0, f"{name} is {wide} px wider than a window of {width} px"
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(was)


# From one view to the next one thing changes; the first is the one that pages are opened in.
VIEWS: dict[Scheme, tuple[int, int]] = {"light": (1280, 390), "dark": (390, 1280)}
# The colours of another scheme come by a transition, whose middle nobody is to read. The violations alone are brought
# out: to carry the nodes of all that passed costs more than to find them. Null: axe is not in this page yet.
LOOK = """async (rules) => {
  if (!("axe" in window)) return null
  document.getAnimations().forEach((each) => {
    if (each.effect.getComputedTiming().endTime !== Infinity) each.finish()
  })
  const { violations } = await axe.run({ resultTypes: ["violations"], ...rules })
  return { violations, wide: document.documentElement.scrollWidth - document.documentElement.clientWidth }
}"""
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


def _faults(page: Page, scheme: Scheme) -> tuple[AxeResults, int]:
    """What axe finds, and how many px the page is too wide. A scheme changes colours: in dark those are looked at."""
    rules = COLOURS if scheme == "dark" else {}
    found = page.evaluate(LOOK, rules)
    if found is None:
        page.evaluate(Axe().axe_script)
        found = page.evaluate(LOOK, rules)
    return AxeResults(found), found["wide"]


def _keep(page: Page, name: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    page.screenshot(path=RESULTS / f"{name}.png", full_page=True, animations="disabled")


def picture(page: Page, name: str) -> None:
    """A picture of the window as it is; kept for the docs where screenshots are wished for."""
    RESULTS.mkdir(exist_ok=True)
    page.screenshot(path=RESULTS / f"{name}.png", animations="disabled")
    if SCREENSHOTS:
        (ROOT / "docs" / "images").mkdir(parents=True, exist_ok=True)
        shutil.copy(RESULTS / f"{name}.png", ROOT / "docs" / "images" / f"{name}.png")
