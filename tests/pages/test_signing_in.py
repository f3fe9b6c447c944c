"""Signing up, confirming, resetting, second factors, sessions."""

import re
import time
from collections.abc import Iterator

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import hotp_value
from django.core import mail
from django.core.cache import cache
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from pytest_django import Settings

from companies.cache import PassingRedisCache
from companies.models import Company, Membership, User

pytestmark = pytest.mark.django_db
PASSWORD, ANOTHER = "correct horse battery", "another horse battery"
FORM = {"company": "Rocket & Sons", "email": "New@Rocket.example", "password1": PASSWORD}


@pytest.fixture(autouse=True)
def _nothing_counted() -> Iterator[None]:
    PassingRedisCache.quiet_until = 0.0
    cache.clear()
    yield
    PassingRedisCache.quiet_until = 0.0


@pytest.fixture
def confirmed_first(settings: Settings) -> None:
    """As with a mail server."""
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


def sign_in(email: str, password: str = PASSWORD) -> Client:
    browser = Client()
    browser.post("/accounts/login/", {"login": email, "password": password})
    return browser


def confirm_it_is_me(browser: Client) -> Client:
    """What is asked for before something changes about how one signs in."""
    answer = browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()
    return browser


def is_signed_in(browser: Client) -> bool:
    return browser.get("/settings/").status_code == 200


def link_in_mail(start: str) -> str:
    found = re.findall(rf"http://testserver({start}\S+)", str(mail.outbox[-1].body))
    assert found, mail.outbox[-1].body
    return str(found[0])


def test_who_signs_up_owns_a_new_company(client: Client, db: None) -> None:
    Company.objects.create(name="Rocket and Sons", slug="rocket-sons")
    assert client.post("/accounts/signup/", FORM)["Location"] == "/"
    membership = Membership.objects.get()
    assert (membership.user.email, membership.role, membership.company.name) == (
        "new@rocket.example",
        "owner",
        "Rocket & Sons",
    )
    assert membership.company.slug.startswith("rocket-sons-"), "no two companies have one slug"
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("missing", ["company", "email", "password1"])
def test_what_is_missing_is_told_beside_its_field(client: Client, missing: str) -> None:
    html = client.post("/accounts/signup/", FORM | {missing: ""}).content.decode()
    assert f'id="id_{missing}_error"' in html
    assert not User.objects.exists()
    assert not Company.objects.exists()


def test_with_a_mail_server_nobody_comes_in_before_the_address_is_confirmed(
    client: Client, confirmed_first: None
) -> None:
    assert client.post("/accounts/signup/", FORM)["Location"] == "/accounts/confirm-email/"
    assert not is_signed_in(client)
    link = link_in_mail("/accounts/confirm-email/")
    assert "new@rocket.example" in client.get(link).content.decode()
    assert not is_signed_in(sign_in("new@rocket.example")), "to look at the link confirms nothing"
    client.post(link)
    assert is_signed_in(sign_in("new@rocket.example"))


def test_signing_up_twice_tells_nobody_that_there_is_an_account(
    client: Client, confirmed_first: None, founder: User
) -> None:
    answer = client.post("/accounts/signup/", FORM | {"email": founder.email})
    assert answer["Location"] == "/accounts/confirm-email/"
    assert "already have an account" in mail.outbox[-1].subject
    assert Company.objects.count() == 1


def test_a_mail_server_that_is_away_costs_nobody_the_account(
    client: Client, confirmed_first: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailBackend, "send_messages", refuse)
    assert "could not be sent" in client.post("/accounts/signup/", FORM, follow=True).content.decode()
    assert User.objects.filter(email="new@rocket.example").exists()


def test_a_reset_password_ends_every_session(client: Client, founder: User) -> None:
    before = sign_in(founder.email)
    assert is_signed_in(before)
    client.post("/accounts/password/reset/", {"email": founder.email})
    form = client.get(link_in_mail("/accounts/password/reset/key/"))
    client.post(form["Location"], {"password1": ANOTHER, "password2": ANOTHER})
    assert not is_signed_in(before)
    assert not is_signed_in(sign_in(founder.email))
    assert is_signed_in(sign_in(founder.email, ANOTHER))


def test_a_changed_password_ends_the_other_sessions(founder: User) -> None:
    here, elsewhere = sign_in(founder.email), sign_in(founder.email)
    data = {"oldpassword": PASSWORD, "password1": ANOTHER, "password2": ANOTHER}
    here.post("/accounts/password/change/", data)
    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)
    assert "password was changed" in mail.outbox[-1].subject


