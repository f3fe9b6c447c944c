"""Pages that few people ever see: of errors, of what was forgotten, of what is taken back."""

from playwright.sync_api import Page

from tests.e2e.conftest import look
from tests.e2e.people import PASSWORD, Person, answer_all, ask, sign_in
from tests.fakes.provider_logins import CLIENT_ID, CLIENT_SECRET, FakeProviders

# The database refuses to store one person's wish, with the SQLSTATE of a fault.
REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a fault' USING ERRCODE = '{code}'; END $$;
CREATE TRIGGER refuse BEFORE UPDATE OF matter_mail ON companies_user FOR EACH ROW EXECUTE FUNCTION refuse();
"""
SEND_FIVE_TIMES = """async (form) => {
  for (let n = 0; n < 5; n++) await fetch(form.action, { method: "POST", body: new FormData(form) })
}"""
# A laptop's own, which has seen the finger of its owner.
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
FULL_DISK, LOCKED, FAULT = "53100", "55P03", "XX000"


def look_at_what_is_refused(person: Person) -> None:
    """403 in both kinds, 413 and 429."""
    page = person.page
    page.goto("/admin/")
    seen(person, "403", "You don't have access")
    page.goto("/matters/new/")
    page.context.clear_cookies(name="csrftoken")
    page.locator("#id_question").evaluate("box => { box.value = 'May we?'; box.form.submit() }")
    seen(person, "403-csrf", "Please send this again")
    page.goto("/matters/new/")
    page.locator("#id_question").evaluate("box => { box.value = 'x'.repeat(300_000); box.form.submit() }")
    seen(person, "413", "This is too much at once")
    page.goto("/accounts/password/reset/")
    page.locator("input[name=email]").fill("nobody@sweep.example")
    page.get_by_role("main").locator("form").evaluate(SEND_FIVE_TIMES)
    page.get_by_role("main").get_by_role("button").click()
    seen(person, "429", "Too many tries")


def look_at_faults(person: Person) -> None:
    """500 and 503."""
    for name, code, heading, words in (
        ("503", FULL_DISK, "One moment, please", "The database is not responding"),
        ("503-locked", LOCKED, "One moment, please", "Somebody else is changing this"),
        ("500", FAULT, "Something went wrong on our side", ""),
    ):
        person.product.sql(REFUSE.format(code=code))
        person.page.goto("/settings/")
        person.page.locator("form[action$='/e-mail/'] button").click()
        seen(person, name, heading)
        person.sees(words)
        person.product.sql("DROP FUNCTION refuse CASCADE")


def look_at_a_pruned_matter(person: Person) -> None:
    """One whose content was removed."""
    person.page.goto("/")
    matter = ask(person)
    person.page.get_by_role("button", name="Stop").click()
    person.sees("Stopped", "#stage")
    person.product.sql("UPDATE matters_matter SET pruned_at = now() WHERE id = %s", matter)
    person.page.reload()
    seen(person, "pruned", "The content of this matter was removed")


def look_at_an_interrupted_advice(person: Person) -> None:
    """One whose text broke off as often as it is tried."""
    person.page.goto("/")
    ask(person)
    person.product.llm.set(always={"kind": "cut", "schema": "stream"})
    answer_all(person)
    person.sees("Retry continues from where it stopped", "#problem")
    person.product.llm.set(always=None)
    person.sees("Interrupted.", "#advice-head")
    person.sees("The text below is not the whole advice.", "#advice-head")
    look(person.page, "interrupted")


def look_at_carta(person: Person, providers: FakeProviders) -> None:
    """The choice of one of its companies, and the question whether it is to be disconnected."""
    page = person.page
    providers.state.issuers = [("101", "Sweep, Inc."), ("102", "Sweep Labs <LLC>")]
    page.goto("/settings/connections/")
    form = page.locator("#carta form").last
    form.get_by_label("Client ID").fill(CLIENT_ID)
    form.get_by_label("Client secret").fill(CLIENT_SECRET)
    form.get_by_role("button", name="Connect Carta").click()
    seen(person, "issuers", "Which company on Carta?")
    page.get_by_role("button", name="Not now").click()
    page.get_by_role("button", name="Disconnect Carta").click()
    seen(person, "disconnect", "Disconnect Carta?")


def look_at_passkeys(person: Person) -> None:
    """Adding, renaming and removing one, and signing in by it. The browser has an authenticator that says yes."""
    page = person.page
    browser = page.context.new_cdp_session(page)
    browser.send("WebAuthn.enable")
    browser.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    sign_in(page, person.email)
    page.goto("/accounts/reauthenticate/?next=/accounts/2fa/webauthn/add/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    seen(person, "passkey-add", "Add a passkey")
    page.get_by_label("Name").fill("The office laptop")
    page.get_by_role("button", name="Add it").click()
    page.get_by_role("heading", level=1, name="Recovery codes").wait_for()
    sign_out(page)
    use_passkey(page, "Matters")
    sign_out(page)
    sign_in(page, person.email)
    seen(person, "passkey-second", "One more step")
    use_passkey(page, "Matters")
    page.goto("/accounts/2fa/webauthn/")
    seen(person, "passkeys", "Passkeys")
    page.get_by_role("button", name="Rename The office laptop").click()
    page.get_by_role("link", name="Use a passkey").click()
    seen(person, "passkey-reauthenticate", "Confirm it's you")
    use_passkey(page, "Rename a passkey")
    for name, words in (("Rename", "Rename a passkey"), ("Remove", "Remove this passkey?")):
        page.goto("/accounts/2fa/webauthn/")
        page.get_by_role("button", name=f"{name} The office laptop").click()
        seen(person, f"passkey-{name.lower()}", words)
    page.get_by_role("button", name="Remove it").click()
    page.get_by_text("You have none.").wait_for()
    sign_out(page)
    use_passkey(page, "Sign in")
    page.get_by_role("alert").filter(has_text="This passkey was not accepted").wait_for()
    look(page, "passkey-removed")


def sign_out(page: Page) -> None:
    page.goto("/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", level=1, name="Sign in").wait_for()


def use_passkey(page: Page, leads_to: str) -> None:
    """On a page that asks for one, by the authenticator of the browser."""
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", level=1, name=leads_to).wait_for()


def seen(person: Person, name: str, words: str) -> None:
    """The page with these words as its heading is there, and has no fault."""
    person.page.get_by_role("heading", level=1, name=words).wait_for()
    look(person.page, name)
