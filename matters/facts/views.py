"""The company's ledger of facts: what is known, how old it is, where it comes from, and what is to be settled."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from companies.access import members_only, shown_company, user_of
from companies.posting import posted
from matters.facts.settling import NoSuchChoice, settle_fact
from matters.facts.showing import about_of, documents_of, facts_of, has_document, is_fresh, names_of
from matters.facts.storing import disputed_entries
from matters.forms import SettleForm
from matters.models import CompanyFact
from matters.services import NotAllowed

PER_PAGE = 50


@never_cache
@require_safe
@members_only
def fact_list(request: HttpRequest) -> HttpResponse:
    """The company's facts: those in dispute first, then by name."""
    company = shown_company(request)
    lines = facts_of([company.pk]).order_by("status", "subject", "key", "pk")  # "disputed" comes before "known"
    page = Paginator(lines, PER_PAGE).get_page(request.GET.get("page"))
    names = names_of(company.pk, {line.subject for line in page})
    shown = [(line, is_fresh(line), names.get(line.subject, line.subject)) for line in page]
    documents = documents_of(line for line in page if line.source == "document")
    return render(request, "matters/facts.html", {"page": page, "facts": shown, "documents": documents})


@never_cache
@require_safe
@members_only
def fact(request: HttpRequest, fact_id: UUID) -> HttpResponse:
    """One fact with every value that was given for it."""
    return _show(request, _own(request, fact_id))


@posted("matters:fact", "fact_id")
@members_only
def settle(request: HttpRequest, fact_id: UUID) -> HttpResponse:
    """Decide between the values of a fact in dispute, or for another one."""
    line, form = _own(request, fact_id), SettleForm(request.POST)
    if not form.is_valid():
        return _show(request, line, form.message(), 400)
    try:
        settle_fact(line.pk, form.cleaned_data["choice"], user_of(request))
    except CompanyFact.DoesNotExist:  # its content was removed in this moment
        raise Http404 from None
    except (ValueError, NoSuchChoice) as error:
        return _show(request, line, str(error), 400)
    except NotAllowed as error:
        return _show(request, line, str(error), 409)
    return redirect("matters:fact", fact_id=line.pk)


def _own(request: HttpRequest, fact_id: UUID) -> CompanyFact:
    """The fact, if it is the company's. A foreign one is answered exactly as one that does not exist."""
    return get_object_or_404(CompanyFact, pk=fact_id, company=shown_company(request))


def _show(request: HttpRequest, line: CompanyFact, problem: str = "", status: int = 200) -> HttpResponse:
    typed = {"value": request.POST.get("value", ""), "unit": request.POST.get("unit", ""), "message": problem}
    history = line.entries.select_related("by").order_by("-pk")
    context = {
        "line": line,
        "about": about_of(line),
        "whom": names_of(line.company_id, {line.subject}).get(line.subject, line.subject),
        "is_fresh": is_fresh(line),
        "values": disputed_entries(line),
        "documents": documents_of([line]) if has_document(history) else {},
        "history": history,
        "unsettled": typed if problem else None,
        "token": format_html('<input type="hidden" name="csrfmiddlewaretoken" value="{}">', get_token(request)),
    }
    return render(request, "matters/fact.html", context, status=status)