def test_an_address_changes_once_its_new_mailbox_was_read(founder: User) -> None:
    browser = confirm_it_is_me(sign_in(founder.email))
    browser.post("/accounts/email/", {"email": "moved@acme.example", "action_add": ""})
    founder.refresh_from_db()
    assert founder.email == "founder@acme.example"
    assert "moved@acme.example" in browser.get("/accounts/email/").content.decode()
    confirmation = next(m for m in mail.outbox if m.to == ["moved@acme.example"])
    link = re.findall(r"http://testserver(/accounts/confirm-email/\S+)", str(confirmation.body))[0]
    browser.post(link)
    founder.refresh_from_db()
    assert founder.email == "moved@acme.example"


OLD = "new@rocket.example"


def unconfirmed(email: str = OLD) -> Client:
    """Somebody who has just signed up without a mail server, and may change their address."""
    browser = Client()
    assert browser.post("/accounts/signup/", FORM | {"email": email})["Location"] == "/"
    return confirm_it_is_me(browser)


def wish_for(browser: Client, email: str) -> str:
    """Where the link leads that the new address is sent."""
    answer = browser.post("/accounts/email/", {"email": email, "action_add": ""})
    assert answer.status_code == 302, answer.content.decode()
    assert mail.outbox[-1].to == [email]
    return link_in_mail("/accounts/confirm-email/")


def test_an_address_that_is_not_confirmed_stays_until_the_new_one_is(db: None) -> None:
    browser = unconfirmed()
    link = wish_for(browser, "moved@rocket.example")
    assert f"Your address is <strong>{OLD}</strong>" in browser.get("/accounts/email/").content.decode()
    assert OLD in browser.get("/settings/members/").content.decode(), "the owner has a name"
    for _ in range(2):
        assert is_signed_in(sign_in(OLD)), "the old address signs in until then"
    assert "moved@rocket.example" in browser.get("/accounts/email/").content.decode(), "nor does that end the wish"
    Client().post(link)
    user = User.objects.get()
    assert user.email == "moved@rocket.example"
    row = EmailAddress.objects.get()
    assert (row.email, row.primary, row.verified) == (user.email, True, True), "one address each"
    assert is_signed_in(sign_in(user.email))
    assert not is_signed_in(sign_in(OLD))


def test_an_address_that_is_not_confirmed_can_be_kept_and_confirmed(db: None) -> None:
    browser = unconfirmed()
    old_link = link_in_mail("/accounts/confirm-email/")
    link = wish_for(browser, "moved@rocket.example")
    browser.post("/accounts/email/", {"email": "moved@rocket.example", "action_remove": ""})
    Client().post(link)
    assert User.objects.get().email == OLD, "the link to the new address no longer changes anything"
    assert "It is not confirmed yet" in browser.get("/accounts/email/").content.decode()
    Client().post(old_link)
    assert EmailAddress.objects.get(verified=True).email == OLD
    assert is_signed_in(sign_in(OLD))


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_second_new_address_takes_the_place_of_the_first(confirmed: bool) -> None:
    browser = unconfirmed()
    EmailAddress.objects.update(verified=confirmed)
    first = wish_for(browser, "first@rocket.example")
    second = wish_for(browser, "second@rocket.example")
    html = browser.get("/accounts/email/").content.decode()
    assert "second@rocket.example" in html
    assert "first@rocket.example" not in html.split("<h1>")[1]
    Client().post(first)
    assert User.objects.get().email == OLD, "the first link no longer changes anything"
    Client().post(second)
    assert User.objects.get().email == EmailAddress.objects.get().email == "second@rocket.example"


def test_two_people_whose_addresses_are_not_confirmed_can_both_change_them(db: None) -> None:
    for name in ("one", "two"):
        wish_for(unconfirmed(f"{name}@rocket.example"), f"{name}@moved.example")
    assert sorted(User.objects.values_list("email", flat=True)) == ["one@rocket.example", "two@rocket.example"]


def test_an_address_that_another_account_has_does_not_change_hands(db: None) -> None:
    unconfirmed("one@rocket.example")
    other = unconfirmed("two@rocket.example")
    cache.clear()  # of the links that were sent
    answer = other.post(wish_for(other, "one@rocket.example"), follow=True)
    assert answer.status_code == 200
    assert "already has an account" in answer.content.decode()
    assert sorted(User.objects.values_list("email", flat=True)) == ["one@rocket.example", "two@rocket.example"]
    assert not EmailAddress.objects.filter(verified=True).exists(), "a confirmed row would sign in before its owner's"


