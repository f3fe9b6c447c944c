from django.apps import AppConfig
from django.urls import register_converter

from companies.path_ids import IdConverter


class CompaniesConfig(AppConfig):
    """Tenants: users, companies, memberships, API keys."""

    name = "companies"

    def ready(self) -> None:
        """Before any address is read."""
        register_converter(IdConverter, "id")
