"""`manage.py create_api_key --company <slug> [--scopes read,write,admin]`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from companies.models import ApiKey, Company, Scope


class Command(BaseCommand):
    """Makes an API key and prints it, alone, once."""

    help = "Make an API key for a company. It is printed once and kept nowhere: store it safely."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--company", required=True, metavar="SLUG")
        parser.add_argument("--scopes", default="read,write", help="comma-separated: read, write, admin")

    def handle(self, *args: Any, company: str, scopes: str, **options: Any) -> None:
        wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
        unknown = [scope for scope in wanted if scope not in Scope.values]
        if unknown or not wanted:
            raise CommandError(f"--scopes takes a comma-separated list of {', '.join(Scope.values)}; got {scopes!r}.")
        owner = Company.objects.filter(slug=company).first()
        if owner is None:
            known = ", ".join(Company.objects.values_list("slug", flat=True)[:10]) or "none yet"
            raise CommandError(f"There is no company {company!r}. Known companies: {known}.")
        _row, token = ApiKey.issue(owner, wanted)
        self.stdout.write(token)
