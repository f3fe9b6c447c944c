"""Whether a person is sent e-mail about matters: the setting, and the link that ends it without a sign-in."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from companies.access import user_of
from companies.models import User
from companies.posting import posted
from companies.unsubscribing import subscriber


@posted("settings:account")
@login_required
def matter_mail(request: HttpRequest) -> HttpResponse:
    """Choose whether to be sent any."""
    wanted = request.POST.get("matter_mail") == "1"
    User.objects.filter(pk=user_of(request).pk).update(matter_mail=wanted)
    messages.success(request, "You will get e-mail about matters." if wanted else "You will get no more reminders.")
    return redirect("settings:account")


@csrf_exempt  # RFC 8058: a mail program posts it; the signed token is what proves the wish
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button, since programs that look for viruses follow links; POST ends the e-mail, again and again."""
    user = subscriber(token)
    if user is None:
        return render(request, "settings/unsubscribe.html", {"person": None}, status=404)
    if request.method == "POST":
        User.objects.filter(pk=user.pk).update(matter_mail=False)
        user.matter_mail = False
    return render(request, "settings/unsubscribe.html", {"person": user})
