"""Giving a document back: as a download, and never as a page of this site."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header

from documents.models import Document, DocumentContent


def download(document: Document) -> HttpResponse:
    """The bytes of `document`. Raises Http404 where it is just being removed."""
    content = get_object_or_404(DocumentContent, pk=document.pk)
    answer = HttpResponse(content.bytes, content_type="application/octet-stream")
    answer["Content-Disposition"] = content_disposition_header(True, document.name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return answer
