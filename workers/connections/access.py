"""Who may see and who may change a company's connections."""

from uuid import UUID

from companies.connections import Connection

ONLY_OWNERS = "Only an owner of the company can change its connections."


def shown_connections(companies: list[UUID]) -> list[Connection]:
    """The newest connection of each company and provider, live or not; the newest first."""
    newest = Connection.objects.filter(company__in=companies).select_related("connected_by")
    found = newest.order_by("company", "provider", "-connected_at").distinct("company", "provider")
    return sorted(found, key=lambda connection: connection.connected_at, reverse=True)
