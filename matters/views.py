"""A company's matters, and a new one."""

from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from companies.access import members_only, shown_company, user_of
from matters.examples import EXAMPLES, example_question
from matters.forms import MatterForm
from matters.history import SHOWN, UNDO_MINUTES, find_matters, just_deleted
from matters.models import Matter
from matters.services import submit_matter
from matters.validation import LONGEST_QUESTION

PER_PAGE = 20
LONGEST_SEARCH = 200  # characters
MOST_UNDONE = 5


@never_cache
@require_safe
@members_only
def matter_list(request: HttpRequest) -> HttpResponse:
    """The company's matters, newest first; `?q=` finds words in them, `?show=` those in a state."""
    company = shown_company(request)
    wanted = {name: request.GET.get(name, "")[:LONGEST_SEARCH] for name in ("q", "show")}
    page = Paginator(find_matters(company, wanted["q"], wanted["show"]), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "wanted": wanted,
        "same": urlencode({name: value for name, value in wanted.items() if value}),
        "shows": [(name, words) for name, (words, _) in SHOWN.items()],
        "has_matters": page.paginator.count or Matter.shown.filter(company=company).exists(),
        "deleted": just_deleted(company)[:MOST_UNDONE],
        "undo_minutes": UNDO_MINUTES,
        "examples": EXAMPLES,
    }
    return render(request, "matters/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only
def new_matter(request: HttpRequest) -> HttpResponse:
    """A form for one question; a submitted matter's page is where it leads."""
    data = request.POST if request.method == "POST" else None
    form = MatterForm(data, initial={"question": example_question(request.GET.get("example"))})
    if form.is_valid():
        matter, _ = submit_matter(shown_company(request), form.submission(), user_of(request))
        return redirect("advice:matter", matter_id=matter.pk)
    context = {"form": form, "examples": EXAMPLES, "longest": LONGEST_QUESTION}
    return render(request, "matters/new.html", context, status=400 if form.errors else 200)
