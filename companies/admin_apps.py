"""Django's admin with the staff's own site. A module of its own: Django finds it before models can be imported.

Its pages are found with the addresses (`config/urls.py`), not whenever Django is set up: a worker has no use for them.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks


class StaffAdminConfig(SimpleAdminConfig):
    """The admin, for staff."""

    default_site = "companies.staff_site.StaffSite"

    def ready(self) -> None:
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(check_pages, checks.Tags.admin)


def check_pages(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[checks.CheckMessage]:
    """What Django checks of an admin, once its pages are there."""
    import_module(settings.ROOT_URLCONF)
    return check_admin_app(app_configs, **options)
