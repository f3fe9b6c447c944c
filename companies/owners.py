"""Telling a company's owners by e-mail what needs them."""

from uuid import UUID

from companies.mail import send_after_commit
from companies.models import Membership, User


def tell_owners(company_id: UUID, subject: str, text: str) -> None:
    """Send `text` to the owners of a company once the transaction commits. Failures are logged."""
    owners = User.objects.filter(
        is_active=True, memberships__company=company_id, memberships__role=Membership.Role.OWNER
    )
    send_after_commit(subject, text, list(owners.values_list("email", flat=True)))
