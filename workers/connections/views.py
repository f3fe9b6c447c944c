"""The page of connections: how they stand for all members, forms for owners. It needs no script."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from companies.access import is_owner, members_only, shown_company, user_of
from companies.connection_services import disconnect, live_connections, shown_connections
from companies.connections import Connection, ConnectionStatus, Provider
from companies.models import Company, User
from companies.posting import posted
from workers.connections import oauth
from workers.connections.connecting import (
    Away,
    Refused,
    choose,
    connect_by_code,
    connect_carta,
    connect_rippling,
    readable_issuers,
    try_connection,
)
from workers.connections.forms import FORMS
from workers.connections.providers import is_on_this_machine
from workers.connections.words import ABOUT, ONLY_OWNERS

PAGE = "connections:list"
P = ParamSpec("P")


def as_owner(
    view: Callable[Concatenate[HttpRequest, User, Company, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Only for owners: the view is told who, and for which company. A member gets 403, and the page with a word."""

    @members_only
    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        user, company = _who(request)
        if not is_owner(user, company):
            messages.error(request, ONLY_OWNERS)
            return _page(request, status=403)
        return view(request, user, company, *args, **kwargs)

    return guarded


@never_cache
@require_safe
@members_only
def connection_list(request: HttpRequest) -> HttpResponse:
    """How each provider stands, and for owners what they can do about it."""
    return _page(request)


@posted(PAGE)
@sensitive_post_parameters()
@as_owner
def connect_provider(request: HttpRequest, user: User, company: Company, provider: str) -> HttpResponse:
    """Try what the form gave, and store it; or show what is wrong with it beside the form, which is empty again."""
    kind = _provider(provider)
    form = FORMS[kind](request.POST)
    if form.is_valid():
        try:
            connection = _connect(kind, form.cleaned_data, user, company)
        except Refused as refused:
            form.add_error(refused.field or None, refused.message)
        except Away as away:
            form.add_error(None, f"{away.message} Nothing was saved.")
        else:
            return _after_connecting(request, connection)
    return _page(request, {kind: form}, status=400)


@posted(PAGE)
@as_owner
def test_connection(request: HttpRequest, user: User, company: Company, connection_id: UUID) -> HttpResponse:
    """Ask the provider, and say how it went."""
    connection = _live(company, connection_id)
    with _told(request):
        try_connection(connection)
        connection.refresh_from_db()
        if connection.reason:
            messages.error(request, f"{connection.get_provider_display()}: {connection.reason}")
        else:
            messages.success(request, f"{connection.get_provider_display()} answers.")
    return redirect(PAGE)


@require_http_methods(["GET", "HEAD", "POST"])
@as_owner
def choose_issuer(request: HttpRequest, user: User, company: Company, connection_id: UUID) -> HttpResponse:
    """Choose the company on Carta, of those that the credentials may read."""
    connection = _live(company, connection_id)
    if connection.provider != Provider.CARTA:
        raise Http404
    if request.method == "POST":
        with _told(request):
            choose(connection, request.POST.get("issuer", ""))
            messages.success(request, "Carta is connected.")
        return redirect(PAGE)
    with _told(request):
        issuers = readable_issuers(connection)
        return render(request, "connections/issuers.html", {"connection": connection, "issuers": issuers})
    return redirect(PAGE)


@require_http_methods(["GET", "HEAD", "POST"])
@as_owner
def disconnect_provider(request: HttpRequest, user: User, company: Company, connection_id: UUID) -> HttpResponse:
    """Ask whether this is meant; then forget the credentials."""
    connection = _live(company, connection_id)
    if request.method == "GET":
        return render(request, "connections/disconnect.html", {"connection": connection})
    disconnect(connection.pk)
    messages.success(request, f"{connection.get_provider_display()} is disconnected, and its credentials are deleted.")
    return redirect(PAGE)


@posted(PAGE)
@as_owner
def begin_oauth(request: HttpRequest, user: User, company: Company, provider: str) -> HttpResponse:
    """Send the person to the provider, where they allow us to read."""
    kind = _provider(provider)
    if not oauth.is_offered(kind):
        raise Http404
    return redirect(oauth.begin(request.session, kind, user.pk, company.pk, _callback_address(request, kind)))


@require_safe
@never_cache
@sensitive_variables()
@as_owner
def finish_oauth(request: HttpRequest, user: User, company: Company, provider: str) -> HttpResponse:
    """Where the provider sends the person back to, with a code or with an error."""
    kind = _provider(provider)
    with _told(request):
        allowed = oauth.finish(request.session, kind, user.pk, company.pk, request.GET.dict())
        address = _callback_address(request, kind)
        connection = connect_by_code(company.pk, kind, allowed.code, allowed.verifier, address, user)
        return _after_connecting(request, connection)
    return redirect(PAGE)


@sensitive_variables()
def _connect(kind: Provider, given: dict[str, str], user: User, company: Company) -> Connection:
    if kind == Provider.RIPPLING:
        return connect_rippling(company.pk, given["api_token"], user)
    return connect_carta(company.pk, given["client_id"], given["client_secret"], user)


def _after_connecting(request: HttpRequest, connection: Connection) -> HttpResponse:
    if connection.status == ConnectionStatus.CHOOSING:
        return redirect("connections:issuer", connection_id=connection.pk)
    messages.success(request, f"{connection.get_provider_display()} is connected.")
    return redirect(PAGE)


@contextmanager
def _told(request: HttpRequest) -> Iterator[None]:
    """What a provider says, as a message on the page that follows."""
    try:
        yield
    except (Refused, Away) as error:
        messages.error(request, error.message)
    except oauth.Stopped as stopped:
        messages.error(request, str(stopped))


def _who(request: HttpRequest) -> tuple[User, Company]:
    return user_of(request), shown_company(request)


def _provider(name: str) -> Provider:
    if name not in Provider.values:
        raise Http404
    return Provider(name)


def _live(company: Company, connection_id: UUID) -> Connection:
    """One of the company's that was not disconnected. Raises Http404."""
    connection = live_connections([company.pk]).filter(pk=connection_id).first()
    if connection is None:
        raise Http404
    return connection


def _callback_address(request: HttpRequest, provider: Provider) -> str:
    return request.build_absolute_uri(reverse("connections:callback", args=[provider]))


def _page(request: HttpRequest, forms: dict[Provider, Form] | None = None, status: int = 200) -> HttpResponse:
    user, company = _who(request)
    newest = {connection.provider: connection for connection in shown_connections([company.pk])}
    cards = [
        {
            "provider": provider,
            "about": ABOUT[provider],
            "connection": newest.get(provider),
            "live": provider in newest and newest[provider].status != ConnectionStatus.DISCONNECTED,
            "form": (forms or {}).get(provider) or FORMS[provider](),
            "oauth": oauth.is_offered(provider),
            "is_fixture": is_on_this_machine(provider),
        }
        for provider in Provider
    ]
    context: dict[str, Any] = {"cards": cards, "owner": is_owner(user, company), "company": company}
    elsewhere = [oauth.origin(provider) for provider in Provider if oauth.is_offered(provider)]
    # A browser holds a form's redirect to form-action, too.
    response = render(request, "connections/list.html", context, status=status)
    setattr(response, "_csp_update", {"form-action": elsewhere})  # noqa: B010 - as csp.decorators.csp_update does
    return response
