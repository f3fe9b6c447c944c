"""Two people as they come: signing up, confirming by e-mail, inviting, joining, a second factor; and leaving again."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import hotp_value
from playwright.sync_api import Page, expect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.e2e.conftest import OpenPage, look
from tests.processes import Installation, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
ADA, BEN, PASSWORD, ANOTHER = (
    "ada@rocket.example",
    "ben@rocket.example",
    "correct horse battery",
    "another horse battery",
)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """With a mail server: a folder, in which each e-mail is a file."""
    folder = tmp_path_factory.mktemp("accounts")
    (folder / "mail").mkdir()
    with Installation(folder, EMAIL_URL=f"filemail:///{folder / 'mail'}") as product:
        yield product


def link_to(product: Installation, email: str, path: str) -> str:
    """The newest link to `path` that `email` was sent."""

    def find() -> str | None:
        for file in sorted((product.folder / "mail").iterdir(), key=_written, reverse=True):
            text = file.read_text().replace("=\n", "")
            if f"To: {email}" in text and (found := re.findall(rf"http://[\w.:]+({path}\S+)", text)):
                return str(found[-1])
        return None

    return str(wait_until(find, f"{email} is sent a link to {path}"))


def _written(file: Path) -> int:
    return file.stat().st_mtime_ns


def code(secret: str) -> str:
    """What an authenticator app shows now."""
    return f"{hotp_value(secret, int(time.time()) // 30):06d}"


def sign_in(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


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


def test_two_people_sign_up_work_together_and_part(open_page: OpenPage, installation: Installation) -> None:
    ada, ben = open_page(), open_page()
    ada.goto("/accounts/signup/")
    look(ada, "signup")
    ada.get_by_label("Company").fill("Rocket, Inc.")
    ada.get_by_label("E-mail address").fill(ADA)
    ada.get_by_label("Password").fill(PASSWORD)
    ada.get_by_role("button", name="Sign up").click()
    ada.goto(link_to(installation, ADA, "/accounts/confirm-email/"))
    ada.get_by_role("button", name="Yes, confirm it").click()
    sign_in(ada, ADA)
    expect(ada.get_by_role("heading", name="Matters")).to_be_visible()

    ada.goto("/settings/members/")
    ada.get_by_label("E-mail address").fill(BEN)
    ada.get_by_role("button", name="Send the invitation").click()
    expect(ada.get_by_role("button", name=f"Send {BEN} a new link")).to_be_visible()
    look(ada, "members")
    ben.goto(link_to(installation, BEN, "/invitations/"))
    ben.get_by_role("button", name="Sign up").or_(ben.get_by_role("link", name="Sign up")).click()
    ben.get_by_label("Password").fill(PASSWORD)
    ben.get_by_role("button", name="Sign up").click()
    expect(ben.get_by_role("heading", name="Matters")).to_be_visible()

    set_up_an_app_and_sign_in_with_it(ben)
    matter = ask(ben)
    with socket_of(ben, installation, matter) as opened:
        ada.goto("/settings/members/")
        ada.get_by_role("button", name=f"Remove {BEN}").click()
        assert closed_with(opened) == 4401, "who was removed reads no further"
    with socket_of(ada, installation, matter) as opened:
        change_password_elsewhere(open_page(), ADA)
        assert closed_with(opened) == 4401, "a stream that was opened with the old password ends"


def set_up_an_app_and_sign_in_with_it(page: Page) -> None:
    page.goto("/accounts/2fa/")
    look(page, "security")
    page.get_by_role("button", name="Set up an authenticator app").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    secret = page.locator("#authenticator_secret").inner_text()
    look(page, "authenticator-app")
    page.get_by_label("Authenticator code").fill(code(secret))
    page.get_by_role("button", name="Turn it on").click()
    recovery = page.locator(".codes code").first.inner_text()
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, BEN)
    look(page, "second-factor")
    page.get_by_label("Code").fill(recovery)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Matters")).to_be_visible()


def ask(page: Page) -> str:
    """A matter; returns its id."""
    page.goto("/matters/new/")
    page.locator("textarea").fill("May we let our CTO go?")
    page.locator("main form button").last.click()
    page.wait_for_url(re.compile(r"/matters/[0-9a-f-]{36}/"))
    return page.url.split("/")[-2]


def change_password_elsewhere(page: Page, email: str) -> None:
    sign_in(page, email)
    page.goto("/accounts/password/change/")
    page.locator("#id_oldpassword").fill(PASSWORD)
    page.locator("#id_password1").fill(ANOTHER)
    page.locator("#id_password2").fill(ANOTHER)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("status").first).to_be_visible()
