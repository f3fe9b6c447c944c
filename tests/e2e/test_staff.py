"""Staff's job in a browser: from queue to badge; then a changed byte voids it, and the offline check says so."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.databases import PASSWORD
from tests.e2e.conftest import ROOT, OpenPage, look, picture
from tests.e2e.walk import NO_RELOAD, answer_cards, ask_a_question, still_here
from tests.processes import Installation

pytestmark = pytest.mark.xdist_group("staff")  # who share a product of their own
TEXT = """## What to do first

Pay all final wages at once, on the last day [P4]. This is not legal advice; ask counsel before you act on any of it.

| Day | Step |
|---|---|
| 0 | Final pay [P4] |
"""
REVIEWER = "rita@staff.example"
MAKE_REVIEWER = f"""
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from companies.models import User
user = User.objects.create_user("{REVIEWER}", "{PASSWORD}", first_name="Rita", last_name="Reviewer", is_staff=True)
user.groups.add(Group.objects.get(name="reviewer"))
EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
"""
COME_BACK = """() => {
  for (let time = 0; time < 3; time++) dispatchEvent(new Event("focus"))
  document.dispatchEvent(new Event("visibilitychange"))
}"""
SEND_BACK = f"""
from advice.models import Attempt
from advice.review import desk
from companies.models import User
attempt, reviewer = Attempt.objects.latest("pk"), User.objects.get(email="{REVIEWER}")
desk.take(attempt.pk, reviewer)
desk.send_back(attempt.pk, reviewer, "Name the deadline.")
"""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A product of its own: nobody else's advice is in the queue."""
    with Installation(tmp_path_factory.mktemp("reviewed")) as product:
        product.llm.set(text=TEXT)
        product.manage("shell", "-c", MAKE_REVIEWER)
        yield product


def test_from_the_queue_to_a_badge_that_one_changed_byte_voids(
    open_page: OpenPage, founder_page: Page, installation: Installation, tmp_path: Path
) -> None:
    ask_a_question(founder_page)
    answer_cards(founder_page)
    expect(founder_page.locator("#review")).to_have_text("Draft: nobody has reviewed it.", timeout=60_000)

    desk = reviewer_at_the_desk(open_page)
    send_back_once(desk)
    founder_page.reload()
    expect(founder_page.locator("#review")).to_contain_text("Name the deadline.")
    founder_page.get_by_role("button", name="Regenerate").click()
    expect(founder_page.locator("#review")).to_have_text("Draft: nobody has reviewed it.", timeout=60_000)

    edit_and_approve(desk)
    founder_page.reload()
    expect(founder_page.locator("#review")).to_contain_text("Reviewed by Rita Reviewer")
    expect(founder_page.locator("#advice-text")).to_contain_text("Ask before you sign.")
    look(founder_page, "reviewed")
    file, markdown = download(founder_page, tmp_path)
    founder_page.get_by_role("link", name="Matters").first.click()
    expect(founder_page.locator(".matters .chip")).to_have_text(["Advised", "Reviewed"])
    look(founder_page, "list-reviewed")
    founder_page.go_back()
    assert "The badge holds: approved by Rita Reviewer" in verify(installation, file, markdown, 0)

    installation.sql("UPDATE advice_attempt SET text = replace(text, 'Ask before', 'Ask Before')")
    founder_page.reload()
    expect(founder_page.locator("#review")).to_contain_text("Stale")
    desk.reload()
    expect(desk.get_by_role("status")).to_contain_text("the text of the advice")
    picture(desk, "staff-stale")
    with desk.expect_download() as downloading:
        desk.get_by_role("link", name="Advice with badge").click()
    voided = tmp_path / "voided.json"
    downloading.value.save_as(voided)
    assert "Changed since it was approved: the text of the advice." in verify(installation, voided, None, 1)
    file.write_text(file.read_text().replace("Ask before you sign.", "Sign before you ask."))
    assert "the text of the advice" in verify(installation, file, markdown, 1)


