"""A matter's page, and what a founder can do there. Every action is a form; with the page's script nothing reloads."""

from contextlib import suppress
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from advice.attendance import note_view
from advice.forms import ShareForm
from advice.own import own_matter
from advice.page import stamp_of
from advice.render import Unsettled
from advice.services import cancel_matter
from advice.sharing.links import links_of, revoke_link, share_attempt
from advice.showing import act, refuse, refuse_file, show, show_again
from companies.access import members_only, user_of
from companies.posting import posted
from companies.problems import Problem
from companies.shown_once import show_once
from documents.attaching import attach_sent
from documents.downloads import download
from documents.models import Document
from documents.services import remove_document
from documents.uploads import take_upload
from matters.facts.settling import NoSuchChoice, settle_fact
from matters.forms import AnswerForm, SettleForm
from matters.going_on import regenerate_matter, retry_matter
from matters.models import CompanyFact, Matter
from matters.questions.answering import answer_question, confirm_proposal
from matters.services import NotAllowed


# Compressed although it is secret: nothing that a stranger could choose is shown beside the secrets (of the address
# only a version's number is read), its CSRF token is masked anew each time, and Django adds a random length.
@gzip_page
@never_cache
@require_safe
@members_only
def matter(request: HttpRequest, matter_id: UUID) -> HttpResponse:
    """The matter as it stands; `?version=` shows the advice of an earlier wish. 304 while its stamp holds."""
    own = own_matter(request, matter_id)
    note_view(own.pk, user_of(request).pk)
    if unchanged := get_conditional_response(request, etag=quote_etag(stamp_of(own))):
        return unchanged
    return show(request, own)


@posted("advice:matter", "matter_id")
@members_only
def answer(request: HttpRequest, matter_id: UUID, question_id: UUID) -> HttpResponse:
    """Take an answer, or that the founder does not know."""
    own = own_matter(request, matter_id)
    question = get_object_or_404(own.questions, pk=question_id)
    form = AnswerForm(question, request.POST)
    if not form.is_valid():
        return refuse(request, own, form.message(), 400, form)
    given, round_ = form.cleaned_data["given"], form.cleaned_data["round"]
    offered = form.cleaned_data["offered"]
    try:
        answer_question(own.pk, question.pk, given, round=round_, by=user_of(request), offered=offered)
    except NotAllowed as refused:  # somebody was quicker, most likely: what was typed is given back
        return refuse(request, own, f"{refused} You wrote: “{given}”" if given else str(refused), 409)
    return show_again(request, own)


@posted("advice:matter", "matter_id")
@members_only
def settle(request: HttpRequest, matter_id: UUID, fact_id: UUID) -> HttpResponse:
    """Decide what a fact is that two sources disagree about."""
    own = own_matter(request, matter_id)
    get_object_or_404(CompanyFact, pk=fact_id, in_matters__matter=own)
    form = SettleForm(request.POST)
    problem = None if form.is_valid() else form.message()
    if problem is None:
        try:
            return act(request, own, lambda: settle_fact(fact_id, form.cleaned_data["choice"], user_of(request)))
        except CompanyFact.DoesNotExist:  # its content was removed in this moment
            raise Http404 from None
        except (ValueError, NoSuchChoice) as error:
            problem = str(error)
    typed = Unsettled(fact_id, request.POST.get("value", ""), request.POST.get("unit", ""), problem)
    return refuse(request, own, problem, 400, unsettled=typed)


@posted("advice:matter", "matter_id")
@members_only
def confirm(request: HttpRequest, matter_id: UUID, question_id: UUID) -> HttpResponse:
    """Take what was found in a document as the founder's answer: the one that they saw."""
    own = own_matter(request, matter_id)
    question = get_object_or_404(own.questions, pk=question_id)
    seen = request.POST.get("quote", "").replace("\r\n", "\n")
    return act(request, own, lambda: confirm_proposal(own.pk, question.pk, quote=seen, by=user_of(request)))


@csrf_exempt
@posted("advice:matter", "matter_id")
@members_only
def attach(request: HttpRequest, matter_id: UUID) -> HttpResponse:
    """Attach a document. Its size is looked at first: whoever looks for the CSRF token reads the whole body."""
    own = own_matter(request, matter_id)
    try:
        take_upload(request)
    except Problem as problem:
        return refuse_file(request, own, problem.detail, problem.status)
    return _attach(request, own)


@csrf_protect
def _attach(request: HttpRequest, own: Matter) -> HttpResponse:
    try:
        attach_sent(request, own.pk, request.POST.get("question"), user_of(request))
    except Problem as problem:
        return refuse_file(request, own, problem.detail, problem.status)
    return show_again(request, own)


@require_safe
@members_only
def document(request: HttpRequest, matter_id: UUID, document_id: UUID) -> HttpResponse:
    """Download a document."""
    return download(get_object_or_404(own_matter(request, matter_id).documents, pk=document_id))


@posted("advice:matter", "matter_id")
@members_only
def remove(request: HttpRequest, matter_id: UUID, document_id: UUID) -> HttpResponse:
    """Remove a document, with its text and what was proposed from it."""
    own = own_matter(request, matter_id)
    with suppress(Document.DoesNotExist):  # gone, as it was wished
        return act(request, own, lambda: remove_document(own.pk, document_id))
    return show_again(request, own)


@posted("advice:matter", "matter_id")
@members_only
def stop(request: HttpRequest, matter_id: UUID) -> HttpResponse:
    """Stop the matter; what was written stays."""
    own = own_matter(request, matter_id)
    return act(request, own, lambda: cancel_matter(own.pk))


@posted("advice:matter", "matter_id")
@members_only
def retry(request: HttpRequest, matter_id: UUID) -> HttpResponse:
    """Go on where the matter failed, or try at once what it waits for."""
    own = own_matter(request, matter_id)
    return act(request, own, lambda: retry_matter(own.pk))


@posted("advice:matter", "matter_id")
@members_only
def regenerate(request: HttpRequest, matter_id: UUID) -> HttpResponse:
    """Have the advice written anew, as a new version."""
    own = own_matter(request, matter_id)
    return act(request, own, lambda: regenerate_matter(own.pk))


@posted("advice:matter", "matter_id")
@members_only
def share(request: HttpRequest, matter_id: UUID) -> HttpResponse:
    """Make a link to an attempt that has ended. Its address is on the page that follows, and on none after it."""
    own = own_matter(request, matter_id)
    form = ShareForm(request.POST)
    if not form.is_valid():
        return refuse(request, own, "Choose how many days the link should be good for.", 400)
    wanted = form.cleaned_data
    attempt = get_object_or_404(own.attempts, version=wanted["version"], number=wanted["attempt"])
    try:
        _, token = share_attempt(attempt, days=wanted["days"], facts=not wanted["without_facts"], by=user_of(request))
    except NotAllowed as refused:
        return refuse(request, own, str(refused), 409)
    address = request.build_absolute_uri(reverse("advice:shared", args=[token]))
    show_once(request, address, said="Your link is ready.")
    return show_again(request, own, attempt.version)


@posted("advice:matter", "matter_id")
@members_only
def revoke(request: HttpRequest, matter_id: UUID, share_id: UUID) -> HttpResponse:
    """End a link at once."""
    own = own_matter(request, matter_id)
    link = get_object_or_404(links_of(own.pk), pk=share_id)
    return act(request, own, lambda: revoke_link(link))
