"""What two people of one company do with the pages, with and without JavaScript, from signing up to the PDF."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.advice.export.pdf_ua import read_pdf, squeezed, text_of
from tests.e2e.walk import fill
from tests.processes import Installation, wait_until

PASSWORD = "correct horse battery"
QUESTION = "May we let our CTO go? Nobody but the board knows yet."
TEXT = """## What to do first

Pay all final wages **at once**, on the last day [P4]. The board resolves the removal before that [P2, F1].
"""
ASKED = [
    ("work_state", "In which state does the executive work?", "text"),
    ("agreement", "Is there a written employment agreement?", "yes_no"),
    ("last_day", "On which day does the service end?", "date"),
    ("salary", "What is the yearly base salary?", "money"),
    ("vested", "How many options are vested on that day?", "number"),
    ("reason", "Is the termination for cause?", "choice"),
    ("promise", "Has anybody promised a severance?", "yes_no"),
    ("board", "Who sits on the board?", "text"),
]
CAUSES = ["for cause", "without cause"]
REPLIES: dict[str, Any] = {
    "derive_questions": {
        "questions": [
            {"key": key, "text": text, "why": "The deadlines depend on it.", "kind": kind, "choices": CAUSES}
            for key, text, kind in ASKED
        ]
    },
    "ask_founder": {"wording": " ", "hint": ""},  # blank: the question is shown as it was derived
}


@dataclass(frozen=True)
class Person:
    """Somebody at a browser. Without a script they reload to see what is new."""

    page: Page
    email: str
    product: Installation
    has_script: bool = True

    def link(self, path: str) -> str:
        """The newest link to `path` that they were sent."""

        def find() -> str | None:
            for file in sorted((self.product.folder / "mail").iterdir(), key=_written, reverse=True):
                text = file.read_text().replace("=\n", "").replace("=3D", "=")
                if f"To: {self.email}" in text and (found := re.findall(rf"http://[\w.:]+({path}\S+)", text)):
                    return str(found[-1])
            return None

        return str(wait_until(find, f"{self.email} is sent a link to {path}"))

    def sees(self, words: str, place: str = "main") -> None:
        """Wait until the page has `words`."""
        if self.has_script:
            expect(self.page.locator(place).first).to_contain_text(words, timeout=60_000)
            return

        def look() -> bool:
            self.page.reload()
            found = self.page.locator(place)
            return bool(found.count()) and words in found.first.inner_text()

        wait_until(look, f"the page says {words!r}", 60)


def _written(file: Path) -> int:
    return file.stat().st_mtime_ns


def sign_up(person: Person, company: str) -> None:
    """A new company; the address is confirmed."""
    page = person.page
    page.goto("/accounts/signup/")
    page.get_by_label("Company").fill(company)
    page.get_by_label("E-mail address").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    page.goto(person.link("/accounts/confirm-email/"))
    page.get_by_role("button", name="Yes, confirm it").click()
    sign_in(page, person.email)
    expect(page.get_by_role("heading", name="Matters")).to_be_visible()


def sign_in(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def invite(owner: Person, email: str) -> None:
    page = owner.page
    page.goto("/settings/members/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_role("button", name=f"Send {email} a new link")).to_be_visible()


def join(person: Person) -> None:
    """Sign up by the invitation's link."""
    page = person.page
    page.goto(person.link("/invitations/"))
    page.get_by_role("button", name="Sign up").or_(page.get_by_role("link", name="Sign up")).click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", name="Matters")).to_be_visible()


def ask(person: Person) -> str:
    """A matter, whose questions are on the page; returns its id."""
    page = person.page
    page.get_by_role("link", name="New matter").first.click()
    page.get_by_label("What happened").fill(QUESTION)
    page.get_by_role("button", name="Ask").click()
    page.wait_for_url(re.compile(r"/matters/[0-9a-f-]{36}/"))
    person.sees("Waiting for your answers", "#stage")
    return page.url.rstrip("/").rpartition("/")[2]


def give(person: Person, words: str, email: str) -> None:
    """Ask the only colleague the question with these words."""
    page = person.page
    card = page.locator(".card", has_text=words)
    box = page.locator(f"#{(card.get_attribute('id') or '').replace('card', 'assign')}")
    box.get_by_role("button", name="Ask my colleague").click()
    expect(card).to_contain_text(f"Asked of {email}")


def answer_mine(person: Person, words: str) -> None:
    """From the count in the head of the page, and the link in the e-mail, to the answer."""
    page = person.page
    page.goto("/")
    page.get_by_role("link", name="My questions 1").click()
    expect(page.get_by_role("link", name=words)).to_be_visible()
    page.goto(person.link("/matters/"))
    card = page.locator(".card", has_text=words)
    name = card.get_attribute("id")
    fill(card)
    expect(page.locator(f"#{name} form")).to_have_count(0)
    page.goto("/questions/")
    expect(page.locator("main")).to_contain_text("Nothing is waiting for your answer")


def answer_all(person: Person) -> None:
    cards = person.page.locator(".card:has(form)")
    while cards.count():
        name = cards.first.get_attribute("id")
        fill(cards.first)
        expect(person.page.locator(f"#{name} form")).to_have_count(0)


def check_the_pdf(person: Person) -> None:
    """The file that the page leads to is accessible and whole."""
    page = person.page
    with page.expect_download() as downloading:
        page.get_by_role("link", name="PDF", exact=True).click()
    text = text_of(read_pdf(Path(downloading.value.path()).read_bytes()))
    today = datetime.now(tz=UTC)
    for words in (
        QUESTION,
        "What to do first",
        "Pay all final wages at once, on the last day",
        "law as of",
        "P4",
        "In which state does the executive work?",
        "In Oakland.",
        f"{today:%B %Y}",
        "not legal advice",
    ):
        assert squeezed(words).lower() in text.lower(), f"the PDF does not show {words!r}"
