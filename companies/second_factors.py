"""Secrets of authenticator apps and recovery codes: the database holds them sealed."""

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.urls import reverse_lazy
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.safestring import SafeString

from companies.encryption import NoKeyFits, Sealed
from companies.models import User

UNCONFIRMED = lazy(format_html, SafeString)(
    'Confirm your e-mail address first: <a href="{}">have the link sent again</a>.', reverse_lazy("account_email")
)
_SECRETS = ("secret", "seed")  # of an app, of recovery codes; a passkey's row holds nothing secret


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc] # allauth has no types
    """Seals by the newest of `FIELD_ENCRYPTION_KEYS`; each of them opens. Names a passkey that nobody has named."""

    error_messages = DefaultMFAAdapter.error_messages | {"unverified_email": UNCONFIRMED}

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        """What a new passkey is called unless its owner has a better name."""
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return "My passkey" if number == 1 else f"My passkey {number}"

    def encrypt(self, text: str) -> str:
        """What is stored for `text`."""
        return Sealed.of(text).token

    def decrypt(self, encrypted_text: str) -> str:
        """The text that was sealed. Raises NoKeyFits, KeyProblem."""
        return str(Sealed(encrypted_text).open())


def seal_anew() -> list[bool]:
    """Seal every secret with the newest key; for each row whether one of the keys opened it. Raises KeyProblem."""
    return [_seal_one_anew(pk) for pk in Authenticator.objects.values_list("pk", flat=True)]


@transaction.atomic
def _seal_one_anew(pk: int) -> bool:
    row = Authenticator.objects.select_for_update().filter(pk=pk).first()
    if row is None:
        return True
    try:
        row.data |= {name: Sealed(row.data[name]).sealed_anew().token for name in _SECRETS if name in row.data}
    except NoKeyFits:
        return False
    row.save(update_fields=["data"])
    return True
