"""From the bodies that Carta sends to records."""

from collections.abc import Mapping
from typing import Any, TypeVar

from workers.clients.carta.records import ListedRecord
from workers.provider_http.paging import Page

Kind = TypeVar("Kind", bound=ListedRecord)


def read_page(kind: type[Kind], resource: str, body: Any) -> Page[Kind]:
    """A page of a list, whose key is the resource's name. Raises ValueError."""
    if not isinstance(body, Mapping) or not isinstance(found := body.get(resource), list):
        raise ValueError("no list")
    following = body.get("nextPageToken")
    if following is not None and not isinstance(following, str):
        raise ValueError("no page token")
    records = [kind.model_validate(record) for record in found]
    return Page(tuple((record.id, record) for record in records), following or None)