def test_an_account_that_lost_its_address_keeps_the_one_it_signs_in_with(db: None) -> None:
    unconfirmed()
    User.objects.update(email="")
    EmailAddress.objects.update(primary=False)
    for _ in range(2):
        browser = sign_in(OLD)
        assert is_signed_in(browser), "a sign-in does not make the address empty"
    browser.post("/accounts/email/", {"email": OLD, "action_send": ""})
    Client().post(link_in_mail("/accounts/confirm-email/"))
    assert User.objects.get().email == OLD, "its link brings the address back"


def test_without_a_mail_server_nobody_is_told_that_a_link_was_sent(settings: Settings, db: None) -> None:
    for has_one in (False, True):
        settings.HAS_MAIL_SERVER = has_one
        new = f"moved-{has_one}@rocket.example".lower()
        browser = unconfirmed(f"{has_one}@rocket.example".lower())
        shown = browser.get("/accounts/email/").content.decode()
        assert ("the link is in the log of the web process" in shown) is not has_one
        wish_for(browser, new)
        html = browser.get("/accounts/email/").content.decode()
        assert (f"{new} was sent a link" in html) is has_one
        assert ("we sent there" in html) is has_one
        assert (f"The e-mail to {new}, with its link, was written to the log" in html) is not has_one
        assert ("in the log of the web process: no mail server" in html) is not has_one


@pytest.mark.parametrize("path", ["totp/activate/", "webauthn/add/"])
def test_who_has_not_confirmed_is_led_from_a_second_factor_to_the_link(path: str) -> None:
    html = unconfirmed().get(f"/accounts/2fa/{path}", follow=True).content.decode()
    assert 'Confirm your e-mail address first: <a href="/accounts/email/">have the link sent again</a>.' in html


def test_an_account_that_staff_made_confirms_its_address_first(client: Client, confirmed_first: None) -> None:
    user = User.objects.create_user("made@acme.example", PASSWORD)
    browser = sign_in(user.email)
    assert not is_signed_in(browser)
    browser.post(link_in_mail("/accounts/confirm-email/"))
    assert is_signed_in(sign_in(user.email))


def test_sessions_are_listed_and_the_others_can_be_ended(founder: User) -> None:
    here, elsewhere = sign_in(founder.email), sign_in(founder.email)
    html = here.get("/accounts/sessions/").content.decode()
    assert html.count("127.0.0.1") == 2
    here.post("/accounts/sessions/")
    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)


def set_up_app(browser: Client) -> str:
    """An authenticator app for whoever is signed in; returns its secret."""
    confirm_it_is_me(browser)
    html = browser.get("/accounts/2fa/totp/activate/").content.decode()
    secret = re.findall(r'id="authenticator_secret">(\w+)<', html)[0]
    assert "data:image/svg+xml" in html
    answer = browser.post("/accounts/2fa/totp/activate/", {"code": code(secret)})
    assert answer.status_code == 302, answer.content.decode()
    return str(secret)


def code(secret: str) -> str:
    """What an authenticator app shows now."""
    return f"{hotp_value(secret, int(time.time()) // 30):06d}"


def test_with_an_authenticator_app_a_password_alone_signs_nobody_in(founder: User) -> None:
    browser = confirm_it_is_me(sign_in(founder.email))
    assert "incorrect" in browser.post("/accounts/2fa/totp/activate/", {"code": "000000"}).content.decode().lower()
    secret = set_up_app(browser)
    assert secret not in str(list(Authenticator.objects.values())), "the database holds it encrypted"
    cache.clear()  # the code of this half minute was used to set the app up
    again = sign_in(founder.email)
    assert not is_signed_in(again)
    again.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert not is_signed_in(again)
    again.post("/accounts/2fa/authenticate/", {"code": code(secret)})
    assert is_signed_in(again)
    third = sign_in(founder.email)
    third.post("/accounts/2fa/authenticate/", {"code": code(secret)})
    assert not is_signed_in(third), "a code works once"


def test_a_recovery_code_signs_in_once(founder: User) -> None:
    browser = sign_in(founder.email)
    set_up_app(browser)
    codes = re.findall(r"<code>(\w+)</code>", browser.get("/accounts/2fa/recovery-codes/").content.decode())
    assert len(codes) == 10
    for works in (True, False):
        again = sign_in(founder.email)
        again.post("/accounts/2fa/authenticate/", {"code": codes[0]})
        assert is_signed_in(again) is works


