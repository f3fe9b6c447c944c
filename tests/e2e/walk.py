"""What a founder does with the pages, step by step."""

import re

from playwright.sync_api import Locator, Page, expect

CLIPBOARD = """async () => {
  const [item] = await navigator.clipboard.read()
  return Promise.all(item.types.map(async (type) => [type, await (await item.getType(type)).text()]))
}"""
NO_RELOAD = "() => { window.stillHere = true }"


def ask_a_question(page: Page) -> None:
    """From the list to a new matter's questions, by an example."""
    submit_a_question(page)
    page.locator(".card form").first.wait_for()
    expect(page.locator("#stage")).to_contain_text("Waiting for your answers")


def submit_a_question(page: Page) -> None:
    """From the list to the page of a new matter, by an example."""
    page.get_by_role("link", name="New matter").first.click()
    page.get_by_role("link", name="Terminating an executive").click()
    expect(page.get_by_label("What happened")).to_have_value(re.compile("our CTO"))
    page.get_by_role("button", name="Ask").click()


def answer_cards(page: Page) -> None:
    """Answer every card in the input of its kind; one stays unknown."""
    while page.locator("#questions .card form").count():
        card = page.locator("#questions .card:has(form)").first
        name = card.get_attribute("id")
        fill(card)
        expect(page.locator(f"#{name} form")).to_have_count(0)


def fill(card: Locator) -> None:
    if card.get_by_text("Has anybody promised").count():
        card.get_by_role("button", name="I don't know").click()
        return
    give_answer(card)
    # Neither by mouse nor by key: either may meet the page as what is above the card goes.
    card.get_by_role("button", name="Save").evaluate("button => button.click()")


def give_answer(card: Locator) -> None:
    """An answer in the input of the card's kind, not saved yet."""
    for selector, value in (
        ("input[type=date]", "2026-12-31"),
        ("input[inputmode]", "48,000"),
        ("textarea[name$=answer]", "In Oakland."),
    ):
        if card.locator(selector).count():
            card.locator(selector).fill(value)
    if card.locator("input[type=radio]").count():
        choice = card.locator("input[type=radio]").first
        choice.press("Space")  # a click may meet the page as the card above it goes
        expect(choice).to_be_checked()


def answer_on_one_page(page: Page) -> None:
    """All answers in one form, from the matter's page and back to it; one stays unknown."""
    page.get_by_role("link", name="Answer them all on one page").click()
    for card in page.locator("form .card").all():
        if card.get_by_text("Has anybody promised").count():
            card.get_by_label("I don't know").check()
        else:
            give_answer(card)
    page.get_by_role("button", name="Save all answers").click()
    expect(page.locator("#stage")).to_be_visible()


def copy_the_advice(page: Page) -> dict[str, str]:
    """What lies in the clipboard after Copy, by its media type."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.locator("#copied")).to_have_text("Copied.")
    return dict(page.evaluate(CLIPBOARD))


def share_the_advice(page: Page) -> str:
    """The address of a new link to the version that is shown, by the form that is open."""
    with page.expect_navigation():
        page.get_by_role("button", name="Make a link").click()
    address = page.get_by_label("Your link is ready").input_value()
    page.get_by_role("button", name="Copy", exact=True).first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    return address


def advice_text(page: Page) -> str:
    return page.locator("#advice-text").inner_text()


def still_here(page: Page) -> bool:
    """Whether the page was never reloaded since it was marked."""
    return bool(page.evaluate("() => window.stillHere === true"))
