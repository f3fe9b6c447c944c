"""Who comes into the admin: staff, and with `STAFF_MFA_REQUIRED` only those who have a second factor."""

from collections.abc import Iterable
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from companies.staff_lists import StaffList


class StaffSite(admin.AdminSite):
    """Django's own site with one condition more. Whoever has a second factor has given it when they signed in."""

    site_header = site_title = "Matterstream staff"

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[admin.ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        """As Django's own, with `StaffList` in front of the class."""
        given = admin_class or admin.ModelAdmin
        super().register(model_or_iterable, type(given.__name__, (StaffList, given), {}), **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and not _lacks_factor(request)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Staff without a second factor are led to where they make one; `config/urls.py` sees to all others."""
        if super().has_permission(request) and _lacks_factor(request):
            messages.warning(request, "Staff need a second factor here: add one, then come back.")
            return redirect("mfa_index")
        return super().login(request, extra_context)


def _lacks_factor(request: HttpRequest) -> bool:
    return bool(settings.STAFF_MFA_REQUIRED) and not is_mfa_enabled(request.user)
