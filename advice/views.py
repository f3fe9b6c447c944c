"""A matter's page, and what a founder can do there. Every action is a form; with the page's script nothing reloads."""

from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from advice.attendance import note_view
from advice.forms import ShareForm
from advice.models import Attempt
from advice.page import read_page
from advice.render import Unsettled, render_fragments, render_regions
from advice.services import cancel_matter
from advice.sharing import links_of, revoke_link, share_attempt
from advice.stream import MatterGoneError
from companies.access import company_of, is_from_script, members_only
from companies.models import User
from companies.problems import Problem
from documents.attaching import attach_sent
from documents.downloads import download
from documents.models import Document
from documents.services import remove_document
from documents.uploads import take_upload
from matters.forms import AnswerForm, SettleForm
from matters.models import CompanyFact, Matter
from matters.services import NotAllowed, answer_question, confirm_proposal, regenerate_matter, retry_matter
from matters.settling import NoSuchChoice, settle_fact


@never_cache
@require_GET
@members_only
def matter(request: HttpRequest, matter_id: UUID) -> HttpResponse:
    """The matter as it stands; `?version=` shows the advice of an earlier wish."""
    own = _own(request, matter_id)
    note_view(own.pk, _user(request).pk)
    return _show(request, own)


@require_POST
@members_only
def answer(request: HttpRequest, matter_id: UUID, question_id: UUID) -> HttpResponse:
    """Take an answer, or that the founder does not know."""
    own = _own(request, matter_id)
    question = get_object_or_404(own.questions, pk=question_id)
    form = AnswerForm(question, request.POST)
    if not form.is_valid():
        return _refuse(request, own, form.message(), 400, form)
    given, round_ = form.cleaned_data["given"], form.cleaned_data["round"]
    offered = form.cleaned_data["offered"]
    try:
        answer_question(own.pk, question.pk, given, round=round_, by=_user(request), offered=offered)
    except NotAllowed as refused:  # somebody was quicker, most likely: what was typed is given back
        return _refuse(request, own, f"{refused} You wrote: “{given}”" if given else str(refused), 409)
    return _shown_again(request, own)


@require_POST
@members_only
def settle(request: HttpRequest, matter_id: UUID, fact_id: UUID) -> HttpResponse:
    """Decide what a fact is that two sources disagree about."""
    own = _own(request, matter_id)
    get_object_or_404(CompanyFact, pk=fact_id, in_matters__matter=own)
    form = SettleForm(request.POST)
    problem = None if form.is_valid() else form.message()
    if problem is None:
        try:
            return _act(request, own, lambda: settle_fact(fact_id, form.cleaned_data["choice"], _user(request)))
        except (ValueError, NoSuchChoice) as error:
            problem = str(error)
    typed = Unsettled(fact_id, request.POST.get("value", ""), request.POST.get("unit", ""), problem)
    return _refuse(request, own, problem, 400, unsettled=typed)


@require_POST
@members_only
def confirm(request: HttpRequest, matter_id: UUID, question_id: UUID) -> HttpResponse:
    """Take what was found in a document as the founder's answer: the one that they saw."""
    own = _own(request, matter_id)
    question = get_object_or_404(own.questions, pk=question_id)
    seen = request.POST.get("quote", "").replace("\r\n", "\n")
    return _act(request, own, lambda: confirm_proposal(own.pk, question.pk, quote=seen, by=_user(request)))


@csrf_exempt
@require_POST
@members_only
def attach(request: HttpRequest, matter_id: UUID) -> HttpResponse:
    """Attach a document. Its size is looked at first: whoever looks for the CSRF token reads the whole body."""
    own = _own(request, matter_id)
    try:
        take_upload(request)
    except Problem as problem:
        return _refuse_file(request, own, problem.detail, problem.status)
    return _attach(request, own)


@csrf_protect
def _attach(request: HttpRequest, own: Matter) -> HttpResponse:
    try:
        attach_sent(request, own.pk, request.POST.get("question"), _user(request))
    except Problem as problem:
        return _refuse_file(request, own, problem.detail, problem.status)
    return _shown_again(request, own)


@require_GET
@members_only
def document(request: HttpRequest, matter_id: UUID, document_id: UUID) -> HttpResponse:
    """Download a document."""
    return download(get_object_or_404(_own(request, matter_id).documents, pk=document_id))


