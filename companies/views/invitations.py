"""`/invitations/{token}/`: where the link of an invitation leads."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from companies.access import CHOSEN_COMPANY
from companies.forms import INVITATION
from companies.members import ChangeRefused, accept, find_invitation
from companies.models import User


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever is signed in as the person invited joins by one click; others sign in or up first."""
    found = find_invitation(token)
    if found is None:
        return render(request, "settings/invitation_gone.html", status=404)
    if not isinstance(request.user, User):
        request.session[INVITATION] = token
        return render(request, "settings/invitation.html", {"invitation": found})
    if request.method == "GET" or found.email != request.user.email:
        wrong = found.email != request.user.email
        return render(
            request, "settings/invitation.html", {"invitation": found, "wrong": wrong}, status=403 if wrong else 200
        )
    return _join(request, token, request.user)


def _join(request: HttpRequest, token: str, user: User) -> HttpResponse:
    try:
        company = accept(token, user)
    except ChangeRefused:  # it was withdrawn in this moment
        return render(request, "settings/invitation_gone.html", status=404)
    request.session[CHOSEN_COMPANY] = str(company.pk)
    messages.success(request, f"You have joined {company}.")
    return redirect("matters:list")
