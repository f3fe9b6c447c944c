"""`/settings/api-keys/`: the company's keys for programs. A new one is shown once."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from companies.access import owners_only, shown_company
from companies.forms import ApiKeyForm
from companies.models import ApiKey
from companies.posting import posted
from companies.shown_once import show_once


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@owners_only
def api_keys(request: HttpRequest) -> HttpResponse:
    """The keys that stand, and a form for one more."""
    form = ApiKeyForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        _row, token = ApiKey.issue(shown_company(request), form.cleaned_data["scopes"])
        show_once(request, token, said="Your key is ready.")
        return redirect("settings:api_keys")
    keys = ApiKey.objects.filter(company=shown_company(request), revoked_at=None).order_by("-created_at")
    return render(request, "settings/api_keys.html", {"form": form, "keys": keys}, status=400 if form.errors else 200)


@posted("settings:api_keys")
@owners_only
def revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    """Refuse a key from now on; what reads by it is closed within half a minute."""
    key = get_object_or_404(ApiKey, pk=key_id, company=shown_company(request))
    if key.revoked_at is None:
        key.revoke()
    messages.success(request, f"The key {key} no longer works.")
    return redirect("settings:api_keys")
