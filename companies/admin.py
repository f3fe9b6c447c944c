"""Companies and people in the admin."""

from typing import Any, ClassVar

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest

from companies.connections import Connection
from companies.models import (
    ApiKey,
    Company,
    ContentReading,
    Invitation,
    Membership,
    MembershipChange,
    Spending,
    StaffNotice,
    User,
    WebhookEndpoint,
    WebhookSecret,
)

admin.site.unregister(UserSession)  # its search asks for user names, which there are not
admin.site.unregister(Authenticator)


class NotAdded:
    """Rows come about elsewhere."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class NotWritten(NotAdded):
    """Rows can be removed, and that is all."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnly(NotWritten):
    """A record of what happened."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MembershipInline(admin.TabularInline[Membership, Company]):
    model = Membership
    extra = 0
    autocomplete_fields: ClassVar = ["user"]


@admin.register(Company)
class CompanyAdmin(admin.ModelAdmin[Company]):
    list_display = ("name", "slug", "tier", "daily_budget", "created_at")
    list_filter = ("tier",)
    search_fields = ("name", "slug")
    inlines: ClassVar = [MembershipInline]


@admin.register(Spending)
class SpendingAdmin(NotAdded, admin.ModelAdmin[Spending]):
    """What companies with a budget have spent; workers alone write it."""

    list_display = ("day", "company", "spent")
    list_select_related = ("company",)
    search_fields = ("company__slug",)
    date_hierarchy = "day"
    readonly_fields = ("day", "company", "spent")


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin[Membership]):
    list_display = ("user", "company", "role", "joined_at")
    list_select_related = ("user", "company")


@admin.register(Invitation)
class InvitationAdmin(NotAdded, admin.ModelAdmin[Invitation]):
    """Invitations that are open; owners send them."""

    list_display = ("email", "company", "role", "sent_at")
    list_select_related = ("company",)
    readonly_fields = ("email", "company", "role", "sha256", "sent_at")


@admin.register(MembershipChange)
class MembershipChangeAdmin(ReadOnly, admin.ModelAdmin[MembershipChange]):
    """Who changed what about a company's members, and when."""

    list_display = ("at", "company", "by", "what", "person", "role")
    list_select_related = ("company",)
    list_filter = ("what",)
    search_fields = ("company__slug", "by", "person")


@admin.register(ContentReading)
class ContentReadingAdmin(ReadOnly, admin.ModelAdmin[ContentReading]):
    """Who read what; nobody changes it."""

    list_display = ("at", "by", "what", "object_id")
    search_fields = ("by", "what", "object_id")
    date_hierarchy = "at"


@admin.register(Authenticator)
class AuthenticatorAdmin(NotWritten, admin.ModelAdmin[Authenticator]):
    """Second factors: removing one lets somebody in who lost it. Their secrets are not shown."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("user__email",)
    exclude = ("data",)


@admin.register(User)
class AccountAdmin(UserAdmin[User]):
    ordering = ("email",)
    list_display = ("email", "first_name", "last_name", "is_staff", "is_active")
    search_fields = ("email", "first_name", "last_name")
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("Name", {"fields": ("first_name", "last_name")}),
        ("Permissions", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "password1", "password2")}),)


@admin.register(ApiKey)
class ApiKeyAdmin(NotAdded, admin.ModelAdmin[ApiKey]):
    """Keys are made by `manage.py create_api_key`, which prints them once; here they are seen and revoked."""

    list_display = ("prefix", "company", "scopes", "created_at", "revoked_at")
    list_select_related = ("company",)
    readonly_fields = ("prefix", "sha256", "company", "scopes", "created_at", "revoked_at")
    actions = ("revoke",)

    @admin.action(description="Revoke the selected keys", permissions=["change"])
    def revoke(self, request: object, queryset: object) -> None:
        for key in ApiKey.objects.filter(pk__in=queryset, revoked_at__isnull=True):  # type: ignore[misc]
            key.revoke()


@admin.register(Connection)
class ConnectionAdmin(NotWritten, admin.ModelAdmin[Connection]):
    """How connections stand; owners make and end them. Their secrets are shown nowhere, not even sealed."""

    list_display = ("provider", "company", "status", "method", "connected_at", "last_ok_at", "expires_at")
    list_filter = ("provider", "status")
    list_select_related = ("company",)
    search_fields = ("company__slug",)
    exclude = ("credentials",)


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(NotAdded, admin.ModelAdmin[WebhookEndpoint]):
    """Receivers of webhooks, which companies add and remove by the API. Secrets are not shown."""

    list_display = ("url", "company", "events", "created_at", "disabled_at", "disabled_reason")
    list_select_related = ("company",)
    search_fields = ("id", "url", "company__slug")
    fields = ("url", "company", "events", "created_at", "previous_secret_until", "disabled_at", "disabled_reason")
    readonly_fields = fields


@admin.register(WebhookSecret)
class WebhookSecretAdmin(NotAdded, admin.ModelAdmin[WebhookSecret]):
    """That a company has a default secret; the secret is not shown."""

    list_display = ("company", "previous_secret_until")
    list_select_related = ("company",)
    fields = ("company", "previous_secret_until")
    readonly_fields = fields


@admin.register(StaffNotice)
class StaffNoticeAdmin(NotAdded, admin.ModelAdmin[StaffNotice]):
    """When staff were last told of what; removing a row lets the next one of its kind be sent at once."""

    list_display = ("kind", "sent_at")
    readonly_fields = ("kind", "sent_at")
