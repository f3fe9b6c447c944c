"""The questions that wait for the person who is signed in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from companies.access import members_only, shown_company, user_of
from matters.questions.assigning import questions_for

MOST_SHOWN = 200


@never_cache
@require_safe
@members_only
def question_list(request: HttpRequest) -> HttpResponse:
    """What they were asked in the company that is shown, longest ago first."""
    asked = questions_for(user_of(request)).filter(matter__company=shown_company(request)).select_related("matter")
    return render(request, "matters/questions.html", {"questions": asked[:MOST_SHOWN]})