def test_who_comes_back_to_an_open_page_of_an_ended_matter_sees_what_was_done_meanwhile(
    founder_page: Page, installation: Installation
) -> None:
    """By a reviewer, and by a colleague who has the page open, too."""
    ask_a_question(founder_page)
    answer_cards(founder_page)
    expect(founder_page.locator("#review")).to_have_text("Draft: nobody has reviewed it.", timeout=60_000)
    colleagues = founder_page.context.new_page()
    colleagues.goto(f"{founder_page.url}?version=1")
    for page in (founder_page, colleagues):
        page.evaluate(NO_RELOAD)
    assert come_back(founder_page) == 304, "a page is sent that is there already"

    founder_page.get_by_text("Say why").click()
    founder_page.get_by_label("Why the advice is helpful or not").fill("It names no")
    installation.manage("shell", "-c", SEND_BACK)
    assert come_back(founder_page) == 200
    expect(founder_page.locator("#review")).to_contain_text("Name the deadline.")
    expect(founder_page.get_by_label("Why the advice is helpful or not")).to_have_value("It names no")
    look(founder_page, "sent-back")

    with founder_page.expect_response(lambda answer: answer.request.method == "POST"):
        founder_page.get_by_role("button", name="Regenerate").click()
    come_back(colleagues)
    expect(colleagues.locator("#advice-head .about")).to_contain_text("Version 2", timeout=60_000)
    expect(colleagues.locator("#review")).to_have_text("Draft: nobody has reviewed it.", timeout=60_000)
    assert still_here(founder_page)
    assert still_here(colleagues)

    matter = founder_page.url.rstrip("/").rpartition("/")[2]
    installation.sql("UPDATE matters_matter SET pruned_at = now() WHERE id = %s", matter)
    founder_page.evaluate(COME_BACK)
    expect(founder_page.locator("h1")).to_have_text("The content of this matter was removed")


def come_back(page: Page) -> int:
    """To a window and its tab, which a browser may tell of more than once; how the page's one question was answered."""
    asked: list[str] = []
    newest = page.url.partition("?")[0]
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_response(newest) as told:
        page.evaluate(COME_BACK)
    assert asked == [newest], "more is asked than once in some seconds"
    return told.value.status


def reviewer_at_the_desk(open_page: OpenPage) -> Page:
    """The queue, with the one advice that waits."""
    page = open_page()
    page.goto("/admin/")
    page.get_by_label("E-mail address").fill(REVIEWER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Review desk").first.click()
    expect(page.locator("#result_list")).to_contain_text("our CTO")
    picture(page, "staff-queue")
    return page


def send_back_once(desk: Page) -> None:
    """Take the first of the queue, comment on a passage of it, and send it back."""
    desk.locator("#result_list tbody a").first.click()
    desk.get_by_role("button", name="Take it").click()
    look(desk, "staff-review")
    picture(desk, "staff-review")
    call = desk.locator("details.call").filter(has_text="draft_advice")
    call.locator("summary").click()
    expect(call.get_by_role("heading", name="Prompt: user")).to_be_visible()
    expect(call.locator("pre").last).to_contain_text("length")
    look(desk, "staff-calls")
    call.scroll_into_view_if_needed()
    picture(desk, "staff-calls")
    desk.get_by_text("Its Markdown, and comments").click()
    words = desk.locator("#markdown").inner_text()
    desk.get_by_label("Passage").fill(words[:60])
    desk.locator("#comment").fill("This is too short.")
    desk.get_by_role("button", name="Comment").click()
    expect(desk.get_by_text("This is too short.")).to_be_visible()
    desk.get_by_label("Reasons").fill("Name the deadline.")
    desk.get_by_role("button", name="Send back").click()
    expect(desk.locator("#standing")).to_have_text("draft, sent back")


def edit_and_approve(desk: Page) -> None:
    """Take what is in the queue by now, write a version of it, and approve that."""
    desk.get_by_role("link", name="Review desk").first.click()
    desk.locator("#result_list tbody a").first.click()
    desk.get_by_role("button", name="Take it").click()
    desk.get_by_role("link", name="Edit as a new version").click()
    text = desk.get_by_label("Text of the new version")
    text.fill(f"{text.input_value()}\n\nAsk before you sign.")
    look(desk, "staff-edit")
    desk.get_by_role("button", name="Save as a new version").click()
    expect(desk.get_by_text("is written, and yours to review")).to_be_visible()
    desk.get_by_role("button", name="Approve").click()
    expect(desk.locator("#standing")).to_have_text("reviewed")
    picture(desk, "staff-approved")


def download(founder_page: Page, folder: Path) -> tuple[Path, Path]:
    """The founder's review.json and advice.md."""
    with founder_page.expect_download() as downloading:
        founder_page.get_by_role("link", name="Advice with badge").click()
    file, markdown = folder / "review.json", folder / "advice.md"
    downloading.value.save_as(file)
    markdown.write_text(json.loads(file.read_text())["advice"]["content"])
    return file, markdown


def verify(installation: Installation, file: Path, markdown: Path | None, code: int) -> str:
    """What `manage.py verify_badge` says, without a database: nothing listens where it is told to look for one."""
    command = [sys.executable, "manage.py", "verify_badge", str(file)]
    command += ["--markdown", str(markdown)] if markdown else []
    env = installation.env | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing?pool=0"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr
