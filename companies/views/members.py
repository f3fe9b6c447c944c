"""`/settings/members/`: who is in the company, who is invited, and what owners change about it."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from companies import members
from companies.access import is_owner, members_only, owners_only, shown_company, user_of
from companies.forms import InvitationForm, RoleForm
from companies.invitation_mail import NO_MAIL_SERVER, NOT_SENT, send_invitation
from companies.models import Invitation, Membership
from companies.posting import posted


@never_cache
@require_safe
@members_only
def member_list(request: HttpRequest) -> HttpResponse:
    """The company's members; for owners with the invitations that are open."""
    return _show(request, InvitationForm())


@posted("settings:members")
@owners_only
def invite(request: HttpRequest) -> HttpResponse:
    """Send somebody a link by which they join."""
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _show(request, form, 400)
    return _invite(request, form.cleaned_data["email"], form.cleaned_data["role"])


@posted("settings:members")
@owners_only
def resend(request: HttpRequest, invitation_id: int) -> HttpResponse:
    """Send a new link; the one before ends."""
    open_one = get_object_or_404(Invitation, pk=invitation_id, company=shown_company(request))
    return _invite(request, open_one.email, open_one.role)


@posted("settings:members")
@owners_only
def withdraw(request: HttpRequest, invitation_id: int) -> HttpResponse:
    """End an invitation."""
    open_one = get_object_or_404(Invitation, pk=invitation_id, company=shown_company(request))
    return _do(request, lambda: members.withdraw(open_one, user_of(request)), f"{open_one.email} can no longer join.")


@posted("settings:members")
@owners_only
def change_role(request: HttpRequest, member_id: int) -> HttpResponse:
    """Make somebody an owner, or a member."""
    member = get_object_or_404(Membership, pk=member_id, company=shown_company(request))
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _refused(request, "Choose owner or member.")
    role = form.cleaned_data["role"]
    return _do(request, lambda: members.change_role(member, user_of(request), role), f"{member.user}: {role}.")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@owners_only
def remove(request: HttpRequest, member_id: int) -> HttpResponse:
    """Ask whether this is meant; then end somebody's membership."""
    member = get_object_or_404(Membership, pk=member_id, company=shown_company(request))
    if request.method != "POST":
        return render(request, "settings/remove_member.html", {"member": member})
    done = f"{member.user} is no longer a member. Any page they have open closes within half a minute."
    return _do(request, lambda: members.remove(member, user_of(request)), done)


@posted("settings:members")
@members_only
def leave(request: HttpRequest) -> HttpResponse:
    """End one's own membership."""
    member = get_object_or_404(Membership, user=user_of(request), company=shown_company(request))
    company = member.company
    return _do(
        request, lambda: members.remove(member, user_of(request)), f"You have left {company}.", "settings:account"
    )


def _invite(request: HttpRequest, email: str, role: str) -> HttpResponse:
    company = shown_company(request)
    try:
        token = members.invite(company, user_of(request), email, role)
    except members.ChangeRefused as refused:
        return _refused(request, str(refused))
    if not send_invitation(request, company, email, token):
        messages.error(request, NOT_SENT)
    elif settings.HAS_MAIL_SERVER:
        messages.success(request, f"{email.lower()} was sent an invitation. Its link is good for seven days.")
    else:
        messages.warning(request, NO_MAIL_SERVER.format(email.lower()))
    return redirect("settings:members")


def _do(request: HttpRequest, change: Callable[[], None], done: str, then: str = "settings:members") -> HttpResponse:
    try:
        change()
    except members.ChangeRefused as refused:
        return _refused(request, str(refused))
    messages.success(request, done)
    return redirect(then)


def _refused(request: HttpRequest, why: str) -> HttpResponse:
    messages.error(request, why)
    return _show(request, InvitationForm(), 409)


def _show(request: HttpRequest, form: InvitationForm, status: int = 200) -> HttpResponse:
    company = shown_company(request)
    context = {
        "company": company,
        "members": company.memberships.select_related("user").order_by("joined_at"),
        "roles": Membership.Role.choices,
        "is_owner": is_owner(user_of(request), company),
        "is_only_owner": members.is_only_owner(user_of(request), company),
        "invitations": company.invitations.order_by("email"),
        "form": form,
    }
    return render(request, "settings/members.html", context, status=status)
