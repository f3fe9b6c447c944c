"""Who may see a company's pages: its members, and its owners more of them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url

from companies.models import Company, Membership, User

View = Callable[..., HttpResponse]
CHOSEN_COMPANY = "company"  # in the session: the id of the company whose pages are shown
SIGNED_OUT = "You are signed out. Sign in again in another tab, then come back: what you typed is still here."
NO_MEMBER = "You are no longer in a company, so you can't open this. What you typed is still here."


def company_of(user: User) -> Company | None:
    """The company whose pages `user` sees; None for somebody who is in none.

    The one that was chosen in this session, as long as they are in it; else the one joined first.
    """
    joined = user.companies.order_by("memberships__joined_at")
    chosen = joined.filter(pk=user.chosen_company).first() if user.chosen_company else None
    return chosen or joined.first()


def user_of(request: HttpRequest) -> User:
    """Who is signed in, with the company chosen in this session; for views that nobody else reaches."""
    assert isinstance(request.user, User)
    request.user.chosen_company = request.session.get(CHOSEN_COMPANY)
    return request.user


def shown_company(request: HttpRequest) -> Company:
    """The company whose pages are shown; for views that only its members reach."""
    company = company_of(user_of(request))
    assert company is not None, "the guard has let nobody in who is in none"
    return company


def is_owner(user: User, company: Company) -> bool:
    """Whether `user` is one of the company's owners."""
    return company.memberships.filter(user=user, role=Membership.Role.OWNER).exists()


def members_only(view: View) -> View:
    """Only for members of a company: others sign in, or are told that they are in none.

    Staff who are in none are led to the admin from where signing in leads.
    A request of the page's own script gets 403 and one line of text instead, so that what was typed can stay.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not isinstance(request.user, User):
            if is_from_script(request):
                return _refused(SIGNED_OUT)
            return redirect_to_login(request.get_full_path())
        if company_of(user_of(request)) is None:
            if is_from_script(request):
                return _refused(NO_MEMBER)
            if request.user.is_staff and request.path == resolve_url(settings.LOGIN_REDIRECT_URL):
                return redirect("admin:index")
            return render(request, "companies/no_company.html", status=403)
        return view(request, *args, **kwargs)

    return guarded


def owners_only(view: View) -> View:
    """Only for owners of the company that is shown; its members are told so, whatever id they ask for."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = user_of(request)
        company = company_of(user)
        if company is None or not is_owner(user, company):
            return render(request, "companies/owners_only.html", status=403)
        return view(request, *args, **kwargs)

    return members_only(guarded)


def _refused(why: str) -> HttpResponse:
    return HttpResponse(why, status=403, content_type="text/plain; charset=utf-8")


def is_from_script(request: HttpRequest) -> bool:
    """Whether the page's script asks, which swaps fragments, and not the browser for a whole page."""
    return request.headers.get("X-Requested-With") == "fetch"
