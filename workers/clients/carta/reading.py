"""From the bodies that Carta sends to records."""

from collections.abc import Mapping
from typing import Any, TypeVar

from workers.clients.carta.records import ListedRecord
from workers.provider_http.paging import Page

Kind = TypeVar("Kind", bound=ListedRecord)


def read_page(kind: type[Kind], resource: str, body: Any) -> Page[Kind]:
    """A page of a list, whose key is the resource's name. Raises ValueError.

    Carta's scalars are wrapped as protobuf's are, whose JSON leaves out a list that is empty. So a body with nothing
    else in it is an empty page, and one that has another list is none.
    """
    if not isinstance(body, Mapping):
        raise ValueError("no list")
    found = body.get(resource, None if body.keys() - {"nextPageToken"} else [])
    if not isinstance(found, list):
        raise ValueError("no list")
    following = body.get("nextPageToken")
    if following is not None and not isinstance(following, str):
        raise ValueError("no page token")
    records = [kind.model_validate(record) for record in found]
    return Page(tuple((record.id, record) for record in records), following or None)
