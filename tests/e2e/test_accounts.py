"""Two people as they come: signing up, inviting, asking, answering together, taking the advice along; and parting."""

import time
from collections.abc import Callable, Iterator

import pytest
from allauth.mfa.totp.internal.auth import hotp_value
from django.conf import settings
from playwright.sync_api import Page, expect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from companies.models import User
from companies.unsubscribing import unsubscribe_link
from tests.e2e.conftest import OpenPage, look, picture
from tests.e2e.people import (
    ASKED,
    PASSWORD,
    REPLIES,
    TEXT,
    Person,
    answer_all,
    answer_mine,
    ask,
    check_the_pdf,
    give,
    invite,
    join,
    sign_in,
    sign_up,
)
from tests.e2e.rare_pages import (
    look_at_a_pruned_matter,
    look_at_an_interrupted_advice,
    look_at_carta,
    look_at_faults,
    look_at_passkeys,
    look_at_what_is_refused,
)
from tests.e2e.walk import fill
from tests.fakes.provider_logins import FakeProviders, fake_providers
from tests.processes import Installation

pytestmark = pytest.mark.xdist_group("accounts")  # who share a product of their own
ADA, BEN, ANOTHER = "ada@rocket.example", "ben@rocket.example", "another horse battery"
STATE, BOARD = ASKED[0][1], ASKED[-1][1]


@pytest.fixture(scope="module")
def carta() -> Iterator[FakeProviders]:
    with fake_providers() as server:
        yield server


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, carta: FakeProviders) -> Iterator[Installation]:
    """With a mail server, a folder in which each e-mail is a file; and with Carta."""
    folder = tmp_path_factory.mktemp("accounts")
    (folder / "mail").mkdir()
    mail = f"filemail:///{folder / 'mail'}"
    with Installation(folder, EMAIL_URL=mail, CARTA_BASE_URL=carta.url, CARTA_TOKEN_URL=carta.token_url) as product:
        product.llm.set(text=TEXT, chunk=40, interval=0, replies=REPLIES)
        yield product


def test_two_people_go_from_signing_up_to_a_pdf_and_part(open_page: OpenPage, installation: Installation) -> None:
    ada, ben = (Person(open_page(), email, installation) for email in (ADA, BEN))
    sign_up(ada, "Rocket, Inc.")
    invite(ada, BEN)
    look(ada.page, "members")
    picture(ada.page, "members")
    join(ben)
    matter = ask(ada)
    look_at(ben.page, f"matters/{matter}/answers")
    typed = ada.page.locator(".card", has_text=BOARD).locator("textarea").first
    typed.fill("Typed before it was given away")
    give(ada, BOARD, BEN)
    expect(typed).to_have_value("Typed before it was given away")
    picture_of_asking(ada.page)
    ben.page.goto("/questions/")
    look(ben.page, "my-questions")
    picture(ben.page, "my-questions")
    words_typed_by_who_comes_second_are_kept(ada.page, lambda: answer_mine(ben, BOARD))
    answer_all(ada)
    ada.sees("Pay all final wages", "#advice-text")
    expect(ada.page.locator("#answered")).to_contain_text("8 of 8")
    check_the_pdf(ada)

    set_up_an_app_and_sign_in_with_it(ben.page)
    matter = ask(ben)
    with socket_of(ben.page, installation, matter) as opened:
        ada.page.goto("/settings/members/")
        ada.page.get_by_role("button", name=f"Remove {BEN}").click()
        ada.page.get_by_role("heading", name=f"Remove {BEN}?").wait_for()
        look(ada.page, "remove-member")
        ada.page.get_by_role("button", name=f"Remove {BEN}").click()
        assert closed_with(opened) == 4401, "who was removed reads no further"
    expect(ben.page.locator("#connection")).to_contain_text("You are no longer in a company")
    card = ben.page.locator(".card:has(form)").first
    fill(card)
    expect(card.get_by_role("alert")).to_contain_text("You are no longer in a company")
    ada.page.goto(f"/matters/{matter}/")
    with socket_of(ada.page, installation, matter) as opened:
        change_password_elsewhere(open_page(), ADA)
        assert closed_with(opened) == 4401, "a stream that was opened with the old password ends"
    expect(ada.page.locator("#connection")).to_contain_text("You are signed out")


def test_the_same_without_javascript(open_page: OpenPage, installation: Installation) -> None:
    """Everything but the stream."""
    people = (f"{name}@plain.example" for name in ("ada", "ben"))
    ada, ben = (Person(open_page(java_script_enabled=False), email, installation, False) for email in people)
    sign_up(ada, "Plain, Inc.")
    invite(ada, ben.email)
    join(ben)
    ask(ada)
    give(ada, STATE, ben.email)
    answer_mine(ben, STATE)
    late = ada.page.locator(".card", has_text=STATE)
    late.locator("textarea").first.fill("In Texas, as I know.")
    late.get_by_role("button", name="Save").click()
    expect(ada.page.get_by_role("alert").first).to_contain_text(f"already been answered, by {ben.email}")
    expect(ada.page.locator("main")).to_contain_text("In Texas, as I know.")
    answer_all(ada)
    ada.sees("Pay all final wages", "#advice-text")
    ada.sees("PDF", "#advice-files")
    check_the_pdf(ada)


