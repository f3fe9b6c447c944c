"""The job as `make run` shows it without a key: the demo model answers, and every page says so. README's pictures."""

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import ROOT, OpenPage, look, picture, sign_in
from tests.e2e.walk import answer_cards, ask_a_question
from tests.processes import Installation

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
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
    with Installation(
        folder, OPENAI_BASE_URL=demo_model, LLM_MODEL="demo-model", LLM_ADVICE_MODEL="demo-model"
    ) as product:
        yield product


def test_the_demo_matter_is_advised_within_a_minute_of_the_last_answer(
    open_page: OpenPage, installation: Installation
) -> None:
    page = open_page()
    sign_in(page, installation)
    assert LABEL in page.locator("body").inner_text()
    ask_a_question(page)
    picture_of(page, "questions", "body")
    answer_cards(page)
    began = time.monotonic()
    page.wait_for_function("() => document.querySelector('#advice-text').innerText.length > 700")
    picture_of(page, "streaming", "#advice", scheme="dark")
    page.get_by_role("button", name="Regenerate").wait_for(timeout=60_000)
    assert time.monotonic() - began < 60
    expect(page.locator("#advice-head")).to_contain_text(LABEL)
    look(page, "demo-advice")
    picture_of(page, "advice", "#advice")
    picture_of(page, "advice-phone", "#advice", width=390)


def picture_of(page: Page, name: str, place: str, *, scheme: str = "light", width: int = 1280) -> None:
    """A picture of the window at `place`."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})
    page.locator(place).evaluate("node => scrollTo(0, Math.max(0, node.getBoundingClientRect().top + scrollY - 120))")
    picture(page, name)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})
