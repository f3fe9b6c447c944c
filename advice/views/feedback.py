"""Thumbs up or down for the advice that is shown."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from advice.feedback import give_feedback
from advice.forms import FeedbackForm
from advice.own import own_matter
from advice.showing import act, refuse
from companies.access import members_only, user_of
from companies.posting import posted


@posted("advice:matter", "matter_id")
@members_only
def feedback(request: HttpRequest, matter_id: UUID) -> HttpResponse:
    """Take what a member thinks of an attempt."""
    own, form = own_matter(request, matter_id), FeedbackForm(request.POST)
    if not form.is_valid():
        return refuse(request, own, form.message(), 400)
    said, by = form.cleaned_data, user_of(request)
    attempt = get_object_or_404(own.attempts, version=said["version"], number=said["attempt"])
    return act(
        request,
        own,
        lambda: give_feedback(attempt, helpful=said["helpful"], reason=said["reason"], by=by),
        version=attempt.version,
    )
