"""A matter's page as an answer: whole, as fragments for the page's script, or with what could not be done."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from advice.models import Attempt
from advice.page import read_page
from advice.render import Unsettled, render_fragments, render_regions
from advice.stream import MatterGoneError
from companies.access import is_from_script
from matters.forms import AnswerForm
from matters.history import UNDO_MINUTES
from matters.models import Matter
from matters.services import NotAllowed


def act(request: HttpRequest, own: Matter, action: Callable[[], object], version: int | None = None) -> HttpResponse:
    """Do it, then show where the matter stands now; where its state does not allow it, say so.

    `version`: without a script, the one that is shown again.
    """
    try:
        action()
    except NotAllowed as refused:
        return refuse(request, own, str(refused), 409)
    return show_again(request, own, version)


def show_again(request: HttpRequest, own: Matter, version: int | None = None) -> HttpResponse:
    """The parts of the page as they are now for the script, for others the whole page."""
    if is_from_script(request):
        return HttpResponse(render_fragments(own.pk))
    query = f"?version={version}" if version else ""
    return HttpResponseRedirect(reverse("advice:matter", args=[own.pk]) + query)


def refuse_file(request: HttpRequest, own: Matter, message: str, status: int) -> HttpResponse:
    """Why a file is not taken: one line for the script, else beside the form."""
    if is_from_script(request):
        return HttpResponse(message, status=status, content_type="text/plain; charset=utf-8")
    return show(request, own, status=status, refused_file=message)


def refuse(
    request: HttpRequest,
    own: Matter,
    message: str,
    status: int,
    form: AnswerForm | None = None,
    unsettled: Unsettled | None = None,
) -> HttpResponse:
    """Why something is not done: one line for the script, else on the page, with what was typed."""
    if is_from_script(request):
        return HttpResponse(message, status=status, content_type="text/plain; charset=utf-8")
    refused = "" if form or unsettled else message
    return show(request, own, status=status, invalid=form, unsettled=unsettled, refused=refused)


def show(
    request: HttpRequest,
    own: Matter,
    *,
    status: int = 200,
    invalid: AnswerForm | None = None,
    unsettled: Unsettled | None = None,
    refused: str = "",
    refused_file: str = "",
) -> HttpResponse:
    """The whole page, with what was not taken, and why."""
    if own.pruned_at is not None:
        return render(request, "advice/pruned.html", {"matter": own, "refused": refused or refused_file}, status=status)
    wanted = request.GET.get("version", "")
    try:
        page = read_page(own.pk, int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 9 else None)
    except (Attempt.DoesNotExist, MatterGoneError):  # the matter was deleted in this moment
        raise Http404("There is no such version.") from None
    context = {
        "page": page,
        "matter": page.matter,
        "parts": render_regions(page, request, invalid, unsettled, refused_file),
        "refused": refused,
        "undo_minutes": UNDO_MINUTES,
    }
    return render(request, "advice/matter.html", context, status=status)
