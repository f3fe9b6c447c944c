"""Whose a matter is, for the pages."""

from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from companies.access import shown_company
from matters.models import Matter


def own_matter(request: HttpRequest, matter_id: UUID) -> Matter:
    """The matter, if it is the company's. A foreign or deleted one is answered exactly as one that does not exist."""
    return get_object_or_404(Matter.shown, pk=matter_id, company=shown_company(request))