def test_staff_sign_in_to_the_admin_with_their_second_factor(client: Client, db: None) -> None:
    staff = User.objects.create_superuser("staff@acme.example", PASSWORD)
    EmailAddress.objects.create(user=staff, email=staff.email, verified=True, primary=True)
    set_up_app(sign_in(staff.email))
    cache.clear()
    login = client.get(client.get("/admin/")["Location"])["Location"]
    assert login.startswith("/accounts/login/?next=")
    client.post(login, {"login": staff.email, "password": PASSWORD})
    assert client.get("/admin/").status_code == 302, "a password alone does not do"
    assert client.post("/admin/login/", {"username": staff.email, "password": PASSWORD}).status_code == 302
    assert client.get("/admin/").status_code == 302


def test_who_is_no_staff_is_told_that_the_admin_is_not_for_them(page: Client) -> None:
    answer = page.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "can't open this page" in answer.content.decode()


def test_guessing_a_password_is_stopped_and_told(founder: User) -> None:
    browser = Client()
    for _ in range(6):
        html = browser.post("/accounts/login/", {"login": founder.email, "password": "wrong"}).content.decode()
    assert "Too many failed tries" in html
    assert not is_signed_in(sign_in(founder.email)), "nor does the right one do now"


def test_people_sign_in_while_redis_is_away(founder: User, settings: Settings) -> None:
    away = settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": away}
    assert is_signed_in(sign_in(founder.email))
    assert PassingRedisCache.quiet_until > time.monotonic(), "Redis was asked, and did not answer"


PUBLIC = ["login/", "signup/", "password/reset/", "password/reset/done/", "confirm-email/", "inactive/", "logout/"]
OWN = ["password/change/", "email/", "reauthenticate/", "sessions/", "2fa/", "2fa/totp/activate/", "2fa/webauthn/add/"]
OWN_WITH_APP = ["2fa/recovery-codes/", "2fa/recovery-codes/generate/", "2fa/totp/deactivate/", "2fa/webauthn/"]
BROKEN_LINKS = ["confirm-email/x/", "password/reset/key/1-x/"]


def test_every_page_of_accounts_is_ours_and_holds_no_script_of_its_own(founder: User) -> None:
    browser = confirm_it_is_me(sign_in(founder.email))
    pages = [Client().get(f"/accounts/{path}") for path in PUBLIC[:-1] + BROKEN_LINKS]
    pages += [browser.get(f"/accounts/{path}") for path in [*OWN, "logout/"]]
    set_up_app(browser)
    pages += [browser.get(f"/accounts/{path}") for path in OWN_WITH_APP]
    pages += [browser.get(f"/settings/{path}") for path in ("", "members/", "api-keys/")]
    for page in pages:
        assert page.status_code == 200, page.request["PATH_INFO"]
        html = page.content.decode()
        assert "Matterstream prepares questions for counsel" in html, f"{page.request['PATH_INFO']} has our frame"
        for script in re.findall(r"<script[^>]*>", html):
            assert 'src="/static/' in script or 'type="application/json"' in script, script
        assert " style=" not in html
        assert "<style" not in html


NO_PASSKEYS, OFFER = "Passkeys do not work at this address", "Use a passkey"


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "[::1]:8000"])
def test_an_ip_address_offers_no_passkey_and_leads_to_where_they_are(client: Client, host: str) -> None:
    html = client.get("/accounts/login/", headers={"host": host}).content.decode()
    assert NO_PASSKEYS in html
    assert 'href="http://localhost:8000/accounts/login/"' in html
    assert OFFER not in html


def test_passkeys_are_offered_where_browsers_have_them(client: Client, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    for host, secure in (("localhost:8000", False), ("law.rocket.example", True)):
        html = client.get("/accounts/login/", headers={"host": host}, secure=secure).content.decode()
        assert OFFER in html
        assert NO_PASSKEYS not in html
    for host, secure in (("law.rocket.example", False), ("192.0.2.7", True), ("192.0.2.7:8000", False)):
        html = client.get("/accounts/login/", headers={"host": host}, secure=secure).content.decode()
        assert NO_PASSKEYS in html
        assert OFFER not in html
        assert "http://localhost" not in html, "another machine's localhost is not this site"


def test_no_page_of_passkeys_leads_astray_at_an_ip_address(founder: User) -> None:
    browser = confirm_it_is_me(sign_in(founder.email))
    for path in ("2fa/", "2fa/webauthn/", "2fa/webauthn/add/"):
        html = browser.get(f"/accounts/{path}", headers={"host": "127.0.0.1:8000"}).content.decode()
        assert f'href="http://localhost:8000/accounts/{path}"' in html, path
        assert "Add it" not in html
        assert ">Add a passkey</a>" not in html
