"""Whose a matter is, for the pages."""

from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from companies.access import company_of
from companies.models import User
from matters.models import Matter


def user_of(request: HttpRequest) -> User:
    """Who is signed in; for views that only members reach."""
    assert isinstance(request.user, User)
    return request.user


def own_matter(request: HttpRequest, matter_id: UUID) -> Matter:
    """The matter, if it is the company's. A foreign or deleted one is answered exactly as one that does not exist."""
    return get_object_or_404(Matter.shown, pk=matter_id, company=company_of(user_of(request)))
