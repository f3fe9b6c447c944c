"""All open questions of a matter in one form. For browsers without a script: there each card is a form of its own, and
to send one empties the others.
"""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from advice.forms import OneOfManyForm
from advice.own import own_matter
from advice.page import read_page
from advice.stream import MatterGoneError
from companies.access import members_only, user_of
from companies.models import User
from matters.facts.offering import offer_of
from matters.forms import CURRENCIES
from matters.models import Matter, Question
from matters.questions.answering import answer_question
from matters.services import NotAllowed
from matters.states import QuestionStatus

NOTHING = "Nothing was answered. Give at least one answer, or check “I don't know” where you don't."
Refused = dict[UUID, OneOfManyForm]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@members_only
def answers(request: HttpRequest, matter_id: UUID) -> HttpResponse:
    """Take every answer that was given, each as if it had been sent alone; those that are refused are shown again."""
    own = own_matter(request, matter_id)
    if request.method == "GET":
        return _show(request, own, {})
    forms = (OneOfManyForm(question, request.POST) for question in own.questions.all())
    sent = [form for form in forms if form.holds_something]
    refused = {form.question.pk: form for form in sent if not _take(form, user_of(request))}
    if sent and not refused:
        return redirect("advice:matter", matter_id=own.pk)
    return _show(request, own, refused, saved=len(sent) - len(refused), problem="" if sent else NOTHING)


def _take(form: OneOfManyForm, by: User) -> bool:
    """Store the answer; False, with the reason in the form, where it is not taken."""
    if not form.is_valid():
        return False
    question, cleaned = form.question, form.cleaned_data
    round_, offered = cleaned["round"], cleaned["offered"]
    try:
        answer_question(question.matter_id, question.pk, cleaned["given"], round=round_, by=by, offered=offered)
    except NotAllowed as refused:  # somebody was quicker, most likely
        form.add_error(None, str(refused))
        return False
    return True


def _show(request: HttpRequest, own: Matter, refused: Refused, *, saved: int = 0, problem: str = "") -> HttpResponse:
    """The form with every question that is open now, and what was typed; the matter's page where nothing is to do."""
    try:
        page = read_page(own.pk)
    except MatterGoneError:  # it was deleted in this moment
        raise Http404("There is no such matter.") from None
    questions = [question for question in page.cards if question.status == QuestionStatus.AWAITING_FOUNDER]
    asked = [_asked(question, refused.get(question.pk)) for question in questions]
    closed = [form for form in refused.values() if form.question.pk not in {question.pk for question in questions}]
    if not asked and not closed:
        return redirect("advice:matter", matter_id=own.pk)
    counts = {"saved": saved, "refused": len(refused), "problem": problem}
    context = {"page": page, "asked": asked, "closed": closed, "currencies": CURRENCIES, **counts}
    return render(request, "advice/answers.html", context, status=400 if refused or problem else 200)


def _asked(question: Question, refused: OneOfManyForm | None) -> dict[str, object]:
    """What the template needs of a question. `form`: what was typed and not taken, with the reason."""
    form = refused or OneOfManyForm(question, None)
    return {
        "question": question,
        "offer": offer_of(question),
        "form": refused,
        "given": form.typed,
        "prefix": form.prefix,
    }
