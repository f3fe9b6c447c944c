"""A company's connections to the providers of facts: Rippling (people) and Carta (equity)."""

import uuid
from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from companies.encryption import EncryptedJSONField

RIPPLING_TOKEN_IDLE = timedelta(days=30)  # Rippling ends an API token that nobody has used for so long


class Provider(models.TextChoices):
    """Where facts can be read."""

    RIPPLING = "rippling", "Rippling"
    CARTA = "carta", "Carta"


class Method(models.TextChoices):
    """How a provider knows us."""

    API_TOKEN = "api_token", "an API token"  # a word for it, and none
    CLIENT_CREDENTIALS = "client_credentials", "client id and secret"
    OAUTH = "oauth", "a sign-in at the provider"


class ConnectionStatus(models.TextChoices):
    """How a connection stands. Facts are read through those in `USABLE` alone."""

    CHOOSING = "choosing", "Choose a company"  # Carta's credentials may read several
    CONNECTED = "connected", "Connected"
    EXPIRING = "expiring", "Ends soon"
    BROKEN = "broken", "Does not work"
    DISCONNECTED = "disconnected", "Disconnected"


USABLE = (ConnectionStatus.CONNECTED, ConnectionStatus.EXPIRING)


class Connection(models.Model):
    """One connection, from the day it was made; once it is disconnected a record without secrets.

    `reason`: why it does not work, or ends soon, in words for the founder. `expires_at`: when it ends if nobody uses
    it (a Rippling token). `refreshing_until`: somebody fetches a new access token, and the others wait for that.
    `demo`: to the fixture servers of `make run`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    company = models.ForeignKey("companies.Company", on_delete=models.CASCADE, related_name="connections")
    provider = models.CharField(max_length=20, choices=Provider)
    method = models.CharField(max_length=20, choices=Method)
    credentials = EncryptedJSONField(null=True, editable=False)
    issuer_id = models.CharField(max_length=200, blank=True, default="", help_text="Of Carta: the company that is read")
    issuer_name = models.CharField(max_length=200, blank=True, default="")
    scopes = models.JSONField(default=list)
    status = models.CharField(max_length=20, choices=ConnectionStatus, default=ConnectionStatus.CONNECTED)
    reason = models.TextField(blank=True, default="")
    connected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", help_text="Empty: an API key"
    )
    connected_at = models.DateTimeField(auto_now_add=True)
    disconnected_at = models.DateTimeField(null=True)
    last_ok_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    demo = models.BooleanField(default=False, editable=False, help_text="To the fixture servers of make run")
    refreshing_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "provider"],
                condition=~Q(status=ConnectionStatus.DISCONNECTED),
                name="one_live_connection_each",
            ),
            models.CheckConstraint(
                condition=Q(status=ConnectionStatus.DISCONNECTED, credentials__isnull=True)
                | (~Q(status=ConnectionStatus.DISCONNECTED) & Q(credentials__isnull=False)),
                name="no_secret_outlives_its_connection",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_provider_display()} of {self.company_id} ({self.status})"
