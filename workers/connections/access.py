"""Who may see and who may change a company's connections."""

from uuid import UUID

from companies.connections import Connection
from companies.models import Company, Membership, User

ONLY_OWNERS = "Only an owner of the company can change its connections."


def is_owner(user: User, company: Company) -> bool:
    """Whether `user` is one of the company's owners."""
    return company.memberships.filter(user=user, role=Membership.Role.OWNER).exists()


def shown_connections(companies: list[UUID]) -> list[Connection]:
    """The newest connection of each company and provider, live or not; the newest first."""
    newest = Connection.objects.filter(company__in=companies).select_related("connected_by")
    found = newest.order_by("company", "provider", "-connected_at").distinct("company", "provider")
    return sorted(found, key=lambda connection: connection.connected_at, reverse=True)
