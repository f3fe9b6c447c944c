"""From the bodies that Carta sends to records."""

from collections.abc import Mapping
from typing import Any, TypeVar

from workers.clients.carta.records import CartaRecord
from workers.provider_http.paging import Page

Kind = TypeVar("Kind", bound=CartaRecord)
WITHOUT_ID = ("", "NO_ID")  # legacy option exercises


def read_page(kind: type[Kind], resource: str, body: Any) -> Page[Kind]:
    """A page of a list, whose key is the resource's name. Raises ValueError."""
    if not isinstance(body, Mapping) or not isinstance(found := body.get(resource, []), list):
        raise ValueError("no list")
    following = body.get("nextPageToken")
    if following is not None and not isinstance(following, str):
        raise ValueError("no page token")
    records = [kind.model_validate(record) for record in found]
    return Page(tuple((_key(record), record) for record in records), following or None)


def _key(record: CartaRecord) -> str | None:
    identifier = getattr(record, "id", "")
    return None if identifier in WITHOUT_ID else str(identifier)


def read_object(kind: type[Kind], resource: str, body: Any) -> Kind:
    """One object, bare or below the resource's name: Carta's documentation leaves that open. Raises ValueError."""
    if isinstance(body, Mapping) and isinstance(inner := body.get(resource), Mapping):
        body = inner
    return kind.model_validate(body)
