"""Who may see a company's pages: its members."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from companies.models import Company, User

View = Callable[..., HttpResponse]
SIGNED_OUT = "You are signed out. Sign in again, in another tab if you like, then send this once more."


def company_of(user: User) -> Company | None:
    """The company whose pages `user` sees: the one joined first; None for somebody who is in none."""
    return user.companies.order_by("memberships__joined_at").first()


def members_only(view: View) -> View:
    """Only for members of a company: others sign in, or are told that they are in none.

    A request of the page's own script gets 403 and one line of text instead, so that what was typed can stay.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not isinstance(request.user, User):
            if is_from_script(request):
                return HttpResponse(SIGNED_OUT, status=403, content_type="text/plain; charset=utf-8")
            return redirect_to_login(request.get_full_path())
        if company_of(request.user) is None:
            return render(request, "companies/no_company.html", status=403)
        return view(request, *args, **kwargs)

    return guarded


def is_from_script(request: HttpRequest) -> bool:
    """Whether the page's script asks, which swaps fragments, and not the browser for a whole page."""
    return request.headers.get("X-Requested-With") == "fetch"
