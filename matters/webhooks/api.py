"""REST: receivers of a company's webhooks, their secrets, and what was and is to be sent to them."""

from typing import Annotated, Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Body, Query, Router
from pydantic import AfterValidator, Field

from companies.api_auth import Authentication, caller
from companies.encryption import Sealed
from companies.models import Company, WebhookEndpoint, WebhookSecret
from companies.problems import Problem, not_found, problems
from companies.request_body import RequestBody
from companies.webhooks import MOST_ENDPOINTS, new_secret
from matters.api import calling_company, seen_matter
from matters.events import EventType
from matters.models import Delivery, Matter
from matters.paging import page_of
from matters.schemas import DeliveryOut, DeliveryPage, EndpointOut, EndpointPage, EndpointWithSecret, NewSecret
from matters.webhooks.callback import check_names, clean_webhook_url
from matters.webhooks.deliveries import ReceiverDisabled, delivery_as_json, resend

router = Router(auth=Authentication(), tags=["webhooks"])
Cursor = Annotated[str, Query()]
Limit = Annotated[int, Query(ge=1, le=100)]


def _without_doubles(types: list[EventType]) -> list[EventType]:
    return list(dict.fromkeys(types))


class EndpointBody(RequestBody):
    """A receiver. `events`: the types it wants, all of them; null or absent: only the ends."""

    url: Annotated[str, AfterValidator(clean_webhook_url)]
    events: Annotated[list[EventType], Field(min_length=1), AfterValidator(_without_doubles)] | None = None


@router.post("/webhook-endpoints", summary="Add a receiver", response={201: EndpointWithSecret, **problems(409, 413)})
def add_endpoint(request: HttpRequest, body: Body[EndpointBody]) -> JsonResponse:
    """201: with its secret, which is not shown again."""
    company = calling_company(request)
    check_names({"url": body.url})
    secret = new_secret()
    with transaction.atomic():
        Company.objects.select_for_update(no_key=True).get(pk=company.pk)
        if WebhookEndpoint.objects.filter(company=company).count() >= MOST_ENDPOINTS:
            raise Problem(409, f"A company has at most {MOST_ENDPOINTS} endpoints. Remove one first.")
        endpoint = WebhookEndpoint.objects.create(
            company=company, url=body.url, events=body.events, secret=Sealed.of(secret)
        )
    headers = {"Location": request.build_absolute_uri(f"/api/v1/webhook-endpoints/{endpoint.pk}")}
    return JsonResponse(_as_json(endpoint) | {"secret": secret}, status=201, headers=headers)


@router.get("/webhook-endpoints", summary="List the receivers", response={200: EndpointPage, **problems()})
def list_endpoints(request: HttpRequest, cursor: Cursor = "", limit: Limit = 20) -> JsonResponse:
    """`{"items": […], "next": cursor or null}`, newest first."""
    endpoints, following = page_of(_own_endpoints(request), cursor, limit, by="created_at")
    return JsonResponse({"items": [_as_json(endpoint) for endpoint in endpoints], "next": following})


@router.get(
    "/webhook-endpoints/{id:endpoint_id}", summary="Look at a receiver", response={200: EndpointOut, **problems(404)}
)
def get_endpoint(request: HttpRequest, endpoint_id: UUID) -> JsonResponse:
    """Without its secret."""
    return JsonResponse(_as_json(_own_endpoint(request, endpoint_id)))


@router.delete(
    "/webhook-endpoints/{id:endpoint_id}", summary="Remove a receiver", response={204: None, **problems(404)}
)
def remove_endpoint(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """204: it is gone, and so is what was to be sent to it."""
    _own_endpoint(request, endpoint_id).delete()
    return HttpResponse(status=204)


@router.post(
    "/webhook-endpoints/{id:endpoint_id}/rotate-secret",
    summary="Take a new secret for a receiver",
    response={200: EndpointWithSecret, **problems(404)},
)
def rotate_endpoint_secret(request: HttpRequest, endpoint_id: UUID) -> JsonResponse:
    """For 24 hours the secret before signs, too."""
    with transaction.atomic():
        endpoint = _own_endpoints(request).select_for_update().filter(pk=endpoint_id).first()
        if endpoint is None:
            raise not_found()
        secret = endpoint.rotate()
    return JsonResponse(_as_json(endpoint) | {"secret": secret})


@router.post("/webhook-secret/rotate", summary="Take a new default secret", response={200: NewSecret, **problems()})
def rotate_default_secret(request: HttpRequest) -> JsonResponse:
    """It signs what is sent to a matter's `webhook_url`; for 24 hours the one before signs, too."""
    company = calling_company(request)
    with transaction.atomic():
        row, secret = WebhookSecret.show_new(company)
    return JsonResponse({"secret": secret, "previous_secret_until": row.previous_secret_until})


@router.get(
    "/webhook-endpoints/{id:endpoint_id}/deliveries",
    summary="List what was and is to be sent to a receiver",
    response={200: DeliveryPage, **problems(404)},
)
def list_endpoint_deliveries(
    request: HttpRequest, endpoint_id: UUID, cursor: Cursor = "", limit: Limit = 20
) -> JsonResponse:
    """Newest first."""
    return _page(Delivery.objects.filter(endpoint=_own_endpoint(request, endpoint_id)), cursor, limit)


@router.get(
    "/matters/{id:matter_id}/deliveries",
    summary="List what was and is to be sent of a matter",
    response={200: DeliveryPage, **problems(404)},
)
def list_matter_deliveries(
    request: HttpRequest, matter_id: UUID, cursor: Cursor = "", limit: Limit = 20
) -> JsonResponse:
    """To its `webhook_url` (`endpoint` is null) and to the company's endpoints, newest first."""
    return _page(Delivery.objects.filter(event__matter=seen_matter(request, matter_id)), cursor, limit)


@router.post(
    "/deliveries/{id:delivery_id}/resend",
    summary="Send something anew",
    response={202: DeliveryOut, **problems(404, 409)},
)
def resend_delivery(request: HttpRequest, delivery_id: UUID) -> JsonResponse:
    """202: it is sent from its first attempt, with the same `webhook-id`; 409: its endpoint is disabled."""
    mine = Delivery.objects.filter(event__matter__in=Matter.shown.filter(company__in=caller(request).companies))
    if not mine.filter(pk=delivery_id).exists():
        raise not_found()
    try:
        return JsonResponse(delivery_as_json(resend(delivery_id)), status=202)
    except ReceiverDisabled as error:
        raise Problem(409, str(error)) from error


def _own_endpoints(request: HttpRequest) -> QuerySet[WebhookEndpoint]:
    return WebhookEndpoint.objects.filter(company__in=caller(request).companies)


def _own_endpoint(request: HttpRequest, endpoint_id: UUID) -> WebhookEndpoint:
    endpoint = _own_endpoints(request).filter(pk=endpoint_id).first()
    if endpoint is None:
        raise not_found()
    return endpoint


def _page(deliveries: QuerySet[Delivery], cursor: str, limit: int) -> JsonResponse:
    rows, following = page_of(deliveries.select_related("event"), cursor, limit, by="created_at")
    return JsonResponse({"items": [delivery_as_json(row) for row in rows], "next": following})


def _as_json(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": str(endpoint.pk),
        "url": endpoint.url,
        "events": endpoint.events,
        "created_at": endpoint.created_at,
        "previous_secret_until": endpoint.previous_secret_until,
        "disabled_at": endpoint.disabled_at,
        "disabled_reason": endpoint.disabled_reason,
    }
