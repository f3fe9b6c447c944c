"""Every page at every width between a telephone's and a desk's."""

from playwright.sync_api import Page

from tests.e2e.test_founder import REPLIES, TEXT
from tests.e2e.walk import answer_cards, ask_a_question
from tests.processes import Installation

WIDTHS = (320, 390, 580, 640, 768, 820, 1024)
PATHS = ("/", "/settings/", "/settings/connections/", "/settings/members/", "/facts/", "/matters/new/")
MARGIN = 12  # px on either side
# How many px the page can be scrolled sideways, and which words and boxes stand nearer to an edge than the margin.
LOOK = """(margin) => {
  const near = []
  const note = ({ left, right, width }, what) => {
    if (width && (left < margin || right > innerWidth - margin)) near.push(what)
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const range = document.createRange()
  while (texts.nextNode()) {
    range.selectNodeContents(texts.currentNode)
    const isForEyes = texts.currentNode.parentElement.clientWidth !== 1 // one pixel is for screen readers alone
    if (isForEyes && texts.currentNode.data.trim()) note(range.getBoundingClientRect(), texts.currentNode.data)
  }
  for (const box of document.querySelectorAll("main :is(article, form, li, button, input, select, textarea)")) {
    note(box.getBoundingClientRect(), box.outerHTML.slice(0, 80))
  }
  const root = document.documentElement
  return { beyond: root.scrollWidth - root.clientWidth, near }
}"""


def test_no_page_overflows_sideways_and_each_keeps_a_margin(founder_page: Page, installation: Installation) -> None:
    installation.llm.set(text=TEXT, chunk=4000, interval=0, replies=REPLIES, always=None)
    page = founder_page
    ask_a_question(page)
    matter = page.url
    look_at_all_widths(page)
    answer_cards(page)
    page.get_by_role("button", name="Regenerate").wait_for()
    for path in (matter, *PATHS):
        page.goto(path)
        look_at_all_widths(page)


def look_at_all_widths(page: Page) -> None:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found = page.evaluate(LOOK, MARGIN)
        assert found["beyond"] <= 0, f"{page.url} at {width} px can be scrolled {found['beyond']} px sideways"
        assert not found["near"], f"{page.url} at {width} px has no margin beside {found['near']}"