@require_POST
@members_only
def remove(request: HttpRequest, matter_id: UUID, document_id: UUID) -> HttpResponse:
    """Remove a document, with its text and what was proposed from it."""
    own = _own(request, matter_id)
    with suppress(Document.DoesNotExist):  # gone, as it was wished
        return _act(request, own, lambda: remove_document(own.pk, document_id))
    return _shown_again(request, own)


@require_POST
@members_only
def stop(request: HttpRequest, matter_id: UUID) -> HttpResponse:
    """Stop the matter; what was written stays."""
    own = _own(request, matter_id)
    return _act(request, own, lambda: cancel_matter(own.pk))


@require_POST
@members_only
def retry(request: HttpRequest, matter_id: UUID) -> HttpResponse:
    """Go on where the matter failed, or try at once what it waits for."""
    own = _own(request, matter_id)
    return _act(request, own, lambda: retry_matter(own.pk))


@require_POST
@members_only
def regenerate(request: HttpRequest, matter_id: UUID) -> HttpResponse:
    """Have the advice written anew, as a new version."""
    own = _own(request, matter_id)
    return _act(request, own, lambda: regenerate_matter(own.pk))


@require_http_methods(["GET", "POST"])
@members_only
def share(request: HttpRequest, matter_id: UUID) -> HttpResponse:
    """Make a link to an attempt that has ended. Its address is on this page, and on none after it."""
    own = _own(request, matter_id)
    if request.method == "GET":  # somebody comes back to the address of the form
        return redirect("advice:matter", matter_id=own.pk)
    form = ShareForm(request.POST)
    if not form.is_valid():
        return _refuse(request, own, "Choose for how many days the link is to be good.", 400)
    wanted = form.cleaned_data
    attempt = get_object_or_404(own.attempts, version=wanted["version"], number=wanted["attempt"])
    try:
        _, token = share_attempt(attempt, days=wanted["days"], facts=not wanted["without_facts"], by=_user(request))
    except NotAllowed as refused:
        return _refuse(request, own, str(refused), 409)
    return _show(request, own, made=request.build_absolute_uri(reverse("advice:shared", args=[token])))


@require_POST
@members_only
def revoke(request: HttpRequest, matter_id: UUID, share_id: UUID) -> HttpResponse:
    """End a link at once."""
    own = _own(request, matter_id)
    link = get_object_or_404(links_of(own.pk), pk=share_id)
    return _act(request, own, lambda: revoke_link(link))


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _own(request: HttpRequest, matter_id: UUID) -> Matter:
    """The matter, if it is the company's. A foreign one is answered exactly as one that does not exist."""
    return get_object_or_404(Matter, pk=matter_id, company=company_of(_user(request)))


def _act(request: HttpRequest, own: Matter, action: Callable[[], object]) -> HttpResponse:
    """Do it, then show where the matter stands now; where its state does not allow it, say so."""
    try:
        action()
    except NotAllowed as refused:
        return _refuse(request, own, str(refused), 409)
    return _shown_again(request, own)


def _shown_again(request: HttpRequest, own: Matter) -> HttpResponse:
    if is_from_script(request):
        return HttpResponse(render_fragments(own.pk))
    return redirect("advice:matter", matter_id=own.pk)


def _refuse_file(request: HttpRequest, own: Matter, message: str, status: int) -> HttpResponse:
    if is_from_script(request):
        return HttpResponse(message, status=status, content_type="text/plain; charset=utf-8")
    return _show(request, own, status=status, refused_file=message)


def _refuse(
    request: HttpRequest,
    own: Matter,
    message: str,
    status: int,
    form: AnswerForm | None = None,
    unsettled: Unsettled | None = None,
) -> HttpResponse:
    if is_from_script(request):
        return HttpResponse(message, status=status, content_type="text/plain; charset=utf-8")
    refused = "" if form or unsettled else message
    return _show(request, own, status=status, invalid=form, unsettled=unsettled, refused=refused)


def _show(
    request: HttpRequest,
    own: Matter,
    *,
    status: int = 200,
    invalid: AnswerForm | None = None,
    unsettled: Unsettled | None = None,
    refused: str = "",
    made: str = "",
    refused_file: str = "",
) -> HttpResponse:
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
        "made": made,
    }
    return render(request, "advice/matter.html", context, status=status)
