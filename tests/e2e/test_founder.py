"""A founder's job in a real browser, before the real processes: ask, answer, watch, stop, ask for another version."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import APIResponse, FilePayload, Page, Route, WebSocketRoute, expect

from tests.documents import files
from tests.e2e.conftest import OpenPage, look, picture, sign_in
from tests.e2e.walk import (
    NO_RELOAD,
    advice_text,
    answer_cards,
    answer_on_one_page,
    ask_a_question,
    copy_the_advice,
    fill,
    share_the_advice,
    still_here,
    submit_a_question,
)
from tests.processes import Installation, wait_until

TEXT = """## What to do first

Pay all final wages **at once**, on the last day [P4]. The board resolves the removal before that [P2, F1].

| Day | Step |
|---|---|
| 0 | Final pay [P4] |
| 3 | Notice of health benefits [P6] |

1. Resolve the removal.
2. Collect `keys` and accounts.

> "a quotation that stands nowhere in the sources" [P1]

### What it costs

- Salary until the last day, $12,000 or more – naïve 𝕊ums included
- [No script](javascript:alert(1)) and ![no picture](https://pictures.example/x.png)

"""
ASKED = (
    ("work_state", "In which state does the executive work?", "The state decides final pay and covenants.", "text"),
    ("agreement", "Is there a written employment agreement?", "It may promise notice or severance.", "yes_no"),
    ("last_day", "On which day does the service end?", "Every deadline is counted from it.", "date"),
    ("salary", "What is the yearly base salary?", "Severance and final pay follow from it.", "money"),
    ("vested", "How many options are vested on that day?", "The window to exercise them begins then.", "number"),
    ("reason", "Is the termination for cause?", "Vesting and severance depend on it.", "choice"),
    ("promise", "Has anybody promised a severance?", "A promise may bind the company.", "yes_no"),
    ("board", "Who sits on the board?", "The board must resolve the removal.", "text"),
)
REPLIES = {
    "derive_questions": {
        "questions": [
            {"key": key, "text": text, "why": why, "kind": kind, "choices": ["for cause", "without cause"]}
            for key, text, why, kind in ASKED
        ]
    },
    "ask_founder": {"wording": " ", "hint": ""},  # blank: the question is shown as it was derived
}


@pytest.fixture(autouse=True)
def _the_models_words(installation: Installation) -> None:
    installation.llm.set(text=TEXT * 2, chunk=12, interval=0.03, replies=REPLIES, always=None)


def test_a_founder_goes_from_a_question_to_advice_without_a_reload(
    founder_page: Page, open_page: OpenPage, installation: Installation
) -> None:
    page = founder_page
    look(page, "empty")
    ask_a_question(page)
    page.evaluate(NO_RELOAD)
    look(page, "questions")

    slow = page.locator(".card:has(form)").last
    slow.locator("textarea").first.fill("Typed, not sent")
    first = page.locator(".card:has(form)").first
    first.locator("textarea").first.fill("In California")
    first.get_by_role("button", name="Save").click()
    expect(page.locator("#answered summary")).to_contain_text("1 of 8")
    expect(slow.locator("textarea").first).to_have_value("Typed, not sent")

    answer_cards(page)
    page.wait_for_function("() => document.querySelector('#advice-text').innerText.length > 200")
    assert page.locator("#advice-text").get_attribute("aria-busy") == "true", "the text grows before it is finished"
    assert not page.locator("#advice-text img, #advice-text [href^='javascript']").count()
    page.get_by_role("button", name="Regenerate").wait_for()
    assert page.locator("#advice-text").get_attribute("aria-busy") is None
    assert page.locator("#advice-text h3").count() == 2
    assert page.locator("#advice-text .check").count() >= 8, (
        "the server's own HTML has taken the place, with its checks"
    )
    assert "not supported" in advice_text(page)
    assert not page.locator("#live[data-socket]").count()
    page.locator("#advice-text a.marker").first.click()
    expect(page.locator("#note")).to_be_visible()
    page.get_by_role("link", name="Show it in the list").click()
    expect(page.locator("#source-P4")).to_be_visible()
    copied = copy_the_advice(page)
    assert copied["text/plain"].startswith(TEXT * 2), "beside the rich text is the Markdown, to the letter"
    assert "not been reviewed by an attorney" in copied["text/plain"]
    assert "<h3>" in copied["text/html"]
    assert "not been reviewed by an attorney" in copied["text/html"]
    assert still_here(page)
    look(page, "advice")

    installation.llm.set(interval=0.5)  # long enough to be stopped, however busy the machine is
    page.get_by_role("button", name="Regenerate").click()
    expect(page.locator("#advice-head")).to_contain_text("Version 2")
    page.locator("#advice-text[aria-busy]").wait_for()
    begun = "() => { const t = document.querySelector('#advice-text'); return t.innerText && t.innerText.length < 500 }"
    page.wait_for_function(begun)
    expect(page.locator("#advice-text")).to_be_in_viewport()
    height = page.locator("#advice-text").bounding_box()
    assert height, "the text that is written anew can't be seen"
    assert height["height"] < 500, "a blank space as high as the text before it is left above what is written"
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#advice-head")).to_contain_text("Stopped.")
    assert still_here(page)
    page.get_by_role("link", name="Version 1").click()
    expect(page.locator("#advice-head")).to_contain_text("earlier version")
    page.get_by_text("Share with a link").click()
    look(page, "earlier-version")
    stranger = open_page()
    stranger.goto(share_the_advice(page))
    look(page, "share-link")
    expect(stranger.locator("#advice-text h3").first).to_be_visible()
    look(stranger, "shared")
    page.get_by_text("Share with a link (1)").click()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("Share with a link (1)")).to_have_count(0)
    stranger.reload()
    expect(stranger.get_by_role("heading")).to_have_text("This link does not work")
    look(stranger, "share-ended")
    page.goto("/")
    look(page, "matters")
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Connections").click()
    look(page, "connections")


def test_a_document_proposes_an_answer_and_one_click_takes_it(founder_page: Page, installation: Installation) -> None:
    page, says = founder_page, "The executive works in the state of California."
    found = {"passage": 2, "quote": says, "answer": "In California."}
    installation.llm.set(replies=REPLIES | {"quote_document": found})
    ask_a_question(page)
    page.evaluate(NO_RELOAD)
    typed = page.locator(".card:has(form)").last.locator("textarea").first
    typed.fill("Typed, not sent")
    form = page.locator("#documents-form")
    form.locator("input[type=file]").set_input_files(_file("scan.pdf", files.pdf("")))
    form.get_by_role("button", name="Attach", exact=True).click()
    expect(form.get_by_role("alert")).to_contain_text("looks scanned")
    form.locator("input[type=file]").set_input_files(_file("agreement.pdf", files.pdf("Agreement", says)))
    form.get_by_role("button", name="Attach", exact=True).click()
    proposal = page.locator(".proposal").first
    expect(proposal).to_contain_text("From agreement.pdf, page 2:")
    expect(page.locator("#documents-list")).to_contain_text("2 pages")
    expect(typed).to_have_value("Typed, not sent")
    look(page, "documents")
    proposal.get_by_role("button", name="Yes, that is right").click()
    expect(page.locator("#answered summary")).to_contain_text("1 of 8")
    page.get_by_role("button", name="Remove agreement.pdf").click()
    expect(page.locator(".proposal")).to_have_count(0)
    expect(typed).to_have_value("Typed, not sent")
    assert still_here(page)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#documents")).to_be_hidden()


def _file(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def test_a_reload_in_the_middle_goes_on_where_it_was(founder_page: Page, installation: Installation) -> None:
    page = founder_page
    installation.llm.set(text=TEXT * 4, interval=0.05)
    ask_a_question(page)
    answer_cards(page)
    page.wait_for_function("() => document.querySelector('#advice-text').innerText.length > 150")
    page.reload()
    before = advice_text(page)
    assert len(before) > 150, "the page has the text so far before any script runs"
    page.wait_for_function(
        "length => document.querySelector('#advice-text').innerText.length > length + 100", arg=len(before)
    )
    page.get_by_role("button", name="Regenerate").wait_for(timeout=60_000)
    assert advice_text(page).count("What to do first") == 4, "nothing is doubled or missing"


def test_the_text_grows_before_the_founders_eyes(founder_page: Page, installation: Installation) -> None:
    page = founder_page
    installation.llm.set(text=TEXT * 2, chunk=30, interval=0.5)
    ask_a_question(page)
    answer_cards(page)
    page.wait_for_function("() => document.querySelector('#advice-text').innerText.length > 300")
    assert page.locator("#advice-text a.marker").count() >= 2, "markers are links while the text grows"
    look(page, "streaming")
    page.get_by_role("button", name="Regenerate").wait_for(timeout=60_000)


def test_nothing_jumps_under_a_reader_when_the_advice_is_finished(
    founder_page: Page, installation: Installation
) -> None:
    page = founder_page
    installation.llm.set(text=TEXT * 5, chunk=60, interval=0.1)
    ask_a_question(page)
    answer_cards(page)
    page.wait_for_function("() => document.querySelectorAll('#advice-text h3').length > 3")
    place = "() => document.querySelectorAll('#advice-text h3')[1].getBoundingClientRect().top"
    page.evaluate("() => document.querySelectorAll('#advice-text h3')[1].scrollIntoView()")
    before = page.evaluate(place)
    assert page.locator("#advice-text[aria-busy]").count() == 1, "the text still grows"
    page.locator("#advice-actions").wait_for()
    assert abs(page.evaluate(place) - before) < 2, "the paragraph that is read stays where it is"


def test_100_000_characters_arrive_whole(founder_page: Page, installation: Installation) -> None:
    page = founder_page
    paragraph = "Die Antwort – naïve 𝕊ums & <b>tags</b> 'quoted' \"twice\" – ends here. "
    text = "\n\n".join(f"{number}: {paragraph * 8}".strip() for number in range(1, 190))
    assert len(text) > 100_000
    installation.llm.set(text=text, chunk=400, interval=0.01)
    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))))
    ask_a_question(page)
    answer_cards(page)
    page.get_by_role("button", name="Regenerate").wait_for(timeout=60_000)

    events = [json.loads(frame) for frame in frames if frame.startswith("{")]
    deltas = [event["data"] for event in events if event["type"] == "advice.delta"]
    assert "".join(delta["text"] for delta in deltas) == text, "the socket brings every character, once"
    matter = page.url.rstrip("/").rpartition("/")[2]
    assert installation.api.get(f"/api/v1/matters/{matter}/advice").json()["content"] == text
    shown = page.locator("#advice-text").evaluate("node => [...node.children].map(p => p.textContent).join('\\n\\n')")
    assert shown == text, "and so does the page"


def test_a_matter_that_failed_says_why_and_goes_on_by_retry(founder_page: Page, installation: Installation) -> None:
    page = founder_page
    installation.llm.set(always={"kind": "invalid_json", "schema": "derive_questions"})
    page.get_by_role("link", name="New matter").first.click()
    page.get_by_label("What happened").fill("May we let our CTO go?")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator("#problem")).to_contain_text("Retry continues from where it stopped", timeout=60_000)
    page.evaluate(NO_RELOAD)
    look(page, "failed")
    installation.llm.set(always=None)
    page.get_by_role("button", name="Retry").click()
    page.locator(".card form").first.wait_for()
    assert still_here(page)


def test_a_takeover_shows_the_new_attempt_and_its_text_alone(founder_page: Page, installation: Installation) -> None:
    page = founder_page
    installation.llm.set(text=TEXT * 3, chunk=40, interval=0.1)
    ask_a_question(page)
    answer_cards(page)
    page.evaluate(NO_RELOAD)
    page.wait_for_function("() => document.querySelectorAll('#advice-text h3').length > 1")
    page.evaluate("() => document.querySelectorAll('#advice-text h3')[1].scrollIntoView()")
    place = "() => document.querySelector('#advice-text').getBoundingClientRect().top"
    read_at = page.evaluate(place)
    installation.workers[-1].kill()
    installation.llm.set(text=TEXT, chunk=200, interval=3)  # it ends above what is read
    installation.start_worker()
    expect(page.locator("#advice-head")).to_contain_text("attempt 2", timeout=60_000)
    page.wait_for_function("() => document.querySelectorAll('#advice-text h3').length === 1")
    assert abs(page.evaluate(place) - read_at) < 2, "the new attempt has moved what is read"
    page.locator("#advice-head").scroll_into_view_if_needed()
    expect(page.get_by_role("button", name="Jump to latest")).to_be_hidden()
    picture(page, "fault-workers-killed")
    page.evaluate("down => scrollBy(0, down)", page.evaluate(place) - read_at)
    assert page.locator("#advice-text[aria-busy]").count() == 1, "the text still grows"
    installation.llm.set(interval=0)
    page.get_by_role("button", name="Regenerate").wait_for(timeout=60_000)
    assert abs(page.evaluate(place) - read_at) < 2, "what is read has moved when the text was finished"
    assert advice_text(page).count("What to do first") == 1
    assert still_here(page)


def test_a_text_that_has_stopped_growing_is_told_until_it_grows_again(
    founder_page: Page, installation: Installation
) -> None:
    page = founder_page
    page.clock.install()
    installation.llm.set(text=TEXT, chunk=150, interval=6)
    ask_a_question(page)
    answer_cards(page)
    page.wait_for_function("() => document.querySelector('#advice-text').innerText.length > 100")
    expect(page.locator("#silence")).to_be_hidden()
    page.clock.fast_forward(20_000)  # beyond what a reader is left without a word
    expect(page.locator("#silence")).to_contain_text("No new words for a while")
    picture(page, "silence")
    installation.llm.set(interval=0)
    expect(page.locator("#silence")).to_be_hidden(timeout=30_000)
    page.get_by_role("button", name="Regenerate").wait_for(timeout=60_000)


def test_a_lost_connection_is_told_and_found_again(founder_page: Page, installation: Installation) -> None:
    page = founder_page
    ask_a_question(page)
    page.evaluate(NO_RELOAD)
    card = page.locator(".card:has(form)").first
    card.locator("textarea").first.fill("Typed while it was away")
    assert installation.web is not None
    installation.web.kill()
    expect(page.locator("#connection")).to_contain_text("Your answer is safe")
    card.get_by_role("button", name="Save").click()
    expect(card.get_by_role("alert")).to_contain_text("What you typed is still here")
    picture(page, "fault-web-away")
    installation.start_web()
    expect(page.locator("#connection")).to_be_hidden(timeout=60_000)
    expect(card.locator("textarea").first).to_have_value("Typed while it was away")
    card.get_by_role("button", name="Save").click()
    expect(page.locator("#answered summary")).to_contain_text("1 of 8")
    assert still_here(page)


def test_what_a_connection_had_not_brought_when_it_was_cut_is_shown_when_it_is_found_again(
    founder_page: Page, installation: Installation
) -> None:
    """Cut as by a web process that ends: the last event has come, and the fragments behind it have not."""
    page = founder_page
    sockets: list[WebSocketRoute] = []
    brought = []

    def relay(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        sockets.append(socket)

        def bring(message: str | bytes) -> None:
            is_event = str(message).startswith("{")
            if is_event:
                brought.append(json.loads(message)["id"].split(".")[0])
            if is_event or socket is not sockets[0]:
                socket.send(message)

        server.on_message(bring)

    page.route_web_socket("**/ws/matters/**", relay)
    submit_a_question(page)
    page.wait_for_url("**/matters/*-*/")
    matter = page.url.split("/")[-2]
    last = """SELECT event_number::text FROM matters_matter WHERE id = %s AND status = 'awaiting_founder'
              AND NOT EXISTS (SELECT 1 FROM matters_step WHERE matter_id = matters_matter.id AND state <> 'done')"""
    wait_until(
        lambda: (
            page.evaluate("true") and installation.sql(last, matter) == [tuple(brought[-1:])]
        ),  # which lets them come
        "the page knows of the last event",
    )
    expect(page.locator(".card form")).to_have_count(0)
    sockets[0].close(code=1012)
    expect(page.locator(".card form")).not_to_have_count(0)
    expect(page.locator("#stage")).to_contain_text("Waiting for your answers")
    expect(page.locator("#connection")).to_be_hidden()


def test_an_answer_that_comes_late_does_not_put_the_page_back(founder_page: Page, installation: Installation) -> None:
    page = founder_page
    ask_a_question(page)
    held: list[tuple[Route, APIResponse]] = []
    page.route("**/answer/", lambda route: held.append((route, route.fetch())))
    card = page.locator(".card:has(form)").first
    name = card.get_attribute("id")
    fill(card)
    expect(page.locator("#answered summary")).to_contain_text("1 of 8")  # the socket was quicker
    wait_until(lambda: page.evaluate("true") and held, "the answer to the form is held back")  # evaluate lets it come
    ((route, response),) = held
    with page.expect_event("requestfinished"):
        route.fulfill(response=response)
    expect(page.locator("form[aria-busy]")).to_have_count(0)
    page.evaluate("() => new Promise(requestAnimationFrame)")
    expect(page.locator("#answered summary")).to_contain_text("1 of 8")
    assert not page.locator(f"#{name}").count(), "the card that was settled is back"


def test_a_session_that_ended_is_told_and_keeps_what_was_typed(founder_page: Page, installation: Installation) -> None:
    page = founder_page
    ask_a_question(page)
    page.reload()  # a card of the page as it was made has that page's token inside
    card = page.locator(".card:has(form)").first
    card.locator("textarea").first.fill("Typed too late")
    page.context.clear_cookies()
    card.get_by_role("button", name="Save").click()
    expect(card.get_by_role("alert")).to_contain_text("You are signed out")
    expect(card.locator("textarea").first).to_have_value("Typed too late")
    sign_in(page.context.new_page(), installation)
    card.get_by_role("button", name="Save").click()
    expect(page.locator("#answered summary")).to_contain_text("1 of 8")


def test_a_model_that_is_away_is_told_and_waited_for(founder_page: Page, installation: Installation) -> None:
    page = founder_page
    installation.llm.set(always={"kind": "unauthorised"})
    page.get_by_role("link", name="New matter").first.click()
    page.get_by_label("What happened").fill("May we let our CTO go?")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator("#problem")).to_contain_text("continues on its own")
    look(page, "waiting-for-model")
    picture(page, "fault-model-away")
    installation.llm.set(always=None)
    page.get_by_role("button", name="Retry").click()
    page.locator(".card form").first.wait_for()
    expect(page.locator("#problem")).to_be_hidden()


def test_the_same_walk_without_javascript(open_page: OpenPage, installation: Installation) -> None:
    installation.llm.set(text=TEXT, interval=0.05)
    page = open_page(java_script_enabled=False)
    sign_in(page, installation)
    page.get_by_role("link", name="New matter").first.click()
    page.get_by_role("link", name="Terminating an executive").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Ask").click()
    refresh_until(page, lambda: page.locator(".card form").count() == 8, "the questions are asked")
    with page.expect_navigation():
        fill(page.locator(".card:has(form)").first)
    answer_on_one_page(page)
    expect(page.locator(".card form")).to_have_count(0)
    refresh_until(page, lambda: "What to do first" in advice_text(page), "the text so far is shown while it is written")
    refresh_until(page, lambda: page.get_by_role("button", name="Regenerate").count() == 1, "the advice is written")
    assert "not supported" in advice_text(page)
    with page.expect_navigation():
        page.get_by_role("button", name="Regenerate").click()
    refresh_until(page, lambda: page.get_by_role("button", name="Stop").is_visible(), "the next version is begun")
    with page.expect_navigation():
        page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name=re.compile("Regenerate"))).to_be_visible()


def refresh_until(page: Page, holds: object, what: str) -> None:
    """Reload, as a person without JavaScript does, until it holds."""
    assert callable(holds)

    def look_again() -> bool:
        page.reload()
        return bool(holds())

    wait_until(look_again, what, 60)


def test_the_pages_before_the_matter_have_no_fault_that_axe_knows(
    open_page: OpenPage, installation: Installation
) -> None:
    page = open_page()
    page.goto("/")
    look(page, "sign-in")
    page.get_by_label("Password").fill("wrong")
    page.get_by_label("E-mail address").fill(installation.founder_email)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    look(page, "sign-in-wrong")
    sign_in(page, installation)
    page.goto("/matters/new/")
    page.get_by_role("button", name="Ask").click()
    page.get_by_role("alert").wait_for()
    look(page, "new-with-error")
    page.goto("/nowhere/")
    look(page, "not-found")


def test_the_keyboard_alone_is_enough(founder_page: Page, installation: Installation) -> None:
    page = founder_page
    ask_a_question(page)
    card = page.locator(".card:has(form)").first
    name = card.get_attribute("id")
    card.locator("textarea").first.focus()
    page.keyboard.type("In Oakland.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(f"#{name} form")).to_have_count(0)
    expect(page.locator("#answered summary")).to_contain_text("1 of 8")
    focused = page.evaluate("() => document.activeElement.closest('#questions') !== null")
    assert focused, "the focus is near the card that was answered, not lost at the top of the page"


RIPPLING_SAYS = """
WITH line AS (
    INSERT INTO matters_companyfact (id, company_id, subject, key, kind, choices, lifetime_days, status, value,
           statement, source, record_id, gathered_at, stale_at, created_at)
    SELECT gen_random_uuid(), id, '', 'headcount', 'number', '[]', 7, 'known', '14', '', 'rippling', 'r-1',
           now(), now() + interval '7 days', now() FROM companies_company WHERE slug = 'test' RETURNING id
), entry AS (
    INSERT INTO matters_companyfactentry (fact_id, how, value, statement, source, record_id, at)
    SELECT id, 'gathered', '14', '', 'rippling', 'r-1', now() FROM line RETURNING id
)
SELECT line.id, entry.id FROM line, entry
"""


def test_what_is_known_is_offered_and_a_dispute_is_settled_without_a_reload(
    founder_page: Page, installation: Installation
) -> None:
    (line, entry) = installation.sql(RIPPLING_SAYS)[0]
    installation.sql("UPDATE matters_companyfact SET current_entry = %s WHERE id = %s", entry, line)
    headcount = {"key": "headcount", "text": "How many employees?", "why": "The law begins at 20.", "kind": "number"}
    derived: Any = REPLIES["derive_questions"]
    asked = [headcount | {"choices": []}, *derived["questions"]]
    installation.llm.set(text=TEXT, replies=REPLIES | {"derive_questions": {"questions": asked}})
    page = founder_page
    ask_a_question(page)
    page.evaluate(NO_RELOAD)
    card = page.locator("#questions .card", has_text="How many employees")
    expect(card.locator(".offer")).to_contain_text(re.compile(r"Rippling said on .*: 14"))
    look(page, "offered")
    card.locator("input[name=answer]").fill("12")
    card.get_by_role("button", name="Save").click()
    expect(page.locator(f"#dispute-{line}")).to_be_visible()
    while page.locator("#questions .card:has(form)").count():
        name = page.locator("#questions .card:has(form)").first.get_attribute("id")
        page.locator(f"#{name}").get_by_role("button", name="I don't know").click()
        expect(page.locator(f"#{name} form")).to_have_count(0)
    expect(page.locator("#stage")).to_contain_text("Waiting for a conflict between facts")
    look(page, "dispute")
    page.goto("/facts/")
    look(page, "facts")
    page.get_by_role("link", name="Headcount").click()
    look(page, "fact")
    page.go_back()
    page.go_back()
    page.evaluate(NO_RELOAD)
    slow: list[Route] = []
    page.route("**/settle/", lambda route: slow.append(route))
    page.get_by_role("button", name="12", exact=True).click()
    wait_until(lambda: page.evaluate("true") and slow, "the choice is held back")
    api = installation.api.get(f"/api/v1/facts/{line}").json()
    fourteen = next(entry["id"] for entry in api["disputed"] if entry["value"] == "14")
    installation.api.post(f"/api/v1/facts/{line}/settle", json={"choose": fourteen}).raise_for_status()
    expect(page.locator("#disputes")).to_be_hidden()
    slow[0].continue_()
    expect(page.locator("#kept")).to_contain_text("This was already settled differently: 14.")
    page.get_by_role("button", name="Regenerate").wait_for()
    assert still_here(page)
