"""`/settings/`: who is signed in, and as a member of which company."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from companies.access import CHOSEN_COMPANY, company_of, members_only, user_of
from companies.posting import posted


@never_cache
@require_safe
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """The account, also of somebody who is in no company."""
    user = user_of(request)
    memberships = user.memberships.select_related("company").order_by("joined_at")
    return render(request, "settings/account.html", {"memberships": memberships, "company": company_of(user)})


@posted("settings:account")
@members_only
def choose_company(request: HttpRequest) -> HttpResponse:
    """Show the pages of another company of theirs; one that is not theirs is as one that does not exist."""
    own = {str(pk): name for pk, name in user_of(request).companies.values_list("pk", "name")}
    wanted = request.POST.get("company", "")
    if wanted not in own:
        messages.error(request, "You are not a member of that company.")
    else:
        request.session[CHOSEN_COMPANY] = wanted
        messages.success(request, f"You now see the matters of {own[wanted]}.")
    return redirect("settings:account")
