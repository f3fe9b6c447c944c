"""REST: attaching documents to a matter, listing, downloading and removing them."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import File, Form, Router, UploadedFile

from companies.api_auth import Authentication
from companies.problems import not_found, problems
from documents.attaching import attach_sent
from documents.downloads import download
from documents.models import Document
from documents.schemas import DocumentList, DocumentOut, document_as_json
from documents.services import remove_document
from matters.api import calling_person, own_matter

router = Router(auth=Authentication(), tags=["documents"])
DOCUMENTS = "/matters/{id:matter_id}/documents"
DOCUMENT = f"{DOCUMENTS}/{{id:document_id}}"
_BINARY = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


@router.post(
    DOCUMENTS,
    summary="Attach a document",
    response={200: DocumentOut, 201: DocumentOut, **problems(404, 409, 410, 413)},
)
def attach(
    request: HttpRequest, matter_id: UUID, file: File[UploadedFile], question: Form[UUID | None] = None
) -> JsonResponse:
    """201: kept, and searched for the answers that are waited for; 200: it was there; 400: why it can't be read."""
    own_matter(request, matter_id)
    document, is_new = attach_sent(request, matter_id, str(question) if question else None, calling_person(request))
    return JsonResponse(document_as_json(document), status=201 if is_new else 200)


@router.get(DOCUMENTS, summary="List the documents of a matter", response={200: DocumentList, **problems(404, 410)})
def list_documents(request: HttpRequest, matter_id: UUID) -> JsonResponse:
    """`{"items": […], "next": null}`, the oldest first."""
    items = [document_as_json(document) for document in own_matter(request, matter_id).documents.all()]
    return JsonResponse({"items": items, "next": None})


@router.get(DOCUMENT, summary="Look at a document", response={200: DocumentOut, **problems(404, 410)})
def get_document(request: HttpRequest, matter_id: UUID, document_id: UUID) -> JsonResponse:
    """What is known of it; its bytes are at `…/content`."""
    return JsonResponse(document_as_json(_document(request, matter_id, document_id)))


@router.get(
    f"{DOCUMENT}/content",
    summary="Download a document",
    response={200: None, **problems(404, 410)},
    openapi_extra={"responses": {200: {"content": _BINARY}}},
)
def get_content(request: HttpRequest, matter_id: UUID, document_id: UUID) -> HttpResponse:
    """The bytes that were attached, as a download: no browser is to open somebody's file as a page of this site."""
    return download(_document(request, matter_id, document_id))


@router.delete(DOCUMENT, summary="Remove a document", response={204: None, **problems(404, 410)})
def remove(request: HttpRequest, matter_id: UUID, document_id: UUID) -> HttpResponse:
    """Its bytes, its text and what was proposed from it are gone; facts that a person confirmed stay."""
    document = _document(request, matter_id, document_id)
    try:
        remove_document(matter_id, document.pk)
    except Document.DoesNotExist:
        raise not_found() from None
    return HttpResponse(status=204)


def _document(request: HttpRequest, matter_id: UUID, document_id: UUID) -> Document:
    document = own_matter(request, matter_id).documents.filter(pk=document_id).first()
    if document is None:
        raise not_found()
    return document
