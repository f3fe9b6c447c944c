"""Django's admin with the staff's own site. A module of its own: Django finds it before models can be imported."""

from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    """The admin, for staff."""

    default_site = "companies.staff_site.StaffSite"