SIGNED_OUT = (
    "accounts/signup",
    "accounts/confirm-email",
    "accounts/password/reset/done",
    "accounts/password/reset/key/done",
    "accounts/inactive",
    "invitations/gone",
    "unsubscribe/gone",
    "accounts/password/reset",
)
SIGNED_IN = (
    "settings",
    "settings/api-keys",
    "settings/connections",
    "accounts/email",
    "accounts/password/change",
    "accounts/sessions",
    "accounts/2fa",
    "accounts/reauthenticate",
    "accounts/logout",
    "matters/new",
    "questions",
)


def test_no_other_page_has_a_fault_that_axe_knows(
    open_page: OpenPage, installation: Installation, carta: FakeProviders
) -> None:
    stranger, owner = open_page(), Person(open_page(), "olga@sweep.example", installation)
    look_at(stranger, *SIGNED_OUT)
    sign_up(owner, "Sweep, Inc.")
    look_at(owner.page, *SIGNED_IN)
    stranger.goto("/accounts/password/reset/")
    stranger.locator("input[name=email]").fill(owner.email)
    stranger.get_by_role("main").get_by_role("button").click()
    stranger.wait_for_url("**/reset/done/")
    member = Person(stranger, "mara@sweep.example", installation)
    invite(owner, member.email)
    ((user,),) = installation.sql("SELECT id FROM companies_user WHERE email = %s", owner.email)
    unsubscribe = unsubscribe_link(User(pk=user)).removeprefix(str(settings.SITE_URL))
    links = [owner.link(f"/accounts/{what}/") for what in ("confirm-email", "password/reset/key")]
    look_at(stranger, *links, unsubscribe, member.link("/invitations/"))
    join(member)
    look_at(stranger, "settings/members", "settings/api-keys")
    stranger.goto("/settings/members/")
    stranger.get_by_role("button", name="Leave Sweep, Inc.").click()
    look_at(stranger, "settings", "")
    look_at_what_is_refused(owner)
    look_at_faults(owner)
    look_at_a_pruned_matter(owner)
    look_at_an_interrupted_advice(owner)
    look_at_carta(owner, carta)
    look_at_passkeys(Person(open_page(base_url=by_name(installation)), owner.email, installation))


def by_name(installation: Installation) -> str:
    """The product's address as browsers want it who are to make a passkey: they make none for an IP address."""
    return installation.url.replace("127.0.0.1", "localhost")


def look_at(page: Page, *paths: str) -> None:
    for path in paths:
        page.goto(f"/{path.strip('/')}/".replace("//", "/"))
        look(page, path, keep=False)


def words_typed_by_who_comes_second_are_kept(page: Page, be_quicker: Callable[[], None]) -> None:
    """They stand in the page when the card they were typed into is gone, until they are dismissed."""
    page.locator(".card", has_text=BOARD).locator("textarea").first.fill("Three of us,\nI believe")
    be_quicker()
    kept = page.get_by_role("status").filter(has_text=f"Answered in the meantime: {BOARD}")
    expect(kept.get_by_label("What you typed")).to_have_value("Three of us,\nI believe")
    look(page, "kept-words")
    expect(page.locator(".card", has_text=BOARD)).to_have_count(0)
    kept.get_by_role("button", name="Dismiss").click()
    expect(kept).to_have_count(0)


def picture_of_asking(page: Page) -> None:
    """A card, and that a colleague may be asked, for the founders' pages."""
    page.locator(".card").first.evaluate("node => scrollTo(0, node.getBoundingClientRect().top + scrollY - 20)")
    picture(page, "colleague")


def code(secret: str) -> str:
    """What an authenticator app shows now."""
    return f"{hotp_value(secret, int(time.time()) // 30):06d}"


def socket_of(page: Page, product: Installation, matter: str) -> ClientConnection:
    """A stream of the matter by the page's session."""
    cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in page.context.cookies())
    headers = {"Cookie": cookies, "Origin": product.url}
    return connect(f"ws://127.0.0.1:{product.port}/ws/matters/{matter}/", additional_headers=headers)


def closed_with(socket: ClientConnection) -> int | None:
    """The code by which the stream is ended, within 30 s."""
    ends_at = time.monotonic() + 30
    try:
        while time.monotonic() < ends_at:
            socket.recv(timeout=30)
    except ConnectionClosed as ended:
        return ended.rcvd.code if ended.rcvd else None
    return None


def set_up_an_app_and_sign_in_with_it(page: Page) -> None:
    page.goto("/accounts/2fa/")
    look(page, "security")
    page.get_by_role("button", name="Set up an authenticator app").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    secret = page.locator("#authenticator_secret").inner_text()
    look(page, "authenticator-app")
    page.get_by_label("Authenticator code").fill(code(secret))
    page.get_by_role("button", name="Turn it on").click()
    recovery = page.locator(".codes code").first.inner_text()
    look(page, "recovery-codes")
    look_at(page, "accounts/2fa/recovery-codes/generate", "accounts/2fa/totp/deactivate", "accounts/2fa/reauthenticate")
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, BEN)
    look(page, "second-factor")
    page.get_by_label("Code").fill(recovery)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Matters")).to_be_visible()


def change_password_elsewhere(page: Page, email: str) -> None:
    sign_in(page, email)
    page.goto("/accounts/password/change/")
    page.locator("#id_oldpassword").fill(PASSWORD)
    page.locator("#id_password1").fill(ANOTHER)
    page.locator("#id_password2").fill(ANOTHER)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("status").first).to_be_visible()
