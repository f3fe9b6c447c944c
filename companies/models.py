"""Tenants: who may see what. Everything a company owns carries its id."""

import hashlib
import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

from companies.connections import Connection as Connection  # Django looks for models here
from companies.content_readings import ContentReading as ContentReading
from companies.webhooks import WebhookEndpoint as WebhookEndpoint  # Django looks for models here
from companies.webhooks import WebhookSecret as WebhookSecret


class UserManager(BaseUserManager["User"]):
    """Users are named by their e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A user with `email`, lower-cased, and `password` (None: one that can't sign in)."""
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A user that may do everything in the admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    """A person: a founder, a colleague of theirs, or staff. There is no user name; the e-mail address is it."""

    username = None  # type: ignore[assignment]
    email = models.EmailField("e-mail address", unique=True)

    matter_mail = models.BooleanField(
        "reminders", default=True, help_text="Is sent reminders, and word of matters that wait or are advised"
    )

    chosen_company: str | None = None  # of the session, where somebody in several companies chose one

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.email


class Tier(models.TextChoices):
    """What a company pays for; the order is the order of service."""

    ENTERPRISE = "enterprise"
    PRO = "pro"
    FREE = "free"


class Company(models.Model):
    """A tenant."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    slug = models.SlugField(unique=True)
    tier = models.CharField(max_length=20, choices=Tier, default=Tier.FREE)
    daily_budget = models.DecimalField(
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="US dollars per day (UTC) for language models that have a price in LLM_PRICES; empty: no limit",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    last_turn = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Of its newest matter in the queue"
    )
    members = models.ManyToManyField(User, through="Membership", related_name="companies")

    class Meta:
        verbose_name_plural = "companies"

    def __str__(self) -> str:
        return self.name


class Spending(models.Model):
    """What a company with a budget has spent on a day (UTC), with what is set aside for calls that are being made."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="spending")
    day = models.DateField()
    spent = models.DecimalField(max_digits=18, decimal_places=6, default=0, help_text="US dollars")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["company", "day"], name="one_spending_a_day")]

    def __str__(self) -> str:
        return f"{self.company} on {self.day}"


class Membership(models.Model):
    """That a user belongs to a company."""

    class Role(models.TextChoices):
        OWNER = "owner"
        MEMBER = "member"

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")  # `members.remove` ends it
    role = models.CharField(max_length=20, choices=Role, default=Role.MEMBER)
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["company", "user"], name="one_membership_each")]

    def __str__(self) -> str:
        return f"{self.user} in {self.company}"


class Invitation(models.Model):
    """That somebody may join, by a link that was sent to `email`. Only the link's SHA-256 is kept.

    It is removed when it is accepted or withdrawn; `MembershipChange` remembers.
    """

    LIVES = timedelta(days=7)

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField("e-mail address")
    role = models.CharField(max_length=20, choices=Membership.Role, default=Membership.Role.MEMBER)
    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    sent_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["company", "email"], name="one_invitation_each")]

    def __str__(self) -> str:
        return f"{self.email} to {self.company}"

    @property
    def expires_at(self) -> datetime:
        """When its link ends."""
        return self.sent_at + self.LIVES


class MembershipChange(models.Model):
    """Who changed what about a company's members, and when. Written once; addresses stay when people are removed."""

    class What(models.TextChoices):
        CREATED = "created", "made the company"
        INVITED = "invited", "invited"
        WITHDRAWN = "withdrawn", "withdrew the invitation of"
        JOINED = "joined", "joined"
        ROLE = "role", "changed the role of"
        REMOVED = "removed", "removed"
        LEFT = "left", "left"

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="membership_changes")
    at = models.DateTimeField(auto_now_add=True)
    by = models.EmailField()
    what = models.CharField(max_length=20, choices=What)
    person = models.EmailField()
    role = models.CharField(max_length=20, choices=Membership.Role)

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.by} {self.get_what_display()} {self.person}"


class Scope(models.TextChoices):
    """What an API key may do."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class ApiKey(models.Model):
    """A program's key. Only its SHA-256 is kept: 256 random bits need no slow hash."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="api_keys")
    prefix = models.CharField(max_length=12, editable=False, help_text="The first characters, to tell keys apart")
    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.prefix}…"

    @classmethod
    def issue(cls, company: Company, scopes: list[str]) -> tuple[Self, str]:
        """Make a key for `company`; returns its row and the key itself, which is kept nowhere."""
        token = f"ms_{secrets.token_urlsafe(32)}"
        row = cls.objects.create(company=company, prefix=token[:10], sha256=hash_token(token), scopes=scopes)
        return row, token

    def revoke(self) -> None:
        """Refuse this key from now on."""
        self.revoked_at = timezone.now()
        self.save(update_fields=["revoked_at"])


class StaffNotice(models.Model):
    """When staff were last told of something of this kind, and what they could not be told yet."""

    kind = models.CharField(max_length=40, primary_key=True)
    sent_at = models.DateTimeField()
    subject = models.CharField(max_length=200, blank=True, default="")
    text = models.TextField(blank=True, default="", help_text="Waits for a mail server that takes it; empty: sent")

    def __str__(self) -> str:
        return self.kind


def hash_token(token: str) -> str:
    """SHA-256 in hex of an API key; any string, lone surrogates included, has one."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
