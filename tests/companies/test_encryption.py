"""Secrets at rest: no column holds one in plain text, nothing shows one, and keys can be changed."""

import logging
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from companies.connection_services import NewConnection, connect
from companies.connections import Connection, Method, Provider
from companies.encryption import KeyProblem, Sealed
from companies.models import Company, User, WebhookEndpoint
from companies.second_factors import SecondFactorAdapter

pytestmark = pytest.mark.django_db
SECRET = "Zaunkoenig-token"


def connected(company: Company, secret: str = SECRET) -> Connection:
    new = NewConnection(Provider.RIPPLING, Method.API_TOKEN, Sealed.of({"token": secret}))
    return connect(company.pk, new, None)


def stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT c::text FROM companies_connection c")
        return str(cursor.fetchall())


def kept() -> Sealed:
    sealed = Connection.objects.get().credentials
    assert sealed is not None
    return sealed


def rotate() -> str:
    out = StringIO()
    call_command("rotate_field_keys", stdout=out)
    return out.getvalue()


def test_the_database_holds_no_secret_in_plain_text(company: Company) -> None:
    connected(company)
    assert SECRET not in stored()
    assert kept().open() == {"token": SECRET}


def test_a_secret_is_shown_neither_printed_nor_logged(company: Company, caplog: pytest.LogCaptureFixture) -> None:
    row = connected(company)
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("%s %r %r %s", row, row, row.credentials, vars(row))
    assert SECRET not in caplog.text
    assert kept().token not in caplog.text
    assert "<sealed>" in caplog.text


def test_a_plain_value_can_not_be_stored_by_mistake(company: Company) -> None:
    row = connected(company)
    row.credentials = {"token": SECRET}  # type: ignore[assignment]
    with pytest.raises(TypeError, match="Sealed"):
        row.save()


def test_after_a_rotation_the_old_key_is_not_needed(company: Company, settings: Settings) -> None:
    connected(company)
    old, new = settings.FIELD_ENCRYPTION_KEYS[0], Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    assert kept().open() == {"token": SECRET}, "a new key in front makes nothing unreadable"
    assert "companies.Connection.credentials: 1 re-encrypted, 0 not opened" in rotate()
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert kept().open() == {"token": SECRET}


def test_second_factors_are_sealed_anew_as_well(founder: User, settings: Settings) -> None:
    adapter = SecondFactorAdapter()
    Authenticator.objects.create(user=founder, type="totp", data={"secret": adapter.encrypt(SECRET)})
    old, new = settings.FIELD_ENCRYPTION_KEYS[0], Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    assert "second factors: 1 re-encrypted, 0 not opened" in rotate()
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert adapter.decrypt(Authenticator.objects.get().data["secret"]) == SECRET


def test_a_key_that_went_too_early_is_told_with_what_to_do(company: Company, settings: Settings) -> None:
    connected(company)
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(KeyProblem, match="rotate_field_keys"):
        kept().open()
    with pytest.raises(CommandError, match="1 values"):
        rotate()
    assert SECRET not in stored()


def test_a_signing_secret_whose_key_is_lost_is_mended_by_a_new_one(company: Company, settings: Settings) -> None:
    endpoint = WebhookEndpoint.objects.create(company=company, url="https://example.com", secret=Sealed.of("old"))
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    new = endpoint.rotate()
    assert endpoint.signing_secrets() == [new], "nothing is delivered for as long as the old one would sign, too"


@pytest.mark.parametrize("keys", [[], [""], ["not a key"]])
def test_keys_that_are_none_are_told_with_how_to_make_one(keys: list[str], settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = keys
    with pytest.raises(KeyProblem, match="generate_key"):
        Sealed.of("x")


@pytest.mark.parametrize(("keys", "words"), [([], "is empty"), (["not a key"], "no Fernet key")])
def test_a_rotation_without_good_keys_tells_them_from_a_key_that_is_lost(
    keys: list[str], words: str, company: Company, settings: Settings
) -> None:
    connected(company)
    settings.FIELD_ENCRYPTION_KEYS = keys
    with pytest.raises(KeyProblem, match=f"FIELD_ENCRYPTION_KEYS .*{words}"):
        rotate()
