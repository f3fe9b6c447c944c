"""Asking a colleague from a question's card."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from advice.own import own_matter
from advice.render import render_fragments
from companies.access import is_from_script, members_only, user_of
from companies.posting import posted
from matters.questions.assigning import NoSuchMember, assign_question, only_colleague
from matters.services import NotAllowed


@posted("advice:matter", "matter_id")
@members_only
def assign(request: HttpRequest, matter_id: UUID, question_id: UUID) -> HttpResponse:
    """Ask the member whose address is sent as `email`; an empty one takes the question back.

    `other` stands for the only colleague of whoever sends it: a card is the same for all who see it.
    """
    own = own_matter(request, matter_id)
    question = get_object_or_404(own.questions, pk=question_id)
    user = user_of(request)
    try:
        asks_other = "other" in request.POST
        email = only_colleague(own.company_id, user).email if asks_other else request.POST.get("email") or None
        assign_question(own.pk, question.pk, email, by=user)
    except (NoSuchMember, NotAllowed, ValueError) as refused:
        if is_from_script(request):
            return HttpResponse(str(refused), status=409, content_type="text/plain; charset=utf-8")
        messages.error(request, str(refused))
    if is_from_script(request):
        return HttpResponse(render_fragments(own.pk))
    return redirect("advice:matter", matter_id=own.pk)
