"""How the pages behave under a founder's hands: keys, several answers at once, notes, being called, undo."""

import re
from io import BytesIO
from unicodedata import normalize

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.advice.export.pdf_ua import squeezed, text_of
from tests.e2e.conftest import OpenPage, look, picture, sign_in
from tests.e2e.test_founder import REPLIES, TEXT
from tests.e2e.walk import NO_RELOAD, answer_cards, ask_a_question, fill, still_here
from tests.processes import Installation

# What a browser does with notifications, noted; a real one shows them outside the page.
NOTIFICATIONS = """
window.told = []
window.Notification = class {
  static permission = "default"
  static async requestPermission() { Notification.permission = "granted" }
  constructor(title, { body }) { told.push(`${title}: ${body}`) }
  addEventListener() {}
}
"""
AWAY = "() => Object.defineProperty(document, 'hidden', { configurable: true, get: () => true })"
FOCUSED = "() => document.activeElement?.name ?? document.activeElement?.id"


@pytest.fixture(autouse=True)
def _the_models_words(installation: Installation) -> None:
    installation.llm.set(text=TEXT * 6, chunk=30, interval=0.1, replies=REPLIES, always=None)


def test_a_founder_is_served_by_keys_notes_and_calls(founder_page: Page, installation: Installation) -> None:
    page = founder_page
    page.add_init_script(NOTIFICATIONS)
    page.goto("/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    look(page, "keys")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    ask_a_question(page)
    page.evaluate(NO_RELOAD)
    expect(page.locator("#waits")).to_contain_text("you: 8 answers")
    expect(page.locator("#elapsed")).to_contain_text(re.compile(r"\d s so far"))
    assert page.title().startswith("(8) ")
    notify = page.get_by_role("button", name="Notify me")
    notify.click()
    expect(notify).to_be_hidden()

    page.keyboard.press("/")
    assert page.evaluate(FOCUSED) == "answer", "the slash leads to the first question"
    page.keyboard.type("In Oakland / California?")
    second = page.locator(".card:has(form)").nth(1)
    second.locator("input[type=radio]").first.check()
    look(page, "two-answers")
    page.get_by_role("button", name="Save all 2 answers").click()
    expect(page.locator("#answered summary")).to_contain_text("2 of 8")
    last = page.locator(".card:has(form)").last
    last.locator("textarea").first.fill("Three of us")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#answered summary")).to_contain_text("3 of 8")

    answer_cards(page)
    page.wait_for_function("() => document.querySelector('#advice-text').innerText.length > 1500")
    focused = page.evaluate(FOCUSED)
    page.evaluate(AWAY)
    page.evaluate("() => scrollTo(0, 0)")
    jump = page.get_by_role("button", name="Jump to latest")
    expect(jump).to_be_visible()
    picture(page, "jump")
    jump.click()
    page.wait_for_function(
        "() => document.querySelector('#advice-text').getBoundingClientRect().bottom < innerHeight + 60"
    )
    page.wait_for_function(
        "length => document.querySelector('#advice-text').innerText.length > length",
        arg=len(page.locator("#advice-text").inner_text()) + 200,
    )
    expect(jump).to_be_hidden()
    assert page.locator("[role=status] #advice-text, [aria-live] #advice-text").count() == 0
    page.get_by_role("button", name="Regenerate").wait_for(timeout=60_000)
    assert page.title().startswith("✓ ")
    assert page.evaluate("() => told") == ["Matterstream: The advice is ready."]
    assert page.evaluate(FOCUSED) in (focused, "jump", ""), "the page has moved the focus"

    marker = page.locator("#advice-text a.marker", has_text="P4").first
    marker.focus()
    page.keyboard.press("Enter")
    note = page.locator("#note")
    expect(note).to_be_visible()
    passage = page.locator("#source-P4").text_content()
    assert passage
    assert passage.split()[0] in note.inner_text(), "the playbook's words are in the note"
    look(page, "note")
    page.keyboard.press("Escape")
    expect(note).to_be_hidden()
    assert page.evaluate("() => document.activeElement.textContent") == "P4"
    page.locator("#contents-list a").last.click()
    assert page.evaluate("() => location.hash") == "#part-12"
    page.get_by_text("Say why").click()
    page.get_by_label("Why the advice is helpful or not").fill("It forgot Nevada.")
    page.get_by_role("button", name="Not helpful").click()
    expect(page.locator(".said-of-it")).to_contain_text("It forgot Nevada.")
    assert still_here(page)


def test_a_matter_is_printed_with_its_sources_and_nothing_to_press(
    founder_page: Page, installation: Installation
) -> None:
    page = founder_page
    installation.llm.set(text=TEXT, interval=0)
    page.goto("/matters/new/")
    question = "May we let our CTO go? " * 13 + "Nobody but the board knows."
    page.get_by_label("What happened").fill(question)
    page.get_by_role("button", name="Ask").click()
    page.locator(".card form").first.wait_for()
    answer_cards(page)
    page.get_by_role("button", name="Regenerate").wait_for()
    passage = page.locator("#source-P4").text_content()
    assert passage
    printed = normalize("NFKC", text_of(PdfReader(BytesIO(page.pdf()))))  # its "fi" is one sign
    for words in (question, "What to do first", "not legal advice", passage, "Facts used", "In Oakland."):
        assert normalize("NFKC", squeezed(words)) in printed, f"{words!r} is not on paper"
    for words in (
        "Sign out",
        "New matter",
        "Rename or delete",
        "Attach",
        "Contents",
        "Regenerate",
        "Share with a link",
    ):
        assert squeezed(words) not in printed, f"{words!r} is on paper, where nobody can press it"
    for words in ("Keyboard shortcuts", "Helpful", "Word", "Documents"):
        assert squeezed(words) not in printed, f"{words!r} is on paper, where nobody can press it"


def test_a_matter_is_named_found_deleted_and_brought_back_with_and_without_a_script(
    founder_page: Page, open_page: OpenPage, installation: Installation
) -> None:
    plain = open_page(java_script_enabled=False)
    sign_in(plain, installation)
    for page, title in ((founder_page, "Our CTO leaves"), (plain, "The CTO, once more")):
        page.goto("/matters/new/?example=1")
        page.get_by_role("button", name="Ask").click()
        page.get_by_text("Rename or delete").click()
        page.get_by_label("Title, shown instead of the question").fill(title)
        page.get_by_role("button", name="Rename").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        page.get_by_text("Rename or delete").click()
        if page is founder_page:
            look(page, "naming")
        page.get_by_role("button", name="Delete this matter").click()
        expect(page.locator(".undo")).to_contain_text(f"Deleted: {title}")
        if page is founder_page:
            look(page, "undo")
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        page.goto("/")
        if page is founder_page:
            page.keyboard.press("/")
            page.keyboard.type(title)
            page.keyboard.press("Enter")
        else:
            page.get_by_label("Search your matters").fill(title)
            page.get_by_role("button", name="Search").click()
        expect(page.locator("ul.matters li")).to_have_count(1)
        page.get_by_role("link", name=title).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(title)


def test_who_watches_is_sent_away_when_the_matter_is_deleted(
    founder_page: Page, open_page: OpenPage, installation: Installation
) -> None:
    page, other = founder_page, open_page()
    ask_a_question(page)
    sign_in(other, installation)
    other.goto(page.url)
    other.get_by_text("Rename or delete").click()
    other.get_by_role("button", name="Delete this matter").click()
    expect(page.locator("#connection")).to_contain_text("no longer there")


def test_a_fault_of_the_server_is_told_in_place_with_a_reference_and_tried_again(
    founder_page: Page, installation: Installation
) -> None:
    page = founder_page
    ask_a_question(page)
    card = page.locator(".card:has(form)").first
    fault = {"status": 500, "body": "<h1>A fault</h1>", "headers": {"X-Request-ID": "0123456789abcdef"}}
    page.route("**/answer/", lambda route: route.fulfill(**fault))
    fill(card)
    expect(card.get_by_role("alert")).to_contain_text("What you typed is still here. Reference: 500, 01234567.")
    look(page, "fault-in-place")
    page.unroute("**/answer/")
    card.get_by_role("button", name="Try again").click()
    expect(page.locator("#answered summary")).to_contain_text("1 of 8")
