"""What a founder does with a matter as a whole: naming, deleting, and bringing it back."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from advice.deleting import delete_matter, restore_matter
from advice.own import own_matter
from advice.showing import act, refuse
from companies.access import members_only, shown_company
from companies.posting import posted
from matters.forms import TitleForm
from matters.history import rename_matter
from matters.models import Matter


@posted("advice:matter", "matter_id")
@members_only
def rename(request: HttpRequest, matter_id: UUID) -> HttpResponse:
    """Give the matter a title, or take it away."""
    own, form = own_matter(request, matter_id), TitleForm(request.POST)
    if not form.is_valid():
        return refuse(request, own, " ".join(str(error) for error in form.errors["title"]), 400)
    return act(request, own, lambda: rename_matter(own.pk, form.cleaned_data["title"]))


@posted("advice:matter", "matter_id")
@members_only
def delete(request: HttpRequest, matter_id: UUID) -> HttpResponse:
    """Delete the matter. The list, where this leads, offers to undo it."""
    delete_matter(own_matter(request, matter_id).pk)
    return redirect("matters:list")


@posted("matters:list")
@members_only
def restore(request: HttpRequest, matter_id: UUID) -> HttpResponse:
    """Undo that."""
    try:
        restore_matter(shown_company(request), matter_id)
    except Matter.DoesNotExist:
        raise Http404("There is nothing to bring back.") from None
    return redirect("advice:matter", matter_id=matter_id)
