"""Companies and people in the admin."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from companies import members
from companies.access import user_of
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


class MembershipInline(ReadOnly, admin.TabularInline[Membership, Company]):
    """Who is in the company; what changes about that is changed on a membership's own page."""

    model = Membership
    extra = 0
    show_change_link = True


@admin.register(Company)
class CompanyAdmin(admin.ModelAdmin[Company]):
    list_display = ("name", "slug", "tier", "daily_budget", "created_at")
    list_filter = ("tier",)
    search_fields = ("name", "slug")
    inlines: ClassVar = [MembershipInline]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list[Any], Any, set[str], list[Any]]:
        """The record of a company's members, which nobody may delete by itself, goes with the company."""
        listed, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return listed, counts, lacking - {"membership change"}, protected


@admin.register(Spending)
class SpendingAdmin(NotAdded, admin.ModelAdmin[Spending]):
    """What companies with a budget have spent; workers alone write it."""

    list_display = ("day", "company", "spent")
    list_select_related = ("company",)
    search_fields = ("company__slug",)
    date_hierarchy = "day"
    readonly_fields = ("day", "company", "spent")


def _saying_why_not(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Where `companies.members` refuses a change, nothing of the request is done, its line in the log included."""

    @wraps(view)
    def answered(model_admin: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            with transaction.atomic():
                return view(model_admin, request, *args, **kwargs)
        except members.ChangeRefused as refused:
            model_admin.message_user(request, str(refused), messages.ERROR)
            return redirect(request.get_full_path())

    return answered


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin[Membership]):
    """Staff change memberships as owners do, by `companies.members`: it notes who did, and keeps an owner."""

    list_display = ("user", "company", "role", "joined_at")
    list_select_related = ("user", "company")
    changelist_view = _saying_why_not(admin.ModelAdmin.changelist_view)
    changeform_view = _saying_why_not(admin.ModelAdmin.changeform_view)
    delete_view = _saying_why_not(admin.ModelAdmin.delete_view)

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        return ("company", "user") if obj else ()

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        if change:
            members.change_role(obj, user_of(request), obj.role)
        else:
            members.add(obj, user_of(request))

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        members.remove(obj, user_of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        for member in queryset.order_by("company"):  # two who delete at once lock the companies in one order
            members.remove(member, user_of(request))


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


_END_MEMBERSHIPS = (
    "Delete the memberships below first. Where one is a company's only owner, make somebody else an owner before that."
)


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

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list[Any], Any, set[str], list[Any]]:
        """Memberships are in the way of deleting an account, and the page says what to do about them."""
        found = super().get_deleted_objects(objs, request)
        if found[3]:
            self.message_user(request, _END_MEMBERSHIPS, messages.ERROR)
        return found


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
