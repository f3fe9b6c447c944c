"""Receivers of a company's webhooks, and the secrets that what they are sent is signed with."""

import base64
import secrets
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from companies.encryption import EncryptedJSONField, NoKeyFits, Sealed

if TYPE_CHECKING:
    from companies.models import Company

ROTATION = timedelta(hours=24)  # for so long the secret before signs, too
MOST_ENDPOINTS = 20  # of one company: each of its events may be sent to all of them
SECRET_BYTES = 32  # Standard Webhooks asks for 24 to 64


class SigningSecrets(models.Model):
    """A secret, and the one before it while receivers change over. Standard Webhooks' form, `whsec_` and base64."""

    secret = EncryptedJSONField()
    previous_secret = EncryptedJSONField(null=True)
    previous_secret_until = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def rotate(self) -> str:
        """Take a new secret; the old one signs, too, for `ROTATION`. Returns the new one, which nothing shows again.

        An old one that no key opens any more signs nothing: to keep it would fail what is sent.
        """
        new, until = new_secret(), timezone.now() + ROTATION
        self.previous_secret, self.previous_secret_until = (self.secret, until) if self._opens() else (None, None)
        self.secret = Sealed.of(new)
        self.save(update_fields=["secret", "previous_secret", "previous_secret_until"])
        return new

    def _opens(self) -> bool:
        assert self.secret is not None  # the column holds no null
        try:
            self.secret.open()
        except NoKeyFits:
            return False
        return True

    def signing_secrets(self) -> list[str]:
        """Those that sign now, the newest first."""
        assert self.secret is not None  # the column holds no null
        signing = [self.secret.open()]
        if self.previous_secret and self.previous_secret_until and self.previous_secret_until > timezone.now():
            signing.append(self.previous_secret.open())
        return signing


def new_secret() -> str:
    """A signing secret."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


class WebhookSecret(SigningSecrets):
    """A company's default secret: it signs what is sent to the `webhook_url` of one of its matters."""

    company = models.OneToOneField("companies.Company", on_delete=models.CASCADE, related_name="webhook_secret")

    def __str__(self) -> str:
        return f"of {self.company}"

    @classmethod
    def of(cls, company: "Company") -> "WebhookSecret":
        """The company's; made where there is none yet."""
        return cls.objects.get_or_create(company=company, defaults={"secret": Sealed.of(new_secret())})[0]

    @classmethod
    def show_new(cls, company: "Company") -> tuple["WebhookSecret", str]:
        """Its row, and a new secret in it; the first one where there was none, and so none before it."""
        row, is_first = cls.objects.select_for_update().get_or_create(
            company=company, defaults={"secret": Sealed.of(new_secret())}
        )
        return row, row.signing_secrets()[0] if is_first else row.rotate()


class WebhookEndpoint(SigningSecrets):
    """Where a company wants to be told of events. `events`: the types it wants; null: only the ends."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    company = models.ForeignKey("companies.Company", on_delete=models.CASCADE, related_name="webhook_endpoints")
    url = models.CharField(max_length=2048)
    events = ArrayField(models.CharField(max_length=40), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["company", "-created_at"], name="webhook_endpoint_list")]

    def __str__(self) -> str:
        return self.url
