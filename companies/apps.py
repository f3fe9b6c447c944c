from django.apps import AppConfig


class CompaniesConfig(AppConfig):
    """Tenants: users, companies, memberships, API keys."""

    name = "companies"
